"""Words about consents and holidays that mean nothing, and own words taken for official evidence: told once each."""

from pathlib import Path

import pytest

from tests.config.telling import Fault, all_told, together
from tests.config.test_broken_files import root

__all__ = ["root"]

CONSENTS = "config/consents.yaml"
HOLIDAYS = "config/holidays.yaml"
OWN = (
    'scopes:\n  - {scope: own, service: own_data.kept, attributes: [phone], document: X-1, published_on: "2026-01-15",'
    " mark: sandbox}\n"
)
PAPER = "has: [applicant:person.personal_id, applicant:person.full_name]"

FAULTS: dict[str, Fault] = {
    "kept by nobody": (CONSENTS, '  phone: "730"', '  telephone: "730"', "telephone:", "no data service would give it"),
    "kept for no time": (CONSENTS, '  phone: "730"', '  phone: "0"', "phone:", "above 0"),
    "key of before": (
        CONSENTS, "longest_days:", "document_key: {file: key}\nlongest_days:", "document_key:",
        "is now 'documents.signing_key' of gateway.yaml",
    ),
    "former key of before": (
        CONSENTS, "longest_days:", "former_document_key: {file: key}\nlongest_days:", "former_document_key:",
        "is now 'documents.former_keys' of gateway.yaml",
    ),
    "consent for no time": (CONSENTS, 'longest_days: "1825"', 'longest_days: "0"', "longest_days:", "above 0"),
    "purpose of nobody": (
        "config/purposes.yaml", "  keep_own_data:", "  keep_their_data:", "purposes:", "'keep_own_data' is missing",
    ),
    "language of no tag": (CONSENTS, "languages: [vi, en]", "languages: [Tiếng Việt]", "languages:", "is no language"),
    "language and a line": (CONSENTS, "languages: [vi, en]", 'languages: ["vi\\n"]', "languages:", "is no language"),
    "demand of nobody": (CONSENTS, "    objection:", "    objektion:", "objektion:", "objection"),
    "no such day": (HOLIDAYS, '"2026-01-01"', '"2026-02-30"', "2026-02-30", "is no date"),
    "holiday of no source": (HOLIDAYS, "mark: memory", "mark: hearsay", "hearsay", "'memory'"),
    "scope of own words": ("config/published_scopes.yaml", "scopes:\n", OWN, "own_data.kept", "replaces no paper"),
    "paper of own words": (
        "mappings/procedures/1.004222.yaml", PAPER, "has: [applicant:own_data.phone]", "own_data.phone], about",
        "no paper",
    ),
}  # fmt: skip
RUNS = together(FAULTS)


@pytest.mark.parametrize("names", RUNS)
def test_word_about_consents_that_means_nothing_is_told_once_at_its_line(root: Path, names: str) -> None:
    all_told(root, RUNS[names])
