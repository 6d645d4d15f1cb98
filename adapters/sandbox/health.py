"""Simulated papers of health facilities: births, deaths, drivers' checks (databases.md 6.3).

Promises: the words are those of the papers that facilities send; a newborn without an id is found through the mother,
with all children of hers whom the facilities know. That they can be asked at all is of the sandbox's own making.
"""

from typing import Any

from adapters.sandbox.people import Person, Thing
from adapters.sandbox.wire import (
    BadCall,
    PeerOperation,
    PeerRequest,
    Reply,
    as_json,
    compact,
    day_first,
    holding,
    post,
)

SOURCE = "health"


def endpoints() -> tuple[PeerOperation, ...]:
    """The three papers."""
    verbs = {"giayChungSinh": birth_notices, "giayBaoTu": death_notice, "khamSucKhoeLaiXe": driver_check}
    return tuple(post(SOURCE, name, verb, f"/yte/1.0/{name}") for name, verb in verbs.items())


def birth_notices(call: PeerRequest) -> Reply:
    """By the number of a notice (`SO`) or the mother's id (`SO_CCCD_NND`); an empty list when there is none."""
    words = call.words()
    number, mother_id = (str(words.get(name) or "") for name in ("SO", "SO_CCCD_NND"))
    if not mother_id and not number:
        raise BadCall("SO or SO_CCCD_NND is missing")
    notices = call.register.things["birth_notices"]
    found = [
        one
        for one in notices
        if (number and number == one["number"])
        or (mother_id and mother_id == call.register.by_key[one["mother"]].personal_id)
    ]
    shown = [call.shown(found[0], notices)] if found and call.swapped else found
    return as_json({"HSDLGCS": {"GIAYCHUNGSINH": [_birth_notice(call, one) for one in shown]}})


def _birth_notice(call: PeerRequest, notice: Thing) -> dict[str, Any]:
    child, mother = (call.register.by_key[notice[name]] for name in ("child", "mother"))
    father = call.register.by_key.get(child.father)
    return {
        "MA_GCS": notice["code"],
        "SO": notice["number"],
        "QUYEN_SO": notice["book"],
        "HOTEN_NND": mother.full_name.upper(),
        "NGAYSINH_NND": compact(mother.birth_date),
        "SO_CCCD_NND": mother.personal_id,
        "HO_TEN_CHA": father.full_name.upper() if father else None,
        "SO_CCCD_CHA_NND": father.personal_id if father else None,
        "TEN_CON": child.full_name.upper() or None,
        "GIOI_TINH_CON": {"male": "1", "female": "2"}.get(child.gender, "3"),
        "NGAY_SINH_CON": compact(child.birth_date) + notice["time"],
        "NOI_SINH_CON": notice["birth_place"],
        "CAN_NANG_CON": int(notice["weight"]),
        "SO_CON": int(notice["children"]),
        "THU_TU_CON": int(notice["order"]),
        "NGAY_CT": compact(notice["issued_on"]),
    }


def death_notice(call: PeerRequest) -> Reply:
    """The death of a person, known to the facility before the register."""
    found = holding(call, "SO_GIAYTO", lambda one: one.death)
    return as_json({"HSDLGBT": {"GIAYBAOTU": found and _death_notice(found[0])}})


def _death_notice(person: Person) -> dict[str, Any] | None:
    death = person.death
    if death is None:
        return None
    return {
        "SO_BAOTU": death.number or None,
        "HO_TEN": person.full_name.upper(),
        "NGAY_SINH": compact(person.birth_date),
        "GIOI_TINH": {"male": "1", "female": "2"}.get(person.gender, "3"),
        "LOAI_GIAYTO": "1",
        "SO_GIAYTO": person.personal_id,
        "NGAY_TV": f"{compact(death.date)}0530",
        "NGUYENNHAN_TV": death.cause,
        "NOI_TV": death.place,
    }


def driver_check(call: PeerRequest) -> Reply:
    """The latest health check of a driver; without a conclusion when there is none."""
    found = holding(call, "SOCMND_PASSPORT", lambda one: one.health_check)
    if found is None:
        return as_json({"SOCMND_PASSPORT": call.words()["SOCMND_PASSPORT"], "KETLUAN": None})
    person, check = found
    return as_json(
        {
            "SO": check.number,
            "HOTEN": person.full_name.upper(),
            "GIOITINHVAL": {"male": "0", "female": "1"}.get(person.gender),
            "NGAYSINH": day_first(person.birth_date),
            "SOCMND_PASSPORT": person.personal_id,
            "NONGDOCON": "0",
            "MATUY": "0",
            "NGAYKETLUAN": day_first(check.checked_on),
            "KETLUAN": {"eligible": "A0-1", "not_eligible": "A0-2", "check_again": "A0-3"}[check.conclusion],
            "HANGBANGLAI": ",".join(check.classes),
            "HIEULUCDEN": day_first(check.valid_until) or None,
        }
    )
