"""A reused paper of a dossier cites a result that the procedure takes for that component; a doubt is no refusal."""

from pathlib import Path
from typing import Any

import pytest

from gateway.domain.dossier import Dossier, DossierPaper, Reuse, Supplement
from gateway.mapping.issued import result_codes
from gateway.mapping.load import load_catalogue
from gateway.mapping.reused import ReuseWarning, check_reused, reused_paper

ROOT = Path(__file__).parents[2]
CATALOGUE = load_catalogue(ROOT)
PROCEDURE = CATALOGUE.procedures["1.013225"]
GOOD = {"component": "land_certificate_copy", "result_code": "KQ.G10.900001"}


def doubts(**paper: Any) -> list[tuple[str, ReuseWarning]]:
    given = {"reuse": Reuse.REPLACED, "from_store": True, **paper}
    dossier = Dossier(code="H31.14-261105-0417", procedure="1.013225", papers=(DossierPaper(**given),))
    return [(one.place, one.warning) for one in check_reused(dossier, PROCEDURE)]


@pytest.mark.parametrize(
    ("paper", "found"),
    [
        (GOOD, None),
        # a foreign code of the component (MAGIAYTO) is not in the mapping: any code of the procedure will do
        ({**GOOD, "component": "000.00.00.G09-KQ002269"}, None),
        ({**GOOD, "component": "drawings"}, ReuseWarning.RESULT_CODE_UNKNOWN),
        ({**GOOD, "result_code": "KQ.G15.900002"}, ReuseWarning.RESULT_CODE_UNKNOWN),
        ({"component": "land_certificate_copy"}, ReuseWarning.RESULT_CODE_MISSING),
        ({"component": "land_certificate_copy", "from_store": False}, ReuseWarning.RESULT_CODE_MISSING),
        ({"component": "drawings", "from_store": False, "reuse": Reuse.REUSED}, None),
        ({"component": "drawings", "deleted": True}, None),
    ],
)
def test_doubtful_result_code_is_a_warning_at_its_place(
    paper: dict[str, Any], found: ReuseWarning | None
) -> None:
    assert doubts(**paper) == ([] if found is None else [("/papers/0/result_code", found)])


def test_papers_of_a_supplement_are_looked_at_and_an_unknown_procedure_says_nothing() -> None:
    paper = DossierPaper(component="drawings", from_store=True, result_code="KQ.G15.900002")
    dossier = Dossier(
        code="H31.14-261105-0418", procedure="1.013225", supplements=(Supplement(papers=(paper,)),)
    )
    (one,) = check_reused(dossier, PROCEDURE)
    assert one.place == "/supplements/0/papers/0/result_code"
    assert check_reused(dossier, None) == ()


def test_fetched_paper_is_an_entry_without_doubt() -> None:
    digest = "sha256:" + "0" * 64
    paper = reused_paper("land_certificate_copy", "GCN", "gcn.pdf", digest, "KQ.G10.900001", from_store=True)
    assert (paper.reuse, paper.from_store, paper.digitised) == (Reuse.REPLACED, True, True)
    dossier = Dossier(code="H31.14-261105-0419", procedure="1.013225", papers=(paper,))
    assert check_reused(dossier, PROCEDURE) == ()


def test_kept_paper_is_reused_without_a_code_and_is_never_of_the_store() -> None:
    paper = reused_paper(
        "drawings", "Bản vẽ", "banve.pdf", "sha256:" + "1" * 64, "KQ.G10.900001", from_store=False
    )
    assert (paper.reuse, paper.from_store, paper.result_code) == (Reuse.REUSED, False, "")


def test_codes_of_a_procedure_are_those_of_its_proofs() -> None:
    assert result_codes(PROCEDURE) == {"KQ.G10.900001"}
    assert result_codes(PROCEDURE, "drawings") == frozenset()
    assert result_codes(CATALOGUE.procedures["1.004873"]) == frozenset()
