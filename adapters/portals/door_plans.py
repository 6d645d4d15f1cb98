"""The messages that a door reads: a mapping without one of them is a fault of the configuration."""

from gateway.config.portals import PortalSettings
from gateway.domain.errors import ConfigError, Problem
from gateway.mapping.messages import PortalPlans


def check_messages(settings: PortalSettings, plans: PortalPlans, *names: str) -> None:
    """Raises ConfigError with the messages that the mapping lacks."""
    missing = [name for name in names if name not in plans.messages]
    if missing:
        what = f"mappings/portals/{settings.mapping}.yaml has no message '{missing[0]}'"
        remedy = f"add it; the door reads {', '.join(names)}"
        file = f"config/portals/{settings.portal}.yaml"
        raise ConfigError([Problem(file, 0, what, remedy, place=("mapping",))])
