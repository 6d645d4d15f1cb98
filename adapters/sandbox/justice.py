"""Simulated civil status and judicial record (Bộ Tư pháp; databases.md 5, 6.1 and 6.3).

Promises: dates `dd/MM/yyyy`; a person that is not on record is an answer, not an error.
`/hotich/1.0/trichLuc` and `/apiLyLichTuPhap/traCuuPhieu` are of the sandbox's own making.
"""

from typing import Any

from adapters.sandbox.people import Marriage, Person
from adapters.sandbox.wire import PeerOperation, PeerRequest, Reply, as_json, day_first, post, text_of

CIVIL = "civil_status"
JUDICIAL = "judicial_record"


def endpoints() -> tuple[PeerOperation, ...]:
    """The look-ups of both registers."""
    return (
        post(CIVIL, "trichLuc", extract, "/hotich/1.0/trichLuc", "/hotich/trichLuc"),
        post(CIVIL, "traHoSo", civil_dossier, "/apiHoTichTuPhap/traHoSo", "/apiHoTichTuPhap/1.0/traHoSo"),
        post(
            JUDICIAL,
            "traTrangThaiHs",
            judicial_state,
            "/apiLyLichTuPhap/traTrangThaiHs",
            "/apiLyLichTuPhap/1.0/traTrangThaiHs",
        ),
        post(JUDICIAL, "traCuuPhieu", certificate, "/apiLyLichTuPhap/traCuuPhieu"),
    )


def extract(call: PeerRequest) -> Reply:
    """The extract of one person; without a state when the register has nothing."""
    person = call.register.find(text_of(call.words(), "soDinhDanh"))
    if person is None:
        return as_json({"soDinhDanh": None, "tinhTrang": None})
    pool = [one for one in call.register.people if one.birth_record]
    one = call.shown(person, pool)
    dead = one.death if one.death and one.death.number else None
    return as_json(
        {
            "soDinhDanh": one.personal_id,
            "khaiSinh": _birth(call, one),
            "ketHon": [_marriage(call, act) for act in one.marriages],
            "khaiTu": dead and {"so": dead.number, "quyenSo": dead.book, "ngayChet": day_first(dead.date)},
            "tinhTrang": {"never_married": "1", "married": "2", "divorced": "3", "widowed": "4"}[one.marital],
        }
    )


def _birth(call: PeerRequest, person: Person) -> dict[str, Any] | None:
    act = person.birth_record
    if act is None:
        return None
    return {
        "so": act.number,
        "quyenSo": act.book,
        "ngayDangKy": day_first(act.registered_on),
        "noiDangKy": act.place,
        "cha": _named(call, person.father),
        "me": _named(call, person.mother),
    }


def _named(call: PeerRequest, key: str) -> dict[str, str] | None:
    person = call.register.by_key.get(key)
    if person is None:
        return None
    return {"hoTen": person.full_name, "soDinhDanh": person.personal_id}


def _marriage(call: PeerRequest, act: Marriage) -> dict[str, Any]:
    ended = None
    if act.end_reason:
        reason = {"divorce": "lyHon", "death": "chet"}[act.end_reason]
        ended = {"lyDo": reason, "ngay": day_first(act.end_on), "so": act.end_number}
    return {
        "so": act.number,
        "quyenSo": act.book,
        "ngayDangKy": day_first(act.registered_on),
        "voChong": _named(call, act.spouse),
        "chamDut": ended,
    }


def civil_dossier(call: PeerRequest) -> Reply:
    """Register entry by the number of its act (`maHoSo` = number of a marriage or birth entry)."""
    wanted = text_of(call.words(), "maHoSo")
    acts = [act for one in call.register.people for act in (one.birth_record, *one.marriages) if act]
    found = next((act for act in acts if f"{act.book}/{act.number}" == wanted), None)
    if found is None:
        return as_json([])
    act = call.shown(found, acts)
    row = {"id": f"{act.book}/{act.number}", "so": act.number, "quyenSo": act.book, "trangSo": "1"}
    return as_json([row | {"ngayDangKy": day_first(act.registered_on)}])


def judicial_state(call: PeerRequest) -> Reply:
    """State of a dossier: 3 received, 4 in processing, 5 issued."""
    words = call.words()
    names = ("idReceivedDec", "maHoSo", "declarationPortalID", "ID")
    asked = next((str(words[name]) for name in names if words.get(name)), "")
    found = call.register.thing("judicial_dossiers", dossier=asked)
    if found is None:
        return as_json(
            {"STATUS": "1", "DESCRIPTION": "Không tìm thấy hồ sơ", "ID": None, "DEC_STATUS_ID": None}
        )
    shown = call.shown(found, call.register.things["judicial_dossiers"])
    names_of_state = {"3": "STP đã tiếp nhận", "4": "Đang xử lý", "5": "Đã có phiếu"}
    return as_json(
        {
            "STATUS": "1",
            "DESCRIPTION": "Thành công",
            "ID": shown["dossier"],
            "DEC_STATUS_ID": shown["state"],
            "DEC_STATUS_NAME": names_of_state[shown["state"]],
            "APPROVE_DATE": day_first(shown["issued_on"]) or None,
            "ISSUE_DATE": day_first(shown["issued_on"]) or None,
            "LISTCONTENT": [],
        }
    )


def certificate(call: PeerRequest) -> Reply:
    """The newest certificate of a person (`soPhieu`, `anTich`: 0 no conviction, 1 some); null when there is none."""
    person = call.register.find(text_of(call.words(), "identifyNo"))
    issued = [one for one in call.register.things["judicial_dossiers"] if one["state"] == "5"]
    mine = [one for one in issued if person is not None and one["person"] == person.key]
    if not mine:
        return as_json({"STATUS": "1", "DESCRIPTION": "Chưa cấp phiếu", "PHIEU": None})
    shown = call.shown(max(mine, key=lambda one: one["issued_on"]), issued)
    holder = call.register.by_key[shown["person"]]
    return as_json(
        {
            "STATUS": "1",
            "DESCRIPTION": "Thành công",
            "PHIEU": {
                "soPhieu": shown["number"],
                "formType": "1",
                "fullName": holder.full_name.upper(),
                "genderId": "1" if holder.gender == "male" else "0",
                "birthDateStr": day_first(holder.birth_date),
                "identifyNo": holder.personal_id,
                "ISSUE_DATE": day_first(shown["issued_on"]),
                "anTich": shown["convictions"],
            },
        }
    )
