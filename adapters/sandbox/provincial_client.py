"""An ordinary OpenID client (OpenID Connect Core 1.0; RFC 7636, 9126, 9207) of the gateway's public addresses.

Promises: written apart from the gateway's own code, so that each is tried against the other; a token that is not wholly
right signs nobody in. It knows the gateway's address, its own client id and secret, and nothing else.
"""

import hashlib
import hmac
import secrets
import time
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp
import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

JsonWords = dict[str, Any]
_SECONDS = 20
_SKEW = 60
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_SCOPE = "openid name birthdate personal_id tax_code organization"


class NotSignedIn(Exception):
    """A login that failed: a code for the page, the HTTP status of the page, and what the person came for."""

    def __init__(self, code: str, status: int = 400, procedure: str = "") -> None:
        """`code`: what was wrong; `procedure`: where the next login goes."""
        super().__init__(code)
        self.code, self.status, self.procedure = code, status, procedure


@dataclass(frozen=True, slots=True, kw_only=True)
class BegunLogin:
    """What a login is bound to, kept until the browser comes back."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    #: what the person wanted
    procedure: str
    agency: str
    made_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInPerson:
    """What the gateway said of a person who signed in."""

    subject: str
    #: `sid` at the gateway
    sid: str
    level: str
    claims: JsonWords = field(repr=False)
    #: stands for the person at `/v1/prefill`
    login: str = field(repr=False)
    id_token: str = field(repr=False)

    @property
    def mandate(self) -> JsonWords:
        """For whom the person acts; empty: for themselves."""
        found = self.claims.get("mandate")
        return found if isinstance(found, dict) else {}

    def can_open(self, *, of_organisations: bool) -> bool:
        """Whether the one whom the form is about, who signed in or is represented, has a number that fills it.

        `of_organisations`: the form takes organisations too, by their tax code.
        """
        about = self.mandate["subject"] if self.mandate else self.claims
        return bool(about.get("personal_id") or (of_organisations and about.get("tax_code")))


class ProvincialClient:
    """The client; one HTTP session while the sandbox runs."""

    def __init__(self, gateway: str, client_id: str, client_secret: str) -> None:
        """Nothing is called yet."""
        self.gateway = gateway
        self.client_id = client_id
        self._secret = client_secret
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Free connections."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    async def metadata(self) -> JsonWords:
        """The discovery document, of this issuer. Raises NotSignedIn."""
        found = await self._answer("GET", f"{self.gateway}/.well-known/openid-configuration")
        if found.get("issuer") != self.gateway:
            raise NotSignedIn("wrong_issuer", 502)
        return found

    async def begun(self, login: BegunLogin, state: str, redirect_uri: str, more: Mapping[str, str]) -> str:
        """Push the request; the address for the browser. Raises NotSignedIn."""
        where = await self.metadata()
        form = {
            "response_type": "code", "client_id": self.client_id, "redirect_uri": redirect_uri, "scope": _SCOPE,
            "state": state, "nonce": login.nonce, "code_challenge": _challenge(login.verifier),
            "code_challenge_method": "S256", **more,
        }  # fmt: skip
        pushed = await self._posted(where["pushed_authorization_request_endpoint"], form)
        words = {"client_id": self.client_id, "request_uri": pushed["request_uri"]}
        return f"{where['authorization_endpoint']}?{urlencode(words)}"

    async def finished(self, login: BegunLogin, code: str, redirect_uri: str) -> SignedInPerson:
        """The person of a code. Raises NotSignedIn."""
        where = await self.metadata()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri,
            "code_verifier": login.verifier,
        }  # fmt: skip
        tokens = await self._posted(where["token_endpoint"], form)
        claims = await self._verified(str(tokens.get("id_token")), where)
        now = time.time()
        if not (
            claims.get("aud") == self.client_id
            and hmac.compare_digest(str(claims.get("nonce")), login.nonce)
            and claims["exp"] > now - _SKEW
            and claims["iat"] < now + _SKEW
            and claims.get("at_hash", _half(tokens["access_token"])) == _half(tokens["access_token"])
        ):
            raise NotSignedIn("id_token")
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        about = await self._answer("GET", where["userinfo_endpoint"], headers=headers)
        if about.get("sub") != claims["sub"]:
            raise NotSignedIn("userinfo_sub")
        return SignedInPerson(
            subject=claims["sub"], sid=str(claims.get("sid", "")), level=str(claims.get("acr", "")), claims=about,
            login=str(tokens.get("login", "")), id_token=tokens["id_token"],
        )  # fmt: skip

    async def logged_out(self, token: str) -> tuple[str, str]:
        """`sub` and `sid` of a logout token (Back-Channel Logout 1.0, 2.6). Raises NotSignedIn."""
        claims = await self._verified(token, await self.metadata(), typ="logout+jwt")
        events = claims.get("events")
        if claims.get("aud") != self.client_id or "nonce" in claims or not isinstance(events, dict):
            raise NotSignedIn("logout_token")
        if _LOGOUT_EVENT not in events or abs(claims["iat"] - time.time()) > 5 * _SKEW:
            raise NotSignedIn("logout_token")
        return str(claims.get("sub", "")), str(claims.get("sid", ""))

    async def logout_address(self, id_token: str, return_to: str, state: str) -> str:
        """Where the browser signs out of the gateway too; blank: it has no such page. Raises NotSignedIn."""
        where = (await self.metadata()).get("end_session_endpoint")
        words = {"id_token_hint": id_token, "post_logout_redirect_uri": return_to, "state": state}
        return f"{where}?{urlencode(words)}" if where else ""

    async def procedures(self) -> list[JsonWords]:
        """The gateway's procedures. Raises NotSignedIn."""
        found = await self._answer("GET", f"{self.gateway}/v1/procedures")
        return list(found["procedures"])

    async def form(self, procedure: str) -> JsonWords:
        """The schema of a procedure's form. Raises NotSignedIn."""
        return await self._answer("GET", f"{self.gateway}/v1/procedures/{quote_plus(procedure)}/form")

    async def sources(self) -> dict[str, str]:
        """Titles of the databases that the gateway asks. Raises NotSignedIn."""
        headers = {"Authorization": f"Bearer {await self._own_token()}", "Accept-Language": "vi"}
        found = await self._answer("GET", f"{self.gateway}/v1/sources", headers=headers)
        return {one["source"]: one["title"] for one in found["sources"]}

    async def prefilled(self, procedure: str, people: JsonWords, login: str) -> tuple[int, JsonWords]:
        """The answer of `POST /v1/prefill`, also where it is a problem. Raises NotSignedIn.

        `people`: `subjects`, and who represents whom.
        """
        headers = {
            "Authorization": f"Bearer {await self._own_token()}",
            "Content-Type": "application/json",
            "Accept-Language": "vi",
        }
        body = orjson.dumps({"procedure": procedure, "login": login, **people})
        return await self._called("POST", f"{self.gateway}/v1/prefill", headers=headers, data=body)

    async def _own_token(self) -> str:
        """The system's own access token; asked for anew each time, which is enough for a sample."""
        where = await self.metadata()
        form = {"grant_type": "client_credentials", "scope": "prefill"}
        return str((await self._posted(where["token_endpoint"], form))["access_token"])

    async def _verified(self, token: str, where: JsonWords, typ: str = "JWT") -> JsonWords:
        """Claims of a token that the gateway signed by RS256 for its issuer. Raises NotSignedIn."""
        try:
            head, payload, signature = token.split(".")
            header = orjson.loads(_decoded(head))
            keys = (await self._answer("GET", where["jwks_uri"]))["keys"]
            key = next(one for one in keys if one.get("kid") == header["kid"] and one["kty"] == "RSA")
            n, e = (int.from_bytes(_decoded(key[name])) for name in "ne")
            signed = f"{head}.{payload}".encode()
            RSAPublicNumbers(e, n).public_key().verify(_decoded(signature), signed, PKCS1v15(), SHA256())
            claims: JsonWords = orjson.loads(_decoded(payload))
        except (ValueError, KeyError, TypeError, StopIteration, InvalidSignature):
            raise NotSignedIn("signature") from None
        if header.get("alg") != "RS256" or header.get("typ", "JWT") != typ or "crit" in header:
            raise NotSignedIn("header")
        if claims.get("iss") != self.gateway:
            raise NotSignedIn("issuer")
        return claims

    async def _posted(self, url: str, form: Mapping[str, str]) -> JsonWords:
        """A form, with the client's secret."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self._secret)}".encode()
        headers = {"Authorization": f"Basic {b64encode(pair).decode()}"}
        return await self._answer("POST", url, headers=headers, data=dict(form))

    async def _answer(self, method: str, url: str, **more: Any) -> JsonWords:  # noqa: ANN401 -- words of aiohttp
        status, words = await self._called(method, url, **more)
        if status not in {200, 201}:
            code = words.get("error") or words.get("code") or "gateway_refused"
            raise NotSignedIn(str(code), 502 if status >= 500 else 400)
        return words

    async def _called(self, method: str, url: str, **more: Any) -> tuple[int, JsonWords]:  # noqa: ANN401 -- words of aiohttp
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS))
        try:
            async with self._http.request(method, url, allow_redirects=False, **more) as answer:
                words = orjson.loads(await answer.read())
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise NotSignedIn("gateway_unreachable", 502) from None
        if not isinstance(words, dict):
            raise NotSignedIn("gateway_answer", 502)
        return answer.status, words


def begin(procedure: str, agency: str) -> tuple[str, BegunLogin]:
    """A new login, and its `state`."""
    login = BegunLogin(
        nonce=secrets.token_urlsafe(32), verifier=secrets.token_urlsafe(48), procedure=procedure,
        agency=agency, made_at=time.time(),
    )  # fmt: skip
    return secrets.token_urlsafe(32), login


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def _half(token: str) -> str:
    return urlsafe_b64encode(hashlib.sha256(token.encode()).digest()[:16]).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
