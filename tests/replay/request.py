"""A recorded request: what is sent, how the simulated authorities misbehave meanwhile, and what is waited for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: the decoded answers of the same side so far, by the names of their requests
Earlier = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; its name says what it is about and is given once."""

    name: str
    #: the settings of the gateway that answers (`houses.py`)
    house: str = "plain"
    method: str = "POST"
    path: str | Callable[[Earlier], str] = "/v1/prefill"
    #: JSON, or what makes it from earlier answers; bytes are sent as they are
    body: Any = None
    #: whose token is sent; empty: none
    client: str = "portal"
    headers: Mapping[str, str] = field(default_factory=dict)
    #: all bytes of the connection, instead of all of the above
    whole: bytes | None = None
    #: orders for the sandbox's control door, in force for this request only
    misbehaving: tuple[Mapping[str, Any], ...] = ()
    #: so many of them at once
    copies: int = 1
    #: another request that is sent while this one waits, half a second after it; its answer is not compared
    meanwhile: "Request | None" = None
    #: the client goes away after so many seconds
    hangs_up: float = 0.0
    #: asked again while the answer has one of these statuses, ten seconds at most
    again_while: tuple[int, ...] = ()
    #: seconds of rest afterwards
    rest: float = 0.0
