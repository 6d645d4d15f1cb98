"""What differs between the simulated identity providers: addresses, names of claims, encryption of answers."""

from collections.abc import Callable
from dataclasses import dataclass

from adapters.sandbox.accounts import AccountHolder, LoginSystem, ProviderName
from adapters.sandbox.identity_lies import Lie
from adapters.sandbox.identity_tokens import Claims
from adapters.sandbox.people import Register
from gateway.config.gateway import Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What differs between providers. Paths are below `/identity/<name>`."""

    name: ProviderName
    title: Label
    issuer: str
    authorize: str
    page: str
    choose: str
    token: str
    userinfo: str
    jwks: str
    introspect: str
    revoke: str
    logout: str
    #: claims of the userinfo endpoint, without `sub`
    claims: Callable[[AccountHolder, Register], Claims]
    #: claims of the number and of the level
    number: str
    levels: tuple[str, ...]
    #: how an answer is encrypted for a system; None: it is not. Raises ValueError without a key
    seal: Callable[[bytes, LoginSystem, Lie | None], bytes] | None = None

    @property
    def prefix(self) -> str:
        """The path of everything."""
        return f"/identity/{self.name}"

    @property
    def cookie(self) -> str:
        """Ports share cookies, so that each provider has a name of its own."""
        return f"sandbox-{self.name}-sso"
