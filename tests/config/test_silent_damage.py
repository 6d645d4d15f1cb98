"""Faults that a gateway could start with and that would only show in an answer: each is told before."""

from pathlib import Path

import pytest

from gateway.config.configuration import load
from gateway.domain.errors import ConfigError
from tests import typed
from tests.config.telling import Fault, told_once
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]

PORTAL = "config/requesters/portal.yaml"
SECRET = "client_secret: {value: sandbox-only-portal}"
FORM = "schemas/forms/1.004873.schema.json"
MARRIAGE = "mappings/procedures/1.004873.yaml"
CARD = "mappings/procedures/9.000001.yaml"
TAX = "config/sources/tax.yaml"
AGREED = "config/agreements/portal.yaml"
RELIGION = "mappings/codes/religion.yaml"
FAULTS: dict[str, Fault] = {
    "blank secret": (PORTAL, SECRET, 'client_secret: {value: ""}', "client_secret:", "secret is blank"),
    "secret of spaces": (PORTAL, SECRET, 'client_secret: {value: " "}', "client_secret:", "secret is blank"),
    "variable that is set and blank": (PORTAL, SECRET, "client_secret: {env: BLANK}", "client_secret:", "is blank"),
    "reference in a form": (FORM, '"type": "string"', '"$ref": "#/$defs/x"', '"$ref"', "is not followed"),
    "procedure in itself": (MARRIAGE, "version:", 'include: "1.004873"\nversion:', "include:", "leads back"),
    "pattern of nobody": (RELIGION, "list: religion\n", 'list: religion\npattern: "(("\n', "pattern:", "not a regular"),
    "password in an address": (TAX, "url: http://", "url: http://user:geheim@", "url:", "is not an address"),
    "blank in an address": (TAX, "url: http://", "url: http://tax office.", "url:", "is not an address"),
    "key in an address": (TAX, "/tax", "/tax?key=x", "url:", "is not an address"),
    "week for a day": (AGREED, '"2027-12-31"', '"2027-W52-5"', "valid_until:", "is not a date"),
}  # fmt: skip
#: a proof that says all that it must; each case breaks one word of it
LEAF = "has: person.full_name, about: applicant, same: no_object, in_force: always, conclusion: shown"
PROOFS = {
    "{all_of: []}": "'all_of' is empty",
    "{has: []}": "'has' is empty",
    "{}": "it says nothing",
    f"{{{LEAF}, any_of: [{{{LEAF}}}]}}": "it has any_of and has",
    f"{{any_of: [{{{LEAF}}}], about: applicant}}": "is written where no evidence is named",
    **{
        "{" + LEAF.replace(f", {word}", "") + "}": said
        for word, said in {
            "about: applicant": "it does not say about whom",
            "same: no_object": "about which object",
            "in_force: always": "when it is in force",
            "conclusion: shown": "with which conclusion",
        }.items()
    },
    **{
        "{" + LEAF.replace(word, other) + "}": said
        for word, other, said in (
            ("person.full_name", "health_card.card_number", "speaks of an object"),
            ("about: applicant", "about: nobody", "the role 'nobody'"),
            ("force: always", "force: lives", "predicate 'lives'"),
            ("force: always", "force: [always, applicant_alive]", "'always' beside predicates"),
            ("no_object", "{person.personal_id: form.soThe}", "names no field of the form"),
            ("no_object", "{person.personal_id: applicant.plate}", "names nothing of the form"),
            (
                "no_object",
                "{applicant:person.personal_id: applicant:person.old_id}",
                "the same piece of evidence",
            ),
            ("no_object", "{applicant:person.personal_id: typed.maSoBHXH}", "where data may have filled it"),
        )
    },
}
PREDICATES = {
    "{}": "it says nothing",
    "{attribute: person.gender, role_given: applicant, yes: [male]}": "it has attribute and role_given",
    "{attribute: person.gender}": "no value means yes and none means no",
    "{attribute: person.gender, yes: [male], no: [male]}": "male means yes and no",
    '{younger_than: person.birth_date, years: "-1"}': "of at least 1",
}


