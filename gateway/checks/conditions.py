"""Checks the conditions of agreements: hours, agencies, relations, patterns of dossiers."""

from collections.abc import Iterator

from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.config.strict_yaml import Document
from gateway.domain.errors import Problem
from gateway.domain.faults import near
from gateway.policy.conditions import ALL


def condition_faults(
    configuration: Configuration, agreement: Agreement, document: Document
) -> Iterator[Problem]:
    """Conditions that no request can meet, and unknown names."""
    for agency in agreement.agencies:
        if agency != ALL and agency not in configuration.agencies:
            what, file = f"there is no agency '{agency}'", f"{configuration.root.name}/agencies.yaml"
            remedy = near(agency, configuration.agencies, "add it to agencies.yaml")
            yield document.problem(("agencies",), what, remedy, file)
    for word, held in (("agencies", agreement.agencies), ("relations", agreement.relations),
                       ("weekdays", agreement.weekdays)):  # fmt: skip
        if not held:
            what = f"'{word}' is empty: the agreement never holds"
            yield document.problem((word,), what, "name at least one, or leave the word out")
    if agreement.mandate == "proven" and not agreement.represents:
        what = "'mandate: proven' without 'represents': no representation is permitted"
        yield document.problem(("mandate",), what, "write 'represents', or leave out 'mandate'")
    opens, _, closes = (agreement.hours or "").partition("-")
    if agreement.hours is not None and opens >= closes:
        what = f"'hours' end at {closes}, which is not after {opens}"
        yield document.problem(("hours",), what, "write it as '07:00-18:00'")
    patterns = agreement.dossier.patterns
    if not patterns or not all(pattern.strip() for pattern in patterns):
        what = "'patterns' has nothing that a code could look like"
        yield document.problem(("dossier", "patterns"), what, 'write for example ["H31.*"]')


def purpose_bounds(configuration: Configuration, procedures: dict[str, str]) -> Iterator[Problem]:
    """Purposes bound to unknown procedures. `procedures`: code -> its own purpose."""
    document = configuration.documents["purposes.yaml"]
    for name, purpose in configuration.purposes.items():
        for code in purpose.procedures:
            if code != ALL and code not in procedures:
                what, file = f"there is no procedure '{code}'", f"mappings/procedures/{code}.yaml"
                at = ("purposes", name, "procedures")
                yield document.problem(at, what, f"remove it, or add {file}", file)
