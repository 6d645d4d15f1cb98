"""A wire-compatible door of one configuration, as the composition opens it."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.config.portals import PortalDoor
from gateway.ports.relay import Desk, Door, DoorVisitor


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedDoor:
    """A door of one configuration."""

    portal: str
    settings: PortalDoor
    door: Door
    #: who does for a caller what it asks
    desk: Callable[[DoorVisitor], Desk]
