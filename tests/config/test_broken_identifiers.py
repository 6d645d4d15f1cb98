"""What `check-config` says of kinds of identifiers, and of mappings that name them or persons without a number."""

from pathlib import Path

import pytest

from tests.config import test_broken_files as files
from tests.config.telling import Fault, told_once
from tests.flows.test_other_identifiers import AN, KIND, MAPPING, SOURCE

BSN, REGISTER = "schemas/identifiers/nl_bsn.yaml", "mappings/sources/register.yaml"

FAULTS: dict[str, Fault] = {
    "pattern of the whole language": (BSN, '"[0-9]{9}"', '"[0-9]+"', "patterns:", "is not a pattern of identifiers"),
    "pattern that takes long": (
        BSN, '"[0-9]{9}"', '"[0-9]{1,9}[0-9]{1,9}[0-9]{1,9}"', "patterns:", "each with fixed lengths",
    ),
    "range backwards": (BSN, '"[0-9]{9}"', '"[9-0]{9}"', "patterns:", "goes backwards"),
    "two spellings of one number": (
        BSN, '["[0-9]{9}"]', '["[0-9]{9}", "[0-9]{4}.[0-9]{2,3}-[0-9]{2,3}"]', "patterns:", "keep one spelling",
    ),
    "no check digit of this name": (BSN, "check: nl_bsn", "check: nl_bsm", "check:", "did you mean 'nl_bsn'?"),
    "example with a wrong check digit": (BSN, f'"{AN["bsn"]}"', '"537534983"', "example:", "valid invented number"),
    "word of another file": (BSN, "names: person", "names: man", "names:", "'person'"),
    "kind of no such name in needs": (
        REGISTER, "[[identifier.nl_bsn]", "[[identifier.nl_bns]", "needs:", "did you mean 'nl_bsn'?",
    ),
    "number of a kind beside a number of Việt Nam": (
        REGISTER, "[[identifier.nl_bsn]", "[[identifier.nl_bsn, personal_id]", "needs:",
        "use words that are given together (birth_date, full_name, identifier.nl_bsn)",
    ),
    "kind of no such name in a request": (
        REGISTER, "{from: subject.identifier.nl_bsn}", "{from: subject.identifier.bsn}", "bsn: {from", "'bsn'",
    ),
    "kind of no such name in identity": (
        REGISTER, "{identifier.nl_bsn: bsn,", "{identifier.be_nrn: bsn,", "identity:", "add schemas/identifiers/be_nrn",
    ),
    "without a number and without a name": (
        REGISTER, "full_name: name, birth_date: born, gender", "birth_date: born, gender", "without_number:",
        "does not repeat full_name",
    ),
    "without a number and without gender and place": (
        REGISTER, "birth_date: born, gender: gender}", "birth_date: born}", "without_number:", "gender or birth_place",
    ),
    "without a number and without needs of a name": (
        REGISTER, "[full_name, birth_date, gender]", "[full_name, gender]", "without_number:", "add [full_name",
    ),
    "without a number and a list of people": (
        REGISTER, "{path: life}", "{path: life, transform: members}", "without_number:", "list of people",
    ),
    "without a number and a selected record": (
        REGISTER, "record: people", 'record: "people[-1]"', "record:", "write 'record: people'",
    ),
    "without a number and the first of a list": (
        REGISTER, "record: people", 'record: "[0]"', "record:", "write 'record: \"[]\"'",
    ),
    "without a number and a person of a selected row": (
        REGISTER, "full_name: name, birth", 'full_name: "rows[sex=F].name", birth', "identity:", "one of several",
    ),
    "without a number and a value of a row": (
        REGISTER, "{path: life}", '{path: "papers[0].life"}', "life_status: {path", "write 'record: people.papers'",
    ),
    "person of a row that identity does not compare": (
        "mappings/sources/driving_licence.yaml", "full_name: {path: HoTen", 'full_name: {path: "ds[0].HoTen"',
        "full_name: {path", "add 'full_name: \"ds[0].HoTen\"' to 'identity'",
    ),
    "attribute of another row than the person": (
        "mappings/sources/driving_licence.yaml",
        "full_name: HoTen, birth_date: NgaySinh}\n      attributes:\n        number: {path: SoGPLX,",
        'full_name: "ds[0].ten", birth_date: NgaySinh}\n      attributes:\n        number: {path: "ds[-1].SoGPLX",',
        "number: {path", "write 'record: \"ds[-1]\"'",
    ),
    "word of another agreement": (REGISTER, "without_number: fill", "without_number: yes", "without_number:", "'fill'"),
    "misspelt word of an example's subject": (
        REGISTER, '34982"}, full_name', '34982"}, gendre: male, full_name', "subject:", "did you mean 'gender'?",
    ),
    "number of a kind as one word": (
        REGISTER, '{identifier: {kind: nl_bsn, number: "537534982"}, full', '{identifier.nl_bsn: "537534982", full',
        "subject:", "write 'identifier: {kind: nl_bsn, number: …}'",
    ),
    "number of a kind without its number": (
        REGISTER, ', number: "537534982"}, full', "}, full", "subject:", "write 'identifier: {kind: …, number: …}'",
    ),
    "example of another number": (
        REGISTER, '{kind: nl_bsn, number: "537534982"}', '{kind: nl_bsn, number: "53753498"}', "subject:",
        "is not a Dutch citizen service number: 9 digits",
    ),
}  # fmt: skip


@pytest.fixture(name="root")
def with_register(tmp_path: Path) -> Path:
    """A copy of all that people write, with a kind of identifier and a source that is asked by it."""
    root = files.root.__wrapped__(tmp_path)  # type: ignore[attr-defined]
    (root / BSN).parent.mkdir()
    (root / BSN).write_text(KIND.format(kind="nl_bsn", check="nl_bsn", example=AN["bsn"]), "utf-8")
    (root / REGISTER).write_text(MAPPING, "utf-8")
    (root / "config/sources/register.yaml").write_text(SOURCE.format(address="http://127.0.0.1:9"), "utf-8")
    return Path(root)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_told_with_its_place_and_its_remedy(root: Path, name: str) -> None:
    told_once(root, FAULTS[name])


EXAMPLE = """examples:
  - name: a person without a number
    subjects: {applicant: {full_name: An de Vries, birth_date: "1988-04-09", gender: female}}
    evidence: {applicant:person: {personal_id: "033188604217", full_name: An de Vries, life_status: alive}}
    papers: {id_paper: PAPER}
"""


@pytest.mark.parametrize(("word", "paper"), [("cut", "replaced"), ("fill", "required")])
def test_example_shows_whether_a_paper_is_cut_for_a_person_without_a_number(
    root: Path, word: str, paper: str
) -> None:
    files.replace(root, REGISTER, "without_number: fill", f"without_number: {word}")
    files.replace(
        root, "mappings/procedures/9.000001.yaml", "\nexamples:\n", "\n" + EXAMPLE.replace("PAPER", paper)
    )
    code, said = files.check(root)
    assert code == 0, said
