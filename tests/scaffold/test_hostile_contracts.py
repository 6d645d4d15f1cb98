"""Contracts and samples that would cost time, memory or files: refused in a word, and nothing is written."""

import json
import os
from pathlib import Path

import pytest

from gateway.config.strict_yaml import read
from gateway.domain.errors import ConfigError
from gateway.mapping.date_transforms import date_words_vn
from gateway.scaffold.leaves import DATES, NotScaffolded, read_sample
from tests.scaffold.houses import ROOT, checked, drafted, files_of, house
from tests.scaffold.test_new_source import OPENAPI, SAMPLE, contracts

__all__ = ("contracts", "house")


def api(schema: object, **components: object) -> str:
    answer = {"200": {"content": {"application/json": {"schema": schema}}}}
    return json.dumps(
        {
            "openapi": "3.0.3",
            "paths": {"/a": {"get": {"responses": answer}}},
            "components": {"schemas": components},
        }
    )


def many_times(levels: int) -> dict[str, object]:
    return {
        f"L{n}": {"properties": {word: {"$ref": f"#/components/schemas/L{n + 1}"} for word in "abcdefghij"}}
        for n in range(levels)
    } | {f"L{levels}": {"type": "string"}}


ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("api.json", api({"$ref": "https://elsewhere.example/a.json#/b"}), "leads out of the file"),
        ("api.json", api({"$ref": "file:///etc/passwd"}), "leads out of the file"),
        ("api.json", api({"$ref": "#/components/schemas/Nobody"}), "leads nowhere"),
        ("api.json", api({"$ref": "#/components/schemas/L0"}, **many_times(12)), "more than 2000 values"),
        ("api.json", api({"type": "string"}), "no answer 2xx that is JSON with names"),
        ("api.json", "{" * 100_000, "neither JSON nor YAML"),
        ("api.json", '{"a":' * 100_000, "neither JSON nor YAML|nested too deeply"),
        ("api.json", "[]", "no mapping"),
        ("api.json", '{"openapi": "2.9"}', "no OpenAPI 3.0"),
        ("api.yaml", ALIASES, "holds more than 500000 values"),
        ("api.yaml", "openapi: !!python/object/apply:os.system [true]", "tag "),
        ("api.yaml", "a: [" * 60 + "]" * 60, "YAML|nested"),
        ("api.yaml", "a: b\n\x00", "YAML"),
        ("api.yaml", "".join(f"a{n}: {n}\n" for n in range(250_000)), "too many values for YAML"),
    ],
)
def test_hostile_openapi_document_is_refused(
    house: Path, tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    before = files_of(house)
    words = ("source", "buoy", "--openapi", str(tmp_path / name), "--operation", "GET /a")
    said = drafted(house, *words, code=2)
    assert any(one in said for one in says.split("|")), said
    assert "remedy: " in said
    assert files_of(house) == before


def test_schema_within_itself_is_not_followed(house: Path, tmp_path: Path) -> None:
    circle = {"properties": {"name": {"type": "string"}, "next": {"$ref": "#/components/schemas/A"}}}
    own = {"allOf": [{"$ref": "#/components/schemas/B"}], "properties": {"x": {"type": "string"}}}
    (tmp_path / "api.json").write_text(api({"$ref": "#/components/schemas/A"}, A=circle))
    (tmp_path / "own.json").write_text(api({"$ref": "#/components/schemas/B"}, B=own))
    for number, file in enumerate(("api.json", "own.json")):
        words = ("source", f"buoy{number}", "--openapi", str(tmp_path / file), "--operation", "GET /a")
        drafted(house, *words)
    assert (
        "{path: next}   # it repeats what stands above it"
        in (house / "mappings/sources/buoy0.yaml").read_text()
    )
    assert "x: {path: x}" in (house / "mappings/sources/buoy1.yaml").read_text()


@pytest.mark.parametrize("size", [5_000_001, 50_000_000_000])
def test_sample_is_measured_before_it_is_read(house: Path, tmp_path: Path, size: int) -> None:
    """A file of 50 GB, which has no blocks on the disk."""
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        os.truncate(file.fileno(), size)
    said = drafted(house, "source", "buoy", "--sample", str(path), code=2)
    assert "the sample is larger than 5 MB" in said


@pytest.mark.parametrize("option", ["--wsdl", "--openapi"])
def test_contract_is_measured_before_it_is_read(house: Path, tmp_path: Path, option: str) -> None:
    path = tmp_path / "large"
    with path.open("wb") as file:
        os.truncate(file.fileno(), 20_000_001)
    said = drafted(house, "source", "buoy", option, str(path), "--operation", "A", code=2)
    assert "larger than 20 MB" in said


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "no JSON"),
        ('"x"', "no object"),
        ("[NaN]", "no JSON"),
        ("{}", "no names"),
        ("[[], []]", "no names"),
        ('{"a":' * 100 + "1" + "}" * 100, ""),
        ('{"a":' * 101 + "1" + "}" * 101, "more than 100 deep"),
        ("[" * 3_000_000, "no JSON|100 deep"),
        (json.dumps({f"a{n}": n for n in range(2_001)}), "more than 2000 values"),
        (json.dumps([{f"a{n}": n for n in range(m, m + 9)} for m in range(0, 9_000, 9)]), ""),
        (f'{{"a": {"9" * 5_000}}}', "no JSON"),
    ],
)
def test_sample_has_bounds(content: str, says: str) -> None:
    if not says:
        assert read_sample(content.encode()).leaves
        return
    with pytest.raises(NotScaffolded) as caught:
        read_sample(content.encode())
    assert any(one in caught.value.args[0] for one in says.split("|")), caught.value


