"""One run names every fault there is, each once; what one fault alone causes is not told as faults of other files."""

import re
from pathlib import Path

import pytest

from tests.config.telling import TOLD, line_of, told_once
from tests.config.test_broken_files import check, replace, root

__all__ = ["root"]

POPULATION = "config/sources/population.yaml"
WSDL = "schemas/sources/population/population.wsdl"
PERSON = "schemas/evidence/person.schema.json"
REQUEST = "schemas/sources/population/request.xsd"

#: one fault in each of eight files that are read by different rooms
EIGHT = {
    "config/requesters/portal.yaml": ("scopes:", "scops:"),
    "config/sources/tax.yaml": ("kind: oauth2", "kind: oauth3"),
    "config/agreements/one_gate.yaml": ("legal_basis:", "legal_basi:"),
    "config/sandbox/personas.yaml": ("gender: female", "gendr: female"),
    REQUEST: ("<xs:element", "<<xs:element"),
    "mappings/codes/religion.yaml": ("list:", "lst:"),
    "mappings/groups/applicant.yaml": ("fields:", "felds:"),
    "config/agencies.yaml": ("agencies:", "agncies:"),
}
#: a fault that many other files look as if they had, when it is believed: file, what, instead, words of its line
BURIED = {
    "comma": (PERSON, '"Thông tin cá nhân",', '"Thông tin cá nhân"', '"x-title-en": "Person"', "is not JSON"),
    "evidence that is no schema": (PERSON, '"type": "object"', '"type": "objekt"', '"objekt"', "is not a JSON Schema"),
    "word of an included file": (
        "mappings/procedures/1.004222.yaml", "version:", "versoin:", "versoin:", "did you mean 'version'?",
    ),
    "include": ("mappings/procedures/1.004194.yaml", '"1.004222"', '"1.004229"', "include:", "name a code"),
    "group": ("mappings/procedures/1.004873.yaml", "group: civil_requester", "group: civil_requestr", "civil_requestr",
              "did you mean 'civil_requester'?"),
    "list of many": ("mappings/codes/form_gender_vi.yaml", "codes:", "code:", "code:", "did you mean 'codes'?"),
    "mapping of a source": ("mappings/sources/population.yaml", "services:", "servics:", "servics:", "'services'?"),
    "purposes": ("config/purposes.yaml", "purposes:", "purpose:", "purpose:", "did you mean 'purposes'?"),
    "agencies": ("config/agencies.yaml", "agencies:", "agency:", "agency:", "did you mean 'agencies'?"),
    "agreement": ("config/agreements/portal.yaml", "services:", "servces:", "servces:", "did you mean 'services'?"),
    "address of a source": ("config/sources/tax.yaml", "provider:", "provder:", "provder:", "'provider'?"),
}  # fmt: skip


def test_eight_faults_in_eight_files_are_told_in_one_run(root: Path) -> None:
    for file, (old, new) in EIGHT.items():
        replace(root, file, old, new)
    code, said = check(root)
    assert code == 2
    for file in EIGHT:
        assert f"{file}:" in said, file
    assert "8 to mend" in said, said


@pytest.mark.parametrize("name", BURIED)
def test_fault_that_others_rest_on_is_told_alone(root: Path, name: str) -> None:
    told_once(root, BURIED[name])


def test_every_fault_of_one_auth_block_is_told_at_its_own_line(root: Path) -> None:
    replace(root, POPULATION, "  username: sandbox\n", "  usernme: sandbox\n  colour: red\n")
    replace(root, POPULATION, "{value: sandbox-secret-population}", "{file: /nowhere}")
    login = "config/sources/vehicle.yaml"
    replace(root, login, "  hash: none\n  token: token\n", '  hash: sha\n  token: "a[x"\n')
    replace(root, login, 'life_seconds: "18000"', "life_seconds: long")
    code, said = check(root)
    assert code == 2
    for file, word, says in (
        (POPULATION, "usernme:", "did you mean 'username'?"),
        (POPULATION, "colour:", "'auth.colour' is not a word of 'kind: population_v1'"),
        (POPULATION, "secret:", "file /nowhere"),
        (login, "  token:", "names joined by dots"),
        (login, "hash:", "write one of none, md5"),
        (login, "life_seconds:", "write a positive whole number"),
    ):
        here = [one for one in TOLD.findall(said) if one.startswith(f"{file}:{line_of(root, file, word)}: ")]
        assert any(says in one for one in here), (word, said)
    assert "6 to mend" in said, said


def test_schema_beside_a_wsdl_that_is_no_xml_is_named_itself(root: Path) -> None:
    told_once(root, (REQUEST, "<xs:element", "<<xs:element", "", "is not XML"))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("/wsdl/soap/", "/wsdl/http/", "no operation in a binding for SOAP"),
        ('schemas.xmlsoap.org/wsdl/"', 'www.w3.org/ns/wsdl"', "is no WSDL"),
    ],
)
def test_wsdl_that_cannot_be_used_says_why_and_is_told_where_it_is_named(
    root: Path, old: str, new: str, says: str
) -> None:
    replace(root, WSDL, old, new)
    code, said = check(root)
    assert code == 2
    assert f"{POPULATION}:{line_of(root, POPULATION, 'wsdl:')}: " in said
    assert says in said
    assert "1 to mend" in said, said


def test_file_that_many_want_and_that_is_not_there_is_told_once_with_the_other_places(root: Path) -> None:
    (root / PERSON).unlink()
    code, said = check(root)
    assert code == 2
    assert "1 to mend" in said, said
    assert f"remedy: add {PERSON}" in said
    assert re.search(r"so too: .*mappings/groups/applicant\.yaml:", said), said
