"""Where officials sign in: an OpenID provider without a dialect, with their roles in the claim `roles` (sandbox)."""

from adapters.sandbox.accounts import AccountHolder
from adapters.sandbox.identity_dialect import Dialect
from adapters.sandbox.identity_tokens import Claims
from adapters.sandbox.people import Register
from gateway.config.gateway import Label


def dialect() -> Dialect:
    """The dialect."""
    return Dialect(
        name="staff",
        title=Label(vi="Đăng nhập cán bộ", en="Staff sign-in"),
        issuer="",
        authorize="/authorize",
        page="/login",
        choose="/login",
        token="/token",
        userinfo="/userinfo",
        jwks="/jwks",
        introspect="/introspect",
        revoke="/revoke",
        logout="/logout",
        claims=claims,
        number="preferred_username",
        levels=(),
    )


def claims(holder: AccountHolder, _register: Register) -> Claims:
    """Claims of an account."""
    account = holder.account
    return {"preferred_username": account.key, "name": account.full_name, "roles": [*account.roles]}
