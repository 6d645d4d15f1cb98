"""Simulated notices of health facilities: births, deaths, drivers' checks (databases.md 6.3, sandbox).

Promises: a newborn without an id is found through the mother; `{}` when the facilities know nothing.
"""

from adapters.sandbox.wire import BadCall, Call, Endpoint, Reply, as_json, day_first, text_of

SOURCE = "health"


def endpoints() -> tuple[Endpoint, ...]:
    """The three notices."""
    verbs = {"giayChungSinh": birth_notice, "giayBaoTu": death_notice, "khamSucKhoeLaiXe": driver_check}
    return tuple(
        Endpoint(source=SOURCE, operation=name, method="POST", paths=(f"/yte/1.0/{name}",), handler=verb)
        for name, verb in verbs.items()
    )


def birth_notice(call: Call) -> Reply:
    """By notice number or by the mother's id (`me.soDinhDanh`, nested or dotted)."""
    words = call.words()
    mother = words.get("me")
    mother_id = str(mother.get("soDinhDanh") or "") if isinstance(mother, dict) else ""
    mother_id = mother_id or str(words.get("me.soDinhDanh") or "")
    number = str(words.get("soChungSinh") or "")
    if not mother_id and not number:
        raise BadCall("soChungSinh or me.soDinhDanh is missing")
    notices = call.register.things["birth_notices"]
    for one in notices:
        parent = call.register.by_key[one["mother"]]
        if (number and number == one["number"]) or (mother_id and mother_id == parent.personal_id):
            shown = call.shown(one, notices)
            shown_mother = call.register.by_key[shown["mother"]]
            return as_json(
                {
                    "soChungSinh": shown["number"],
                    "gioiTinh": {"male": "1", "female": "2"}.get(shown["gender"], "3"),
                    "ngaySinh": day_first(shown["birth_date"]),
                    "noiSinh": shown["birth_place"],
                    "canNang": int(shown["weight"]),
                    "me": {"hoTen": shown_mother.full_name, "soDinhDanh": shown_mother.personal_id},
                }
            )
    return as_json({})


def death_notice(call: Call) -> Reply:
    """The death of a person, known to the facility before the register."""
    person = call.register.find(text_of(call.words(), "soDinhDanh"))
    if person is None or person.death is None:
        return as_json({})
    one = call.shown(person, [other for other in call.register.people if other.death])
    if one.death is None:
        return as_json({})
    return as_json(
        {
            "soDinhDanh": one.personal_id,
            "ngayChet": day_first(one.death.date),
            "noiChet": one.death.place,
            "nguyenNhan": one.death.cause,
        }
    )


def driver_check(call: Call) -> Reply:
    """The latest health check of a driver."""
    person = call.register.find(text_of(call.words(), "soDinhDanh"))
    if person is None or person.health_check is None:
        return as_json({})
    one = call.shown(person, [other for other in call.register.people if other.health_check])
    if one.health_check is None:
        return as_json({})
    passed = one.health_check.conclusion == "eligible"
    return as_json(
        {
            "soDinhDanh": one.personal_id,
            "hang": list(one.health_check.classes),
            "ketLuan": "Đủ điều kiện sức khỏe" if passed else "Không đủ điều kiện sức khỏe",
            "ngay": day_first(one.health_check.checked_on),
            "hieuLucDen": day_first(one.health_check.valid_until) or None,
        }
    )
