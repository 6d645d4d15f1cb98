"""Opens the portals that are called. Part of the composition root."""

from gateway import registry
from gateway.composition.composition import Composition, with_line
from gateway.domain.errors import ConfigError
from gateway.domain.faults import Faults
from gateway.ports.relay import Portal


def open_portals(parts: Composition, tools: object) -> dict[str, Portal]:
    """Every portal that something can be queued for, or that is asked; ConfigError has the faults of all of them."""
    opened: dict[str, Portal] = {}
    faults = Faults()
    for name, settings in parts.configuration.portals.items():
        plans = parts.catalogue.portals.get(settings.mapping)
        if not settings.url or (settings.mapping and plans is None):  # `check-config` reports the mapping
            continue
        try:
            opened[name] = registry.open_portal(settings, plans, tools)
        except ConfigError as error:
            faults.add(with_line(problem, parts) for problem in error.problems)
    faults.finish()
    return opened
