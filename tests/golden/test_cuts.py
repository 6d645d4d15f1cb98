"""The matrix of `motlan cuts`: no paper is cut that a careful official would ask for, and no line changes unseen."""

import difflib
import json
from pathlib import Path

import pytest

from gateway.cli.casts import CASTS, load_casts
from gateway.cli.cuts import people
from gateway.cli.matrix import CUT, MatrixRow, broken
from gateway.domain.errors import ConfigError
from tests.golden.matrix import FOLDER, ROOT, castings, catalogue, page, pages, run
from tests.typed import motlan


def test_matrix_of_cuts_asks_for_what_an_official_would_and_is_the_one_that_was_read() -> None:
    """One test, for the matrix takes a while. Read a difference as an official, then write the files anew."""
    configured, published = run(all_published=False), run(all_published=True)
    assert broken(castings(), configured, all_published=False) == []
    assert broken(castings(), published, all_published=True) == []
    _asks_in_the_seven_cases(configured)
    _asks_in_the_seven_cases(published)
    _cuts_no_less(configured, published)
    written = pages(configured, published)
    assert {page(code).name for code in written} == {path.name for path in FOLDER.glob("cuts-*.txt")}
    for code, text in written.items():
        before = page(code).read_text("utf-8").splitlines()
        changed = difflib.unified_diff(before, text.splitlines(), page(code).name, "now", n=0, lineterm="")
        assert not (lines := list(changed)), "\n".join([*lines, "write anew: python -m tests.golden.matrix"])


def _asks_in_the_seven_cases(rows: list[MatrixRow]) -> None:
    """Each of the wrong cuts that were found in November 2026 asks for its paper, with a reason."""
    for number in range(1, 8):
        cases = [one for one in castings() if one.name.startswith(f"wrong_cut_{number}_")]
        wanted = {(one.procedure, one.name, paper) for one in cases for paper in one.asks}
        found = [row for row in rows if (row.procedure, row.cast, row.paper) in wanted]
        assert {row.verdict for row in found} == {"required"}, number
        assert all(row.proof for row in found)


def _cuts_no_less(configured: list[MatrixRow], published: list[MatrixRow]) -> None:
    """Publishing takes no cut away; afterwards no paper is asked for because something is not published."""
    for before, after in zip(configured, published, strict=True):
        assert before.verdict not in CUT or after.verdict in CUT, after
        assert after.proof != "scope_not_published", after


def test_command_shows_proof_and_rule_and_exits_by_what_the_casts_say() -> None:
    told = motlan("cuts", "--procedure", "1.013225", "--cast", "own_parcel", "--all-published", "--json")
    assert told.code == 0, told.err
    shown = json.loads(told.out)
    [row] = [one for one in shown["rows"] if one["paper"] == "land_certificate_copy"]
    assert (shown["good"], row["verdict"]) == (True, "replaced")
    assert row["proof"] == "land of parcel: land_parcel.certificate.serial, land_parcel.owner_ids"
    assert row["rule"] == (
        "same parcel:land_parcel.owner_ids, parcel:land_parcel.number, parcel:land_parcel.sheet;"
        " in_force owner_alive, certificate_in_force; is parcel_is_for_dwelling"
    )


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (("--procedure", "1.999999"), "write one of"),
        (("--cast", "own_parcell"), "did you mean 'own_parcel'?"),
        (("--paper", "id_papper"), "did you mean 'id_paper'?"),
    ],
)
def test_command_says_what_there_is_when_a_name_is_wrong(words: tuple[str, str], remedy: str) -> None:
    told = motlan("cuts", *words)
    assert told.code == 2
    assert remedy in told.err


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        ("{owner: mau, parcel: *own}", "{owner: mauu, parcel: *own}", "'mauu' is nobody", "did you mean 'mau'?"),
        ("{owner: mau, parcel: *own}", "{ownr: mau, parcel: *own}", "'ownr' is no role", "did you mean 'owner'?"),
        ("cuts: [age_proof,", "cuts: [age_prof,", "'age_prof' is no paper", "did you mean 'age_proof'?"),
        ("{hang: B}", "{hangg: B}", "'hangg' is no field", "did you mean 'hang'?"),
        ('"same:deceased"', '"same:nobody"', "leads to a role that nobody plays", "name a role"),
        ("- {name: no_licence,", "- {name: in_force,", "a second cast is called 'in_force'", "give it another name"),
        ('  "9.000001":', '  "9.000009":', "procedure 9.000001 has no casts", "add '\"9.000001\""),
        ("{role: applicant}", "{role: applicant, sex: male}", "'procedures.1.002809.each.0.sex'", "known here"),
    ],
)  # fmt: skip
def test_cast_that_does_not_fit_is_refused_with_line_and_remedy(
    tmp_path: Path, old: str, new: str, what: str, remedy: str
) -> None:
    text = (ROOT / CASTS).read_text("utf-8")
    assert old in text
    (tmp_path / CASTS).parent.mkdir(parents=True)
    (tmp_path / CASTS).write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError) as error:
        load_casts(tmp_path, catalogue(), people(ROOT))
    told = [one for one in error.value.problems if what in str(one)]
    assert told
    assert told[0].line > 1
    assert remedy in str(told[0])