@pytest.fixture(autouse=True)
def _blank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLANK", "")


@pytest.mark.parametrize("name", FAULTS)
def test_fault_that_would_only_show_in_an_answer_is_told(root: Path, name: str) -> None:
    told_once(root, FAULTS[name])


@pytest.mark.parametrize("name", ["hung_yen_units", "hung_yen_former_communes", "provinces_2025"])
def test_list_that_addresses_are_read_by_cannot_be_missing(root: Path, name: str) -> None:
    (root / "mappings" / "codes" / f"{name}.yaml").unlink()
    code, said = check(root)
    assert (code, f"mappings/codes/{name}.yaml:" in said) == (2, True), said


@pytest.mark.parametrize("proof", PROOFS)
def test_proof_that_proves_nothing_or_two_things_is_refused(root: Path, proof: str) -> None:
    path = root / CARD
    lines = path.read_text("utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith("replaced_by:"))
    indent = len(lines[at]) - len(lines[at].lstrip())
    rest = at + 1
    while len(lines[rest]) - len(lines[rest].lstrip()) > indent:
        rest += 1
    path.write_text(
        "\n".join([*lines[:at], f"{' ' * indent}replaced_by: {proof}", *lines[rest:], ""]), "utf-8"
    )
    code, said = check(root)
    assert (code, PROOFS[proof] in said, f"{CARD}:" in said) == (2, True, True), said


@pytest.mark.parametrize("predicate", PREDICATES)
def test_predicate_that_asks_nothing_or_two_things_is_refused(root: Path, predicate: str) -> None:
    replace(root, "mappings/procedures/1.004222.yaml", "predicates:\n", f"predicates:\n  odd: {predicate}\n")
    code, said = check(root)
    assert (code, PREDICATES[predicate] in said) == (2, True), said


@pytest.mark.parametrize("content", ["", "# nothing\n", "---\n", "- a\n", "word\n"])
def test_files_without_words_are_named(root: Path, content: str) -> None:
    files = ["config/sources/tax.yaml", "config/gateway.yaml", MARRIAGE, RELIGION]
    for file in files:
        (root / file).write_text(content, "utf-8")
    code, said = check(root)
    assert (code, [file for file in files if f"{file}:" in said]) == (2, files), said
    assert said.count("remedy:") >= len(files)


def test_secret_that_is_no_text_is_told(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00")
    replace(root, PORTAL, SECRET, f"client_secret: {{file: {tmp_path}/secret}}")
    code, said = check(root)
    assert (code, "is no text in UTF-8" in said) == (2, True), said


def test_folder_that_is_no_configuration_is_one_message(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        said = typed.motlan("check-config", str(folder))
        what, remedy, checked, count = said.err.splitlines()
        assert (said.code, checked, count) == (2, f"checked: {folder}", "1 to mend")
        assert what.startswith(f"{folder}: is no configuration")
        assert remedy.startswith("    remedy: give the folder")
    with pytest.raises(ConfigError):
        load(tmp_path)


def test_agreement_that_opens_nothing_and_files_that_nobody_reads_are_noted(root: Path) -> None:
    agreed = "config/agreements/one_gate.yaml"
    replace(root, agreed, "valid_from: ", 'valid_from: "2999-01-01" # ')
    replace(root, agreed, "valid_until: ", 'valid_until: "2999-12-31" # ')
    for name in ("sourcs/x.yaml", "sources/sub/x.yaml", "sources/more.YAML"):
        path = root / "config" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("a: b\n", "utf-8")
    code, said = check(root)
    assert code == 0, said
    assert "one_gate: it begins on 2999-01-01" in said
    assert "config/sourcs/: the gateway does not read this folder" in said
    assert "config/sources/sub/x.yaml: the gateway does not read this file" in said
    assert "config/sources/more.YAML: the gateway does not read this file" in said
