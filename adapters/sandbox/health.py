"""Simulated notices of health facilities: births, deaths, drivers' checks (databases.md 6.3, sandbox).

Promises: a newborn without an id is found through the mother; `{}` when the facilities know nothing.
"""

from adapters.sandbox.wire import BadCall, Call, Endpoint, Reply, as_json, day_first, holding, post

SOURCE = "health"


def endpoints() -> tuple[Endpoint, ...]:
    """The three notices."""
    verbs = {"giayChungSinh": birth_notice, "giayBaoTu": death_notice, "khamSucKhoeLaiXe": driver_check}
    return tuple(post(SOURCE, name, verb, f"/yte/1.0/{name}") for name, verb in verbs.items())


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
    found = holding(call, lambda one: one.death)
    if found is None:
        return as_json({})
    person, death = found
    return as_json(
        {
            "soDinhDanh": person.personal_id,
            "ngayChet": day_first(death.date),
            "noiChet": death.place,
            "nguyenNhan": death.cause,
        }
    )


def driver_check(call: Call) -> Reply:
    """The latest health check of a driver."""
    found = holding(call, lambda one: one.health_check)
    if found is None:
        return as_json({})
    person, check = found
    passed = check.conclusion == "eligible"
    return as_json(
        {
            "soDinhDanh": person.personal_id,
            "hang": list(check.classes),
            "ketLuan": "Đủ điều kiện sức khỏe" if passed else "Không đủ điều kiện sức khỏe",
            "ngay": day_first(check.checked_on),
            "hieuLucDen": day_first(check.valid_until) or None,
        }
    )
