"""What a draft of a source still lacks, read from its files: no service that is switched off stops a gateway."""

import re
from collections.abc import AsyncIterator

from gateway import registry
from gateway.composition.composition import Composition, with_line
from gateway.domain.errors import ConfigError
from gateway.ports.clock import Clock

#: a comment of a mapping that names what a person has to decide
_MARK = re.compile(r"# !")
_MOST_LINES = 20


async def undecided(parts: Composition, clock: Clock) -> AsyncIterator[str]:
    """Notes for who connects a source: marks in mappings, and why a service that is not enabled could not be tried.

    Each such service is opened as a trial opens it, and asks nobody: paths against the WSDL, numbers in an address,
    pages, sign-in and its secret.
    """
    tools = registry.source_tools(parts.root, clock)
    for name, settings in parts.configuration.sources.items():
        file = f"mappings/sources/{name}.yaml"
        text = (parts.root / file).read_text("utf-8")
        lines = [str(number) for number, line in enumerate(text.split("\n"), 1) if _MARK.search(line)]
        if lines:
            shown = ", ".join(lines[:_MOST_LINES]) + (", …" if len(lines) > _MOST_LINES else "")
            yield f"source {name}: still to be decided, marked by '# !': {file}, lines {shown}"
        for operation, service in settings.services.items():
            if service.enabled:
                continue
            try:
                tried = settings.alone(operation)
                await registry.open_source(tried, parts.catalogue.services[name], tools).close()
            except ConfigError as error:
                for problem in error.problems:
                    one = with_line(problem, parts)
                    where = f"{one.file}:{one.line}" if one.line else one.file
                    yield f"source {name}: '{operation}' cannot be tried yet: {where}: {one.what}; {one.remedy}"
