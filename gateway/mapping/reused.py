"""Papers of a dossier that the state holds already: how one is written into a dossier, and which ones are doubtful.

A.6 TaiLieuNop: DuocLayTuKhoDMQG, DuocTaiSuDung, MaKetQuaThayThe; the codes of a component are its MA_KQ_THAYTHE.
"""

from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple, Self

from gateway.domain.dossier import Dossier, DossierPaper, Reuse
from gateway.mapping.issued import result_codes
from gateway.mapping.procedure import Procedure


# the lists below are tables
# fmt: off
class ReuseWarning(StrEnum):
    """What is doubtful about a reused paper. Never a refusal: a one-gate system may know more than the mapping."""

    vi: str
    en: str

    def __new__(cls, code: str, vi: str, en: str) -> Self:
        """A warning with its texts."""
        member = str.__new__(cls, code)
        member._value_, member.vi, member.en = code, vi, en
        return member

    RESULT_CODE_MISSING = ("result_code_missing",
        "Giấy tờ được thay bằng kết quả của thủ tục khác nhưng chưa có mã kết quả (MaKetQuaThayThe)",
        "The paper is replaced by the result of another procedure, and the code of that result is missing")
    RESULT_CODE_UNKNOWN = ("result_code_unknown",
        "Thủ tục không nhận kết quả có mã này thay cho thành phần hồ sơ này",
        "The procedure takes no result with this code for this component")
# fmt: on


class PaperWarning(NamedTuple):
    """A warning and its place in the dossier."""

    #: JSON pointer
    place: str
    warning: ReuseWarning


def reused_paper(
    component: str, title: str, file_name: str, file: str, result_code: str, *, from_store: bool
) -> DossierPaper:
    """The entry of a dossier for a paper that was found; `file` is a reference (`sha256:…`), blank: it stays there.

    A paper of the store is replaced by its result code; a paper that the citizen gave once is reused without one.
    """
    return DossierPaper(
        component=component, title=title, file_name=file_name, file=file, digitised=True, from_store=from_store,
        reuse=Reuse.REPLACED if from_store else Reuse.REUSED, result_code=result_code if from_store else "",
    )  # fmt: skip


def check_reused(dossier: Dossier, procedure: Procedure | None) -> tuple[PaperWarning, ...]:
    """Doubts about the reused papers of a dossier. `procedure` None: it is not configured, nothing can be said."""
    if procedure is None:
        return ()
    return tuple(
        PaperWarning(f"{place}/result_code", warning)
        for place, paper in _papers(dossier)
        if (warning := _doubt(paper, procedure)) is not None
    )


def _papers(dossier: Dossier) -> Iterator[tuple[str, DossierPaper]]:
    for at, paper in enumerate(dossier.papers):
        yield f"/papers/{at}", paper
    for at, supplement in enumerate(dossier.supplements):
        for index, paper in enumerate(supplement.papers):
            yield f"/supplements/{at}/papers/{index}", paper


def _doubt(paper: DossierPaper, procedure: Procedure) -> ReuseWarning | None:
    if paper.deleted or not (paper.from_store or paper.reuse is Reuse.REPLACED):
        return None
    if not paper.result_code:
        return ReuseWarning.RESULT_CODE_MISSING
    known = result_codes(procedure, paper.component)
    return None if paper.result_code in known else ReuseWarning.RESULT_CODE_UNKNOWN
