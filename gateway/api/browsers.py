"""Browsers at the door: their cookies, and whether a form comes from a page of this gateway.

Cookies: `__Host-`, Secure, HttpOnly, SameSite=Lax (RFC 6265bis); plain names where this gateway's own address is plain
http, which production refuses.
"""

from urllib.parse import urlsplit

from gateway.api.request import Request
from gateway.login.steps import BrowserOutcome, Visitor

BROWSER_COOKIE, SESSION_COOKIE, STAFF_COOKIE = "motlan-login", "motlan-session", "motlan-staff"


def visitor_of(request: Request) -> Visitor:
    """Who asks, as far as cookies tell."""
    cookies = request.cookies
    return Visitor(
        exchange=request.exchange, issuer=request.issuer,
        browser=cookies.get(cookie_name(request, BROWSER_COOKIE), ""),
        session=cookies.get(cookie_name(request, SESSION_COOKIE), ""),
        staff=cookies.get(cookie_name(request, STAFF_COOKIE), ""),
    )  # fmt: skip


def outcome_cookies(request: Request, outcome: BrowserOutcome) -> tuple[tuple[str, str], ...]:
    """Headers Set-Cookie of the next step of a browser."""
    given = (
        (BROWSER_COOKIE, outcome.browser),
        (SESSION_COOKIE, outcome.session),
        (STAFF_COOKIE, outcome.staff),
    )
    return tuple(("Set-Cookie", cookie(request, name, value)) for name, value in given if value is not None)


def cookie(request: Request, name: str, value: str) -> str:
    """A header Set-Cookie; a blank value takes the cookie away."""
    secure = "; Secure" if request.issuer.startswith("https:") else ""
    over = "" if value else "; Max-Age=0"
    return f"{cookie_name(request, name)}={value}; Path=/{secure}; HttpOnly; SameSite=Lax{over}"


def cookie_name(request: Request, name: str) -> str:
    """As the browser knows it."""
    return f"__Host-{name}" if request.issuer.startswith("https:") else name


def is_cross_site(request: Request) -> bool:
    """Whether a browser says that another site's page sent the request (Origin, Fetch Metadata)."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site", "same-origin")
    return (origin is not None and origin != origin_of(request.issuer)) or site not in {"same-origin", "none"}


def is_of_own_page(request: Request) -> bool:
    """Whether a browser says that a page of this gateway sent the form; one that says nothing does not."""
    origin, site = request.headers.get("Origin"), request.headers.get("Sec-Fetch-Site")
    is_said = origin is not None or site is not None
    return request.method == "POST" and is_said and site != "none" and not is_cross_site(request)


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def takes_html(request: Request) -> bool:
    """Whether a browser asks: programs do not name HTML."""
    return "text/html" in request.headers.get("Accept", "")
