"""Sources that read the answers of examples, and ask nobody: without their sign-in, drafts too."""

from collections.abc import Mapping

from gateway import registry
from gateway.composition.composition import Composition
from gateway.domain.errors import ConfigError
from gateway.ports.clock import Clock
from gateway.ports.sources import Source


def answer_readers(
    parts: Composition, clock: Clock
) -> tuple[Mapping[str, Source], Mapping[str, ConfigError]]:
    """Data service (`<source>.<operation>`) -> its source, to be closed; or why it cannot be opened (a draft).

    An example is what stands in an answer whose signature was checked: no secret, certificate or key is needed.
    """
    tools, readers, refused = registry.source_tools(parts.root, clock), {}, {}
    for name, settings in parts.configuration.sources.items():
        plans = parts.catalogue.services.get(name, {})
        for operation in settings.services.keys() & plans.keys():
            name_of = f"{name}.{operation}"
            try:
                readers[name_of] = registry.open_source(settings.alone(operation).unsigned(), plans, tools)
            except ConfigError as error:
                refused[name_of] = error
    return readers, refused