@pytest.mark.parametrize("name", ["../buoy", "Buoy", "a/b", "a" * 41, "1a", "", "a\nb", "ä"])
def test_name_that_is_none_is_refused(house: Path, contracts: Path, name: str) -> None:
    before = files_of(house)
    said = drafted(house, "source", name, "--sample", str(contracts / "answer.json"), code=2)
    assert "is no name of a source" in said
    assert files_of(house) == before


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("place", ["../../secret.xsd", "&#46;&#46;/&#46;&#46;/secret.xsd", "linked.xsd"])
def test_wsdl_may_not_bring_files_from_elsewhere(
    house: Path, tmp_path: Path, place: str, encoding: str
) -> None:
    secret = tmp_path / "secret.xsd"
    secret.write_text('<schema xmlns="http://www.w3.org/2001/XMLSchema"/>')
    folder = tmp_path / "a/b"
    folder.mkdir(parents=True)
    (folder / "linked.xsd").symlink_to(secret)
    schema = '<schema xmlns="http://www.w3.org/2001/XMLSchema">{}</schema>'
    (folder / "a.wsdl").write_text(schema.format(f'<include schemaLocation="{place}"/>'), encoding)
    before = files_of(house)
    said = drafted(house, "source", "buoy", "--wsdl", str(folder / "a.wsdl"), "--operation", "A", code=2)
    assert "which is not beside it" in said
    assert files_of(house) == before


def test_wsdl_brings_what_its_parser_reads_and_nothing_of_its_comments(house: Path, tmp_path: Path) -> None:
    """In an encoding in which no byte says so, and with a comment that a pattern would read without end."""
    given = ROOT / "schemas/sources/population"
    for path in given.glob("*.xsd"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    text = (given / "population.wsdl").read_text("utf-8").replace("UTF-8", "UTF-16", 1)
    text = text.replace("http://population.invalid/", "https://registry.example/population")
    noise = f"<!-- <address location='https://other.example'/> {'<import ' * 5_000} --></wsdl:definitions>"
    (tmp_path / "people.wsdl").write_text(text.replace("</wsdl:definitions>", noise), "utf-16")
    words = ("--wsdl", str(tmp_path / "people.wsdl"), "--operation", "TraCuuThongTinCongDan")
    drafted(house, "source", "folk", *words)
    copied = {path.name for path in (house / "schemas/sources/folk").iterdir()}
    assert copied == {"people.wsdl", "request.xsd", "answer.xsd", "ORIGIN.md"}
    assert "https://registry.example/population" in (house / "config/sources/folk.yaml").read_text()
    checked(house)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--sample", "answer.json", "--operation", "x"), "say what describes it"),
        (("--openapi", "ships.yaml"), "say which --operation\n    remedy: there are GET /ships/{ship-id}"),
        (
            ("--openapi", "ships.yaml", "--operation", "GET /ships/{ship-di}"),
            "did you mean 'GET /ships/{ship-id}'",
        ),
        (
            ("--sample", "answer.json", "--openapi", "ships.yaml", "--operation", "ship"),
            "say what describes it",
        ),
        (
            ("--openapi", "ships.yaml", "--operation", "\x1b]0;x\x07"),
            "there is no operation '\\x1b]0;x\\x07'",
        ),
        (("--sample", "answer.json", "--url", "ftp://x"), "--url is no address"),
        (("--sample", "answer.json", "--evidence", "persn"), "did you mean 'person'"),
    ],
)
def test_wrong_words_are_refused_with_a_remedy(
    house: Path, contracts: Path, words: tuple[str, ...], says: str
) -> None:
    placed = [str(contracts / one) if one in ("answer.json", "ships.yaml") else one for one in words]
    assert says in drafted(house, "source", "buoy", *placed, code=2)


