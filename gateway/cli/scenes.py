"""The scenes of `motlan demo`: who asks for which procedure, and how the sources behave meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass

_DEADLINE_MS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One prefill: who, for which procedure, and how the sources behave meanwhile."""

    title: str
    procedure: str
    #: role -> trait of the persona, or `same:<role>`
    cast: Mapping[str, str]
    more: Mapping[str, Mapping[str, str]]
    misbehave: tuple[Mapping[str, object], ...] = ()
    deadline_ms: int = _DEADLINE_MS


def _scene(
    title: str, procedure: str, /, *, more: Mapping[str, Mapping[str, str]] | None = None, **cast: str
) -> Scene:
    return Scene(title=title, procedure=procedure, cast=cast, more=more or {})


SCENES = (
    _scene(
        "Xác nhận tình trạng hôn nhân, người đã kết hôn / marital status, married", "1.004873",
        requester="facts_example", person="same:requester",
    ),
    _scene(
        "Xác nhận tình trạng hôn nhân, người đã ly hôn / marital status, divorced", "1.004873",
        requester="divorced", person="same:requester",
    ),
    _scene(
        "Liên thông khai sinh, thường trú, thẻ BHYT / birth, residence and health card in one", "2.000986",
        requester="newborn_mother", mother="same:requester", father="vehicle_owner",
    ),
    _scene(
        "Đăng ký đất đai lần đầu / first land registration", "1.012753", user="land_owner",
        more={"parcel": {"commune": "11953", "sheet": "12", "number": "345"}},
    ),
    _scene(
        "Đăng ký kết hôn, cô dâu đã được khai tử / marriage, the bride's death is registered", "1.000894",
        male="single", female="bride_dead",
    ),
    _scene(
        "Đăng ký tạm trú, người có xã cũ đã sáp nhập / temporary residence, commune since merged", "1.004194",
        applicant="old_commune_mapped",
    ),
)  # fmt: skip
TROUBLE = Scene(
    title="Liên thông khai sinh khi social_insurance chậm và civil_status hỏng / birth, one source slow, one broken",
    procedure="2.000986",
    cast={"requester": "spouse_of_foreigner", "mother": "same:requester"},
    more={},
    misbehave=(
        {"source": "social_insurance", "mode": "slow", "seconds": 1.0},
        {"source": "civil_status", "mode": "status503"},
    ),
    deadline_ms=500,
)
