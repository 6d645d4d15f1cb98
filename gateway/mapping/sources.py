"""Reads `mappings/sources`: every data service without a fault; faults of the others go to `faults`."""

from pathlib import Path

from gateway.config.strict_yaml import read
from gateway.domain.faults import Faults
from gateway.mapping.codes import Codes
from gateway.mapping.fits import Evidence
from gateway.mapping.identifiers import IdentifierKinds
from gateway.mapping.model import ServiceMapping, SourceMapping
from gateway.mapping.source import ServicePlan
from gateway.mapping.source_faults import source_faults


def survey_sources(
    folder: Path, codes: Codes, evidence: Evidence, identifiers: IdentifierKinds, faults: Faults
) -> dict[str, dict[str, ServicePlan]]:
    """Source -> operation -> plan. A service with a fault counts as unread (`<file>#<operation>`)."""
    plans: dict[str, dict[str, ServicePlan]] = {}
    for path in sorted(folder.glob("*.yaml")):
        file = f"mappings/sources/{path.name}"
        with faults.noted(file):
            document = read(path, folder.parent.parent)
            mapping = document.read_as(SourceMapping)
            if mapping.source != path.stem:
                what = f"'source' is '{mapping.source}' but the file is called '{path.stem}'"
                faults.add([document.problem(("source",), what, f"write 'source: {path.stem}'")])
            found_faults = list(source_faults(mapping, codes, evidence, identifiers))
            faults.add(document.problem(*fault) for fault in found_faults)
            broken = {loc[1] for loc, *_ in found_faults}
            faults.unread.update(f"{file}#{operation}" for operation in broken)
            plans[path.stem] = {
                operation: ServicePlan(
                    path.stem,
                    operation,
                    _marked(service, mapping),
                    codes,
                    mapping.profiles,
                    evidence[service.evidence],
                    mapping.time_zone,
                )
                for operation, service in mapping.services.items()
                if operation not in broken
            }
    return plans


def _marked(service: ServiceMapping, source: SourceMapping) -> ServiceMapping:
    """The service with its own mark, or its source's."""
    if "mark" in service.model_fields_set:
        return service
    return service.model_copy(update={"mark": source.mark})