def test_examples_and_words_that_may_be_of_people_are_not_copied(house: Path, tmp_path: Path) -> None:
    """Examples and defaults never are; a list of words is not where one may be a number or a name of a person."""
    number, name, mail = "033091406283", "ĐỖ THỊ THẬT", "that@provider.example"
    said = {"example": number, "default": name, "examples": [mail]}
    lists = [
        [number, "1"],
        ["A", name],
        [mail],
        ["B1234567"],
        ["x" * 200],
        ["a\u202eb"],
        ["SHIP", "BUOY", "1000"],
    ]
    fields = {f"hull{at}": {"type": "string", "enum": one, **said} for at, one in enumerate(lists)}
    schema = {"type": "object", "properties": {"hull": {"type": "string", **said}, **fields}, **said}
    (tmp_path / "ships.json").write_text(api(schema), "utf-8")
    drafted(house, "source", "ship", "--openapi", str(tmp_path / "ships.json"), "--operation", "GET /a")
    written = [one.decode() for path, one in files_of(house).items() if "ship" in path]
    for value in (number, name, mail, "B1234567", "x" * 101, "\u202e"):
        assert not any(value in one for one in written), value
    assert any("# text: SHIP, BUOY, 1000" in one for one in written)


def test_words_of_a_contract_cannot_write_yaml(house: Path, tmp_path: Path) -> None:
    """Names, servers and headers with line ends, quotes and signs of YAML stay texts."""
    hull = 'hull"}\n    evil: {x'
    text = OPENAPI.replace(
        "hull: {type: string}", f"{json.dumps(hull)}: {{type: string, enum: [{json.dumps(hull)}]}}"
    )
    text = text.replace("X-Ship-Key", '"X: y\\n  evil: 1"').replace("tonnage:", '"#: {a}, [b]":')
    (tmp_path / "ships.yaml").write_text(text, "utf-8")
    words = ("--openapi", str(tmp_path / "ships.yaml"), "--operation", "ship", "--title", 'A"\n: {')
    drafted(house, "source", "ship", *words)
    for folder in ("config", "mappings"):
        text = (house / folder / "sources/ship.yaml").read_text("utf-8")
        assert not any(line.lstrip().startswith("evil") for line in text.splitlines()), text


@pytest.mark.parametrize("form", DATES)
def test_date_is_known_by_its_form(form: str) -> None:
    (leaf,) = read_sample(json.dumps({"a": DATES[form].sample}).encode()).leaves
    assert leaf.form == form


@pytest.mark.parametrize(
    "said", ["473389200", "03-04-1990", "12 tháng", "/var/log/a/", "May be so", "x 2019"]
)
def test_what_may_be_no_date_or_another_one_is_no_date(said: str) -> None:
    (leaf,) = read_sample(json.dumps({"a": said}).encode()).leaves
    assert leaf.form == ""


def test_sample_with_every_kind_is_read() -> None:
    kinds = {leaf.path: (leaf.kind, leaf.form) for leaf in read_sample(json.dumps(SAMPLE).encode()).leaves}
    assert kinds["data.ngaySinh"] == ("string", "date_vn")
    assert kinds["data.ngayKiem"] == ("string", "date_dash")
    assert kinds["data.capBao"] == ("integer", "")
    assert kinds["data.chuCu[0].lan"] == ("integer", "")


def test_pipe_in_the_configuration_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(ConfigError, match="is no file"):
        read(tmp_path / "pipe.yaml")


def test_vietnamese_date_in_capitals_is_read() -> None:
    assert date_words_vn("NGÀY 15 THÁNG 02 NĂM 1990") == "1990-02-15"
