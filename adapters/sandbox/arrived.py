"""The newest messages of a gateway as they arrived at the receivers: operation, headers without secrets, body.

Promises: bounded in number and size. The bodies name people: all of them are invented here.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any, NamedTuple

#: messages kept, the newest ones, and bytes of each body
_MOST, _MOST_BYTES = 200, 100_000
_SECRETS = frozenset({"authorization", "proxy-authorization", "cookie", "x-portal-secret"})


class ArrivedMessage(NamedTuple):
    """One message; `body` is as it came, or the beginning of a long one."""

    #: yyyyMMddHHmmss, in Vietnam
    at: str
    receiver: str
    operation: str
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    size: int

    def names(self, code: str) -> bool:
        """Whether it names a dossier."""
        return f'"{code}"'.encode() in self.body or code in self.query.values()

    def row(self) -> dict[str, Any]:
        """The message as the control door shows it."""
        shown = {**self._asdict(), "body": self.body.decode(errors="replace")}
        return {**shown, "query": dict(self.query), "headers": dict(self.headers)}


class ArrivedMessages:
    """The newest messages of all receivers."""

    def __init__(self) -> None:
        """None yet."""
        self._kept: deque[ArrivedMessage] = deque(maxlen=_MOST)

    def add(self, message: ArrivedMessage) -> None:
        """Keep one; the oldest one goes when there are too many."""
        shown = {name: one for name, one in message.headers.items() if name not in _SECRETS}
        self._kept.append(
            message._replace(headers=shown, body=message.body[:_MOST_BYTES], size=len(message.body))
        )

    def rows(self, code: str, receiver: str, operation: str, count: int) -> list[dict[str, Any]]:
        """The newest ones, newest first; blank: any."""
        found = [
            one
            for one in reversed(self._kept)
            if (not code or one.names(code))
            and receiver in ("", one.receiver)
            and operation in ("", one.operation)
        ]
        return [one.row() for one in found[:count]]

    def forget(self) -> None:
        """As at the start."""
        self._kept.clear()
