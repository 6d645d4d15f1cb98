"""Systems that log people in by this gateway: requesters with a `login` section, by client id and by requester id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.config.access import RequesterSettings
from gateway.config.gateway import Label
from gateway.config.identity import LoginClientSettings

#: claims about a person that there are; `login.claims` names some of them
CLAIMS = ("name", "birthdate", "personal_id", "tax_code", "organization")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginClient:
    """One of them."""

    #: id of the requester
    requester: str
    client_id: str
    agency: str
    title: Label
    settings: LoginClientSettings

    @property
    def claims(self) -> tuple[str, ...]:
        """What it may have of a person."""
        return tuple(one for one in CLAIMS if one in self.settings.claims)

    @property
    def sector(self) -> str:
        """Clients of one sector have the same pairwise subjects."""
        return f"sector:{self.settings.sector}" if self.settings.sector else f"requester:{self.requester}"


class LoginClients:
    """Those of one configuration."""

    def __init__(self, requesters: Mapping[str, RequesterSettings]) -> None:
        """`requesters`: all of them."""
        found = [
            LoginClient(
                requester=one.requester, client_id=one.client_id, agency=one.agency, title=one.title,
                settings=one.login,
            )
            for one in requesters.values()
            if one.login is not None
        ]  # fmt: skip
        self._by_client = {one.client_id: one for one in found}
        self._by_requester = {one.requester: one for one in found}

    def client(self, client_id: str) -> LoginClient | None:
        """The one with this client id."""
        return self._by_client.get(client_id)

    def named(self, requester: str) -> LoginClient | None:
        """The one with this requester id."""
        return self._by_requester.get(requester)

    def __iter__(self) -> Iterator[LoginClient]:
        """All of them."""
        return iter(self._by_client.values())
