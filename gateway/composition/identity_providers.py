"""Opens the providers where people sign in. Part of the composition root."""

from gateway import registry
from gateway.composition.composition import Composition, with_line
from gateway.domain.errors import ConfigError
from gateway.domain.faults import Faults
from gateway.ports.clock import Clock
from gateway.ports.identity import IdentityProvider


def open_identity_providers(parts: Composition, clock: Clock) -> dict[str, IdentityProvider]:
    """Every provider that is enabled, by name; nothing is called yet. ConfigError has the faults of all of them."""
    opened: dict[str, IdentityProvider] = {}
    faults, tools = Faults(), registry.source_tools(parts.root, clock)
    for name, settings in parts.configuration.identity_providers.items():
        plan = parts.catalogue.logins.get(settings.mapping)
        if not settings.enabled or plan is None:  # `check-config` reports the mapping
            continue
        try:
            opened[name] = registry.open_identity_provider(settings, plan, tools)
        except ConfigError as error:
            faults.add(with_line(problem, parts) for problem in error.problems)
    faults.finish()
    return opened
