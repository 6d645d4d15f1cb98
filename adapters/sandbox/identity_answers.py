"""Answers of the token and userinfo endpoints of a simulated identity provider with a lie in them."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson
from aiohttp import web

from adapters.sandbox.identity_dialect import Dialect
from adapters.sandbox.identity_lies import Lie
from adapters.sandbox.identity_tokens import Claims, without

_HUGE = 8_000_000
_HTML = "<!doctype html><title>Đăng nhập</title><form><input name=username></form>"
_WIDE_DIGITS = {ord("0") + digit: 0xFF10 + digit for digit in range(10)}


def with_other_tokens(lie: Lie | None, words: dict[str, Any], other: str) -> dict[str, Any]:
    """The token answer with a lie about which token is what. `other`: a token that was signed for another use."""
    match lie:
        case Lie.MISSING_ID_TOKEN:
            return without("id_token")(words)
        case Lie.MISSING_ACCESS_TOKEN:
            return without("access_token")(words)
        case Lie.TOKEN_TYPE:
            return words | {"token_type": "mac"}
        case Lie.ID_TOKEN_AS_ACCESS_TOKEN:
            return words | {"access_token": words["id_token"]}
        case Lie.ACCESS_TOKEN_AS_ID_TOKEN | Lie.LOGOUT_TOKEN_AS_ID_TOKEN:
            return words | {"id_token": other}
        case _:
            return words


def about_another(lie: Lie, claims: Claims, dialect: Dialect) -> Claims | bytes:
    """The claims of userinfo with the lie in them; as they are for a lie at another place."""
    make = _CLAIMS.get(lie)
    return claims if make is None else make(claims, dialect)


def _unknown_level(claims: Claims, dialect: Dialect) -> Claims:
    return claims | {name: "LoA9" if name == "loAs" else 9 for name in dialect.levels if name in claims}


def _duplicate_number(claims: Claims, dialect: Dialect) -> bytes:
    return orjson.dumps(claims)[:-1] + f',"{dialect.number}":"033000000000"}}'.encode()


_CLAIMS: Mapping[Lie, Callable[[Claims, Dialect], Claims | bytes]] = {
    Lie.OTHER_SUB: lambda claims, _: claims | {"sub": "somebody-else"},
    Lie.NO_SUB: lambda claims, _: without("sub")(claims),
    Lie.NO_LEVEL: lambda claims, d: {name: value for name, value in claims.items() if name not in d.levels},
    Lie.UNKNOWN_LEVEL: _unknown_level,
    Lie.NUMBER_FORMAT: lambda claims, d: (
        claims | {d.number: str(claims.get(d.number, "")).translate(_WIDE_DIGITS)}
    ),
    Lie.DUPLICATE_NUMBER: _duplicate_number,
}


def swollen(body: bytes) -> bytes:
    """A JSON object with a very long member more."""
    return body[:-1] + b',"padding":"' + b"x" * _HUGE + b'"}'


def _html(_origin: str) -> web.Response:
    return web.Response(text=_HTML, content_type="text/html")


#: what is answered instead; `origin`: address of the sandbox
INSTEAD: Mapping[Lie | None, Callable[[str], web.Response]] = {
    Lie.TOKEN_500: lambda _: web.Response(status=500),
    Lie.TOKEN_HTML: _html,
    Lie.TOKEN_EMPTY: lambda _: web.Response(),
    Lie.TOKEN_REDIRECT: lambda origin: web.Response(
        status=302, headers={"Location": f"{origin}/__sandbox/elsewhere"}
    ),
    Lie.USERINFO_401: lambda _: web.Response(status=401),
    Lie.USERINFO_500: lambda _: web.Response(status=500),
    Lie.USERINFO_HTML: _html,
}
