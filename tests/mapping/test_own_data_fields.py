"""Which fields own data fill: what the README says of them is so, and what nobody can be filled with is not agreed."""

import re
from pathlib import Path

from gateway.config.configuration import load
from gateway.mapping.load import load_catalogue
from gateway.mapping.procedure import DECLARED

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
#: kept papers: the search for papers offers them, no form has a field for them
PAPERS = "papers"
ROW = re.compile(r"^\| ((?:`[a-z_]+`(?:, )?)+) \| (.+) \|$")


def filled() -> dict[str, set[str]]:
    """Attribute -> procedures with a field for it."""
    found: dict[str, set[str]] = {
        plan: set() for one in CATALOGUE.offers[DECLARED] for plan in one.attributes if plan != PAPERS
    }
    for code, procedure in CATALOGUE.procedures.items():
        for field in procedure.fields:
            for ref in field.refs:
                if ref.evidence == DECLARED and ref.attribute != PAPERS:
                    found[ref.attribute].add(code)
    return found


def test_readme_names_the_procedures_that_own_data_fill_and_the_words_that_no_form_has() -> None:
    _, _, room = (
        (ROOT / "mappings" / "README.md").read_text("utf-8").partition("### What only the citizen knows\n")
    )
    rows = [ROW.match(line) for line in room.partition("\n### ")[0].splitlines()]
    told = {
        name: set(re.findall(r"[0-9]\.[0-9]{6}", row[2]))
        for row in rows
        if row is not None
        for name in re.findall("[a-z_]+", row[1])
    }
    assert told == filled()


def test_no_agreement_gives_own_data_that_no_form_has() -> None:
    blank = {name for name, codes in filled().items() if not codes}
    for name, agreement in load(ROOT / "config").agreements.items():
        agreed = agreement.services.get("own_data.kept")
        assert agreed is None or not blank & set(agreed.attributes), name
