"""The recorded set: about 300 requests over all procedures, casts, misbehaviours, deadlines, previews and refusals.

The same data give the same requests: they are made from the base tree's people and mappings, without chance.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.replay.people import People, Subject
from tests.replay.request import Earlier, Request
from tests.replay.wrong_requests import BODIES, CONNECTIONS, IDENTIFIERS, WRONG

MODES = (
    "slow hang drip reset drop_after_commit truncate garbage html empty fault200 status429 status503 wrong_person "
    "two_people missing_field extra_field null_field wrong_charset huge gzip_bomb doctype redirect expired_session"
).split()
_MARITAL = "1.004873"
_KEPT = {"phone": "0900417283", "email": "mau.4172@example.vn"}
_Casts = Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]


def recorded(tree: Path) -> list[Request]:
    """All requests in their order. ValueError when two have one name."""
    people = People(tree)
    codes = sorted(path.stem for path in (tree / "mappings/procedures").glob("*.yaml"))
    made = [
        *_shelves(codes),
        *_filled(people),
        *_shaped(people),
        *_misbehaving(people),
        *_late(people),
        *_shown_first(people),
        *_signed(people),
        *_explained(people, codes),
        *_predicates(people),
        *_wrong(people),
        *_looked_back(people),
        *_strict(people),
        *_consented(people),
    ]
    names = [one.name for one in made]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two requests have one name: {', '.join(twice)}")
    return made


def _shelves(codes: list[str]) -> Iterator[Request]:
    """What anybody may read."""
    for path in ("/v1/procedures", "/v1/reasons", "/openapi.json", "/oauth2/jwks", "/docs"):
        yield Request(name=f"get {path}", method="GET", path=path, client="")
    yield Request(
        name="get metadata", method="GET", path="/.well-known/oauth-authorization-server", client=""
    )
    for code in codes:
        yield Request(name=f"procedure {code}", method="GET", path=f"/v1/procedures/{code}", client="")
        yield Request(name=f"form {code}", method="GET", path=f"/v1/procedures/{code}/form", client="")
    yield Request(name="procedure by alias", method="GET", path="/v1/procedures/1.013978", client="")
    yield Request(name="procedure unknown", method="GET", path="/v1/procedures/1.004874", client="")
    yield Request(name="form unknown", method="GET", path="/v1/procedures/9.999999/form", client="")
    yield Request(name="head of procedures", method="HEAD", path="/v1/procedures", client="")
    yield Request(name="sources before anything was asked", method="GET", path="/v1/sources")
    form = b"grant_type=client_credentials&scope=prefill"
    media = {"Content-Type": "application/x-www-form-urlencoded"}
    yield Request(name="token", path="/oauth2/token", body=form, client="basic portal", headers=media)
    yield Request(name="token without a secret", path="/oauth2/token", body=form, client="", headers=media)
    yield Request(
        name="token of another grant", path="/oauth2/token", body=b"grant_type=password", client="basic portal",
        headers=media,
    )  # fmt: skip


def _filled(people: People) -> Iterator[Request]:
    """Every procedure with several casts, each in the name of an official of its own."""
    for code, name, subjects, more in _casts(people):
        body = {"procedure": code, "subjects": subjects, "official": people.official(), **more}
        yield Request(name=f"{code} {name}", body=body)


def _casts(people: People) -> _Casts:
    yield from _births(people)
    yield from _marriages_and_deaths(people)
    yield from _businesses_and_land(people)
    yield from _residences(people)
    yield from _things(people)
    for key in ("mau thu hanh quan nhai foreigner old_id_only tuong missing blocked catholic no_permanent "
                "upper_name tay sang").split():  # fmt: skip
        yield (
            _MARITAL,
            f"{key} for himself or herself",
            {"requester": people[key], "person": {"same_as": "requester"}},
            {},
        )
    for requester, person in (
        ("mau", "quan"),
        ("thu", "catholic"),
        ("guardian", "orphan"),
        ("doan", "duyen"),
    ):
        yield (
            _MARITAL,
            f"{requester} for {person}",
            {"requester": people[requester], "person": people[person]},
            {},
        )
    for key in "thu quan driver_expired driver_no_check mau foreigner missing".split():
        yield "1.002809", key, {"applicant": people[key]}, {}
    for key in "khai luu loc nhai doan thom death_unregistered two_surnames".split():
        yield "1.014027", key, {"applicant": people[key]}, {}
    for key in "mau name_differs soldier old_id_only khai graduate mixed_name thu".split():
        yield "9.000001", key, {"applicant": people[key]}, {}


def _things(people: People) -> _Casts:
    for key in ("director_wife", "mau"):
        yield "2.000720", key, {"requester": {"same_as": "owner"}, "owner": people[key]}, {}
    for key in ("graduate", "quan"):
        yield "9.000002", key, {"applicant": people[key]}, {}
    car = {"registration_no": "89A-96325", "number": "RLMAU265606379197"}
    for key in ("thu", "quan"):
        yield "9.000003", key, {"owner": people[key], "vehicle": car}, {}


def _births(people: People) -> _Casts:
    family: dict[str, Any] = {
        "requester": {"same_as": "mother"}, "mother": people["mau"], "father": people["thu"],
        "child": people.newborn("newborn_mau"),
    }  # fmt: skip
    without = {role: one for role, one in family.items() if role != "father"}
    for code in ("1.001193", "2.000986"):
        yield code, "parents who are married", family, {}
        yield code, "no father", without, {}
        yield code, "a child without a name", {**family, "child": {}}, {}
        yield code, "the father files", {**family, "requester": {"same_as": "father"}}, {}
        yield code, "another man as father", {**family, "father": people["quan"]}, {}
        yield code, "a grandmother files for a single mother", {
            "requester": people["hoa"], "mother": people["single_mother"], "child": {},
        }, {}  # fmt: skip
        yield code, "a foreign father", {
            "requester": {"same_as": "mother"}, "mother": people["trang"], "father": people["foreigner"], "child": {},
        }, {}  # fmt: skip
    yield "2.000986", "a head of household is named", {**family, "household_head": people["doan"]}, {}


def _marriages_and_deaths(people: People) -> _Casts:
    for male, female in (
        ("quan", "single_mother"), ("soldier", "hanh"), ("sang", "duyen"), ("foreigner", "upper_name"),
        ("catholic", "tay"), ("old_id_only", "graduate"), ("thu", "mau"), ("divided_b", "two_surnames"),
    ):  # fmt: skip
        yield "1.000894", f"{male} and {female}", {"male": people[male], "female": people[female]}, {}
    for requester, deceased in (
        ("mau", "dead_recent"), ("quan", "tuong"), ("catholic", "catholic_wife"), ("hanh", "death_unregistered"),
        ("loc", "hoa"), ("nhai", "missing"),
    ):  # fmt: skip
        subjects = {"requester": people[requester], "deceased": people[deceased]}
        yield "1.000656", f"{requester} for {deceased}", subjects, {}


def _businesses_and_land(people: People) -> _Casts:
    for key in ("director_wife", "quan", "mau"):
        yield "1.001612", f"{key} alone", {"requester": {"same_as": "owner"}, "owner": people[key]}, {}
    yield "1.001612", "two members", {
        "requester": people["thu"], "owner": people["mau"], "members": [people["thu"], people["hoa"]],
    }, {}  # fmt: skip
    yield "1.001612", "members who are the owner, twice the same and one unknown", {
        "requester": {"same_as": "owner"}, "owner": people["mau"],
        "members": [{"same_as": "owner"}, people["doan"], people["doan"], people["missing"]],
    }, {}  # fmt: skip
    for code, role in (("1.013225", "owner"), ("1.012753", "user")):
        for key, parcel in (("mau", 0), ("doan", 1), ("doan", 0), ("old_commune", 1)):
            yield code, f"{key} on parcel {parcel}", {role: people[key], "parcel": people.parcel(parcel)}, {}
        nowhere = {**people.parcel(0), "number": "9999"}
        yield code, "a parcel that is nowhere", {role: people["thu"], "parcel": nowhere}, {}
    for place in (0, 1):
        subjects = {"owner": people.enterprise(place), "parcel": people.parcel(0)}
        yield "1.013225", f"enterprise {place}", subjects, {}
    for voucher in people.content["vouchers"]:
        subjects = {"user": people[voucher["payer"]], "parcel": people.parcel(0)}
        yield (
            "1.012753",
            f"{voucher['number']} paid by {voucher['payer']}",
            subjects,
            {"dossier": voucher["dossier"]},
        )


def _residences(people: People) -> _Casts:
    for (
        key
    ) in "mau thu gia_bao hanh old_commune divided_a divided_c no_permanent catholic old_id_only".split():
        yield "1.004222", key, {"applicant": people[key]}, {}
    for key in "quan ngoc_linh orphan director two_surnames divided_b".split():
        yield "1.004194", key, {"applicant": people[key]}, {}
    yield "1.004222", "an owner with a parcel", {
        "applicant": people["thu"], "owner": people["mau"], "parcel": people.parcel(0),
    }, {}  # fmt: skip
    yield "1.004222", "a certificate in the store", {
        "applicant": people["quan"], "owner": people["doan"], "parcel": people.parcel(0),
    }, {}  # fmt: skip
    yield "1.004222", "two members and a head", {
        "applicant": people["mau"], "household_head": people["doan"],
        "members": [people["gia_bao"], people["ngoc_linh"]],
    }, {}  # fmt: skip


def _marital(people: People, key: str = "mau", **more: Any) -> dict[str, Any]:
    subjects = {"requester": people[key], "person": {"same_as": "requester"}}
    return {"procedure": _MARITAL, "subjects": subjects, "official": people.official(), **more}


def _shaped(people: People) -> Iterator[Request]:
    """The other members of a request."""
    for key in ("mau", "quan", "tay"):
        body = _marital(people, key)
        del body["official"]
        yield Request(name=f"nobody is named, {key}", body=body)
        yield Request(name=f"nobody is named, {key} again, answers are kept", body=body)
    account = {
        "HoVaTen": "TRẦN THỊ MẪU", "SoDinhDanh": people["mau"]["personal_id"], "SoDienThoai": "0900000001",
        "ThuDienTu": "mau@example.vn", "NgayCap": "20210830",
    }  # fmt: skip
    shapes: dict[str, dict[str, Any]] = {
        "one field": {"fields": ["nycHoTen"]},
        "fields of one source": {"fields": ["nxnHoTen", "nxnNgaySinh"]},
        "a field that only the citizen knows": {"fields": ["nxnMucDichSuDung"]},
        "no fields": {"fields": []},
        "known text": {"known": {"nxnMucDichSuDung": "Kết hôn"}},
        "known instead of the source": {"known": {"nxnHoTen": "Tên Khác", "nxnNgaySinh": "16/02/1990"}},
        "known address": {"known": {"nxnNoiCuTru": {"dcChiTiet": "Số 9", "maXa": "11953", "maTinh": "33"}}},
        "known null": {"known": {"nxnHoTen": None}},
        "account": {"account": account},
        "account of one claim": {"account": {"SoDienThoai": "0900000001"}},
        "account of odd types": {"account": {"SoDienThoai": 900000001, "HoVaTen": True, "NgayCap": None}},
        "account of an unknown claim": {"account": {"MauMat": "nâu"}},
        "account with another name": {"account": {"HoVaTen": "TRẦN THỊ MẬU"}},
        "dossier": {"dossier": "H31.14-260105-0007"},
        "purpose as it is": {"purpose": "civil_registration"},
        "consent that is none": {"consent": "cs-abcdefghijkmnpqrstuvwxyz"},
        "mandate": {"mandate": "UQ-2026-17"},
        "procedure of a unit": {"procedure": "1.004873.H31"},
        "everything at once": {
            "account": account, "known": {"nxnMucDichSuDung": "Kết hôn"}, "dossier": "H31.14-260105-0008",
            "fields": ["nycHoTen", "nxnHoTen", "nxnTinhTrangHonNhan", "nxnMucDichSuDung"], "deadline_ms": 2500,
        },
    }  # fmt: skip
    for name, more in shapes.items():
        yield Request(name=f"shape: {name}", body=_marital(people, **more))
    liar = {**people["mau"], "full_name": "Kẻ Mạo Danh"}
    yield Request(name="shape: another name", body=_about(people, liar))
    yield Request(
        name="shape: another birth date", body=_about(people, {**people["quan"], "birth_date": "1994-12-25"})
    )
    yield Request(
        name="shape: birth year only", body=_about(people, {**people["hanh"], "birth_date": "1988"})
    )
    yield Request(
        name="shape: birth month only", body=_about(people, {**people["hanh"], "birth_date": "1988-03"})
    )
    yield Request(name="shape: old number", body=_about(people, people["old_id_only"]))
    decomposed = {**people["doan"], "full_name": "Tra\u0302\u0300n Va\u0306n \u0110oa\u0300n"}
    yield Request(name="shape: name in decomposed form", body=_about(people, decomposed))
    yield Request(
        name="shape: one gate", body=_marital(people, official=people.official()), client="one_gate"
    )
    land = {
        "procedure": "1.012753", "subjects": {"user": people["mau"], "parcel": people.parcel(0)},
        "official": people.official(), "dossier": "H31.17-260108-0042",
    }  # fmt: skip
    yield Request(name="shape: one gate about land", body=land, client="one_gate")
    official = {**people.official(), "account": "canbo.14", "full_name": "Nguyễn Văn Cán"}
    yield Request(name="shape: official with a name", body=_marital(people, official=official))
    for name, body in {"answer": _marital(people), "refusal": _marital(people, procedure="1.004874")}.items():
        wanted = {"Accept-Signature": 'back=("@status" "content-digest");nonce="replay-1"'}
        yield Request(name=f"shape: a signature under the {name}", body=body, headers=wanted)
    yield Request(
        name="shape: five at once share a call", copies=5,
        # one source only: whose call is shared is then all that chance decides
        body=_marital(people, fields=["nxnHoTen", "nxnNgaySinh"]),
        misbehaving=({"source": "population", "mode": "slow", "seconds": 0.6},),
    )  # fmt: skip
    yield Request(
        name="shape: the client goes away", body=_marital(people, dossier="H31.14-260105-0099"), hangs_up=0.4,
        misbehaving=({"source": "population", "mode": "slow", "seconds": 1.5},), rest=2.0,
    )  # fmt: skip


def _about(people: People, subject: Subject) -> dict[str, Any]:
    return {**_marital(people), "subjects": {"requester": subject, "person": {"same_as": "requester"}}}


def _misbehaving(people: People) -> Iterator[Request]:
    """Every mode at a SOAP source and at a REST one; then the modes that depend on the source elsewhere."""
    for source in ("population", "civil_status"):
        for mode in MODES:
            yield from _misbehaved(people, source, mode)
    yield from _edited(people)
    casts: dict[str, Callable[[], dict[str, Any]]] = {
        "paper_store": lambda: _cast(people, "1.013225", owner=people["doan"], parcel=people.parcel(1)),
        "land": lambda: _cast(people, "1.013225", owner=people["mau"], parcel=people.parcel(0)),
        "enterprise": lambda: _cast(people, "1.013225", owner=people.enterprise(0), parcel=people.parcel(0)),
        "tax": lambda: _cast(people, "1.001612", requester=people["mau"], owner=people["mau"]),
        "health_card": lambda: _cast(people, "9.000001", applicant=people["mau"]),
        "social_insurance": lambda: _cast(people, "1.014027", applicant=people["loc"]),
        "driving_licence": lambda: _cast(people, "1.002809", applicant=people["thu"]),
        "health": lambda: _cast(people, "1.000656", requester=people["mau"], deceased=people["dead_recent"]),
    }
    for source, cast in casts.items():
        for mode in ("fault200", "wrong_person", "expired_session", "two_people", "null_field", "garbage"):
            yield Request(
                name=f"{source} does {mode}", body=cast(), misbehaving=({"source": source, "mode": mode},)
            )  # fmt: skip
    both = tuple({"source": source, "mode": "reset"} for source in ("population", "civil_status"))
    yield Request(name="both sources reset", body=_marital(people), misbehaving=both)
    every = tuple({"source": source, "mode": "garbage"} for source in (*casts, "population", "civil_status"))
    yield Request(
        name="every source answers garbage", misbehaving=every,
        body=_cast(people, "1.004222", applicant=people["thu"], owner=people["mau"], parcel=people.parcel(0)),
    )  # fmt: skip


def _cast(people: People, code: str, **subjects: Subject) -> dict[str, Any]:
    return {"procedure": code, "subjects": subjects, "official": people.official()}


def _misbehaved(people: People, source: str, mode: str) -> Iterator[Request]:
    rule: dict[str, Any] = {"source": source, "mode": mode}
    name = f"{source} does {mode}"
    if mode == "slow":
        yield Request(name=name, body=_marital(people), misbehaving=({**rule, "seconds": 0.4},))
    elif mode in ("hang", "drip"):
        yield Request(name=name, body=_marital(people, deadline_ms=700), misbehaving=(rule,))
        yield _events(f"{name}, what comes late", name)
    elif mode.startswith("status"):
        yield Request(name=name, body=_marital(people), misbehaving=({**rule, "seconds": 2},))
        yield Request(name=f"{name}, and again while it is paused", body=_marital(people), rest=2.5)
    else:
        yield Request(name=name, body=_marital(people), misbehaving=(rule,))


def _edited(people: People) -> Iterator[Request]:
    for field in "SoDinhDanh HoVaTen NgayThangNamSinh TinhTrangHonNhan NoiThuongTru".split():
        for mode in ("missing_field", "null_field"):
            rule = {"source": "population", "mode": mode, "field": field}
            yield Request(name=f"population, {mode} {field}", body=_marital(people), misbehaving=(rule,))
    once = {"source": "civil_status", "mode": "expired_session", "times": 1}
    yield Request(name="civil_status, session expired once", body=_marital(people), misbehaving=(once,))
    once = {"source": "population", "mode": "reset", "times": 1}
    yield Request(name="population, reset once", body=_marital(people), misbehaving=(once,))


def _pending(name: str) -> Callable[[Earlier], Any]:
    return lambda earlier: {"pending": earlier[name]["pending"]}


def _events(name: str, first: str) -> Request:
    """The stream of what comes late, until its end."""
    return Request(
        name=name, path="/v1/prefill/resume", body=_pending(first), headers={"Accept": "text/event-stream"}
    )


def _late(people: People) -> Iterator[Request]:
    """Short deadlines, and what is fetched after them."""
    for source, seconds in (("population", 1.2), ("civil_status", 1.2)):
        for way in ("json", "events"):
            first = f"{source} is late, {way}"
            slow = ({"source": source, "mode": "slow", "seconds": seconds},)
            yield Request(name=first, body=_marital(people, deadline_ms=400), misbehaving=slow)
            if way == "events":
                yield _events(f"{first}, fetched", first)
                yield _events(f"{first}, fetched again", first)
            else:
                yield Request(name=f"{first}, fetched", path="/v1/prefill/resume", body=_pending(first))
                yield Request(name=f"{first}, fetched again", path="/v1/prefill/resume", body=_pending(first))
    first = "found on the way, both waves late"
    yield Request(
        name=first, body={**_cast(people, "1.004222", applicant=people["gia_bao"]), "deadline_ms": 400},
        # one operation only: of two late answers at once, either may be recorded first
        misbehaving=(
            {"source": "population", "operation": "TraCuuThongTinCongDan", "mode": "slow", "seconds": 0.9},
        ),
    )  # fmt: skip
    yield _events(f"{first}, fetched", first)
    first = "late and signed"
    slow = ({"source": "civil_status", "mode": "slow", "seconds": 1.2},)
    yield Request(name=first, body=_marital(people, deadline_ms=400, passport="sd-jwt"), misbehaving=slow)
    yield Request(name=f"{first}, fetched", path="/v1/prefill/resume", body=_pending(first))
    first = "late, and nobody confirms the number"
    liar = {**_about(people, {**people["quan"], "full_name": "Ngô Văn Khác"}), "deadline_ms": 400}
    yield Request(
        name=first, body=liar, misbehaving=({"source": "population", "mode": "slow", "seconds": 1.2},)
    )
    yield _events(f"{first}, fetched", first)
    first = "late, asked for by another first"
    yield Request(name=first, body=_marital(people, "sang", deadline_ms=400), misbehaving=slow)
    yield Request(
        name=f"{first}, not by another", path="/v1/prefill/resume", body=_pending(first), client="one_gate"
    )
    yield _events(f"{first}, fetched", first)
    unknown = {"pending": "p_3q2-7wAAAAB"}
    yield Request(name="late: a token that is none", path="/v1/prefill/resume", body=unknown)
    yield Request(
        name="late: a token that is none, events", path="/v1/prefill/resume", body=unknown,
        headers={"Accept": "text/event-stream"},
    )  # fmt: skip
    yield Request(name="late: no token at all", path="/v1/prefill/resume", body={})


def _decision(name: str, *, refused: str) -> Callable[[Earlier], Any]:
    """Refuses the evidence of these sources (`*`: all)."""

    def made(earlier: Earlier) -> Any:
        shown = earlier[name]
        no = [
            key
            for key, one in shown["evidence"].items()
            if refused == "*" or one["source"] in refused.split()
        ]
        yes = [key for key in shown["evidence"] if key not in no]
        return {"exchange_id": shown["exchange_id"], "accepted": yes, "refused": no}

    return made


def _shown_first(people: People) -> Iterator[Request]:
    """Previews and what the citizen decides."""
    path = "/v1/prefill/decision"
    bodies: dict[str, Callable[[], dict[str, Any]]] = {
        "marital": lambda: _marital(people, known={"nxnMucDichSuDung": "Kết hôn"}),
        "marital signed": lambda: _marital(people, passport="sd-jwt", account={"SoDienThoai": "0900000001"}),
        "birth": lambda: _cast(
            people, "2.000986", mother=people["mau"], father=people["thu"], child={},
            requester={"same_as": "mother"},
        ),
        "card": lambda: _cast(people, "9.000001", applicant=people["name_differs"]),
        "land": lambda: _cast(people, "1.013225", owner=people["doan"], parcel=people.parcel(1)),
    }  # fmt: skip
    for about, body in bodies.items():
        for refused in ("", "population", "*"):
            name = f"preview, {about}, refusing {refused or 'nothing'}"
            yield Request(name=name, body={**body(), "preview": True})
            yield Request(name=f"{name}, decided", path=path, body=_decision(name, refused=refused))
    yield Request(name=f"{name}, decided again", path=path, body=_decision(name, refused=""))
    first = "preview, decided wrongly"
    yield Request(name=first, body=_marital(people, preview=True))
    for wrong, (accepted, refused_too) in {
        "of nothing": ([], []), "unknown evidence": ([], ["e77"]),
        "twice": (["e1"], ["e1"]), "odd evidence": ([], ["x"]),
    }.items():  # fmt: skip
        decision = _with_exchange(first, {"accepted": accepted, "refused": refused_too})
        yield Request(name=f"{first}, {wrong}", path=path, body=decision)
    yield Request(
        name=f"{first}, by another", path=path, body=_decision(first, refused=""), client="one_gate"
    )  # fmt: skip
    late = "preview, late"
    slow = ({"source": "civil_status", "mode": "slow", "seconds": 1.2},)
    yield Request(name=late, body=_marital(people, preview=True, deadline_ms=400), misbehaving=slow)
    yield Request(name=f"{late}, decided too early", path=path, body=_decision(late, refused=""))
    yield _events(f"{late}, fetched", late)


def _with_exchange(name: str, body: dict[str, Any]) -> Callable[[Earlier], Any]:
    return lambda earlier: {"exchange_id": earlier[name]["exchange_id"], **body}


def _signed(people: People) -> Iterator[Request]:
    """Answers under one signature."""
    for code, subjects in {
        "9.000001": {"applicant": people["mau"]}, "1.014027": {"applicant": people["khai"]},
        "1.004222": {"applicant": people["gia_bao"]}, "1.002809": {"applicant": people["thu"]},
        "1.000894": {"male": people["quan"], "female": people["single_mother"]},
    }.items():  # fmt: skip
        yield Request(name=f"signed {code}", body={**_cast(people, code, **subjects), "passport": "sd-jwt"})
    down = tuple({"source": source, "mode": "reset"} for source in ("population", "civil_status"))
    yield Request(
        name="signed and empty", body=_marital(people, "hanh", passport="sd-jwt"), misbehaving=down
    )  # fmt: skip


def _explained(people: People, codes: list[str]) -> Iterator[Request]:
    casts = {code: subjects for code, _, subjects, _ in _casts(people)}
    for code in codes:
        body = {"procedure": code, "subjects": casts[code], "official": people.official()}
        yield Request(name=f"explain {code}", path="/v1/explain", body=body)
    for code in ("1.012753", "1.004873", "1.002809"):
        body = {"procedure": code, "subjects": casts[code], "official": people.official()}
        yield Request(name=f"explain {code} to one gate", path="/v1/explain", body=body, client="one_gate")
    other = _marital(people, purpose="driving_licence", fields=["nycHoTen"])
    yield Request(name="explain another purpose", path="/v1/explain", body=other)


def _predicates(people: People) -> Iterator[Request]:
    path = "/v1/predicates"
    every = ["age_at_least:18", "resident_of:33", "alive", "unmarried"]
    for key in "mau quan gia_bao khai tuong luu hanh no_permanent missing".split():
        body = {"subject": people[key], "predicates": every, "official": people.official()}
        yield Request(name=f"predicates about {key}", path=path, body=body)
    wrong: dict[str, dict[str, Any]] = {
        "not agreed": {"predicates": ["age_at_least:21"]},
        "asked twice": {"predicates": ["age_at_least:18", "age_at_least:60"]},
        "unknown": {"predicates": ["age_at_lest:18"]},
        "without its parameter": {"predicates": ["age_at_least"]},
        "of no province": {"predicates": ["resident_of:99"]},
        "none": {"predicates": []},
        "another purpose": {"predicates": ["alive"], "purpose": "data_subject_access"},
        "another name": {"predicates": ["alive"], "subject": {**people["mau"], "full_name": "Ngô Văn Khác"}},
    }
    for name, more in wrong.items():
        body = {"subject": people["mau"], "official": people.official(), **more}
        yield Request(name=f"predicates, {name}", path=path, body=body)
    down = ({"source": "population", "mode": "garbage"},)
    body = {"subject": people["mau"], "predicates": every, "official": people.official()}
    yield Request(name="predicates, the source answers garbage", path=path, body=body, misbehaving=down)


def _wrong(people: People) -> Iterator[Request]:
    """Requests that are refused, by the door and by the use case."""
    for name, raw in BODIES.items():
        yield Request(name=f"body: {name}", body=raw)
    for name, number in IDENTIFIERS.items():
        subjects = {"requester": {**people["mau"], "personal_id": number}, "person": {"same_as": "requester"}}
        yield Request(name=f"number: {name}", body={"procedure": _MARITAL, "subjects": subjects})
    for name, whole in CONNECTIONS.items():
        yield Request(name=f"connection: {name}", whole=whole)
    for name, change in WRONG.items():
        yield Request(name=f"refused: {name}", body={**_marital(people), **change})
    good = json.dumps(_marital(people)).encode()
    for name, headers in {
        "another media type": {"Content-Type": "application/xml"}, "no media type": {"Content-Type": ""},
        "another charset": {"Content-Type": "application/json; charset=utf-7"},
        "a packed body": {"Content-Encoding": "gzip"}, "another expectation": {"Expect": "200-ok"},
    }.items():  # fmt: skip
        yield Request(name=f"refused: {name}", body=good, headers=headers)
    yield Request(name="refused: too large", body=good + b" " * 300_000)
    yield Request(name="refused: no token", body=good, client="")
    for name, token in {"garbage": "Bearer x.y.z", "basic": "Basic cG9ydGFsOng=", "empty": "Bearer "}.items():
        yield Request(name=f"refused: token, {name}", body=good, client="", headers={"Authorization": token})
    for client in ("auditor", "citizen"):
        yield Request(name=f"refused: scope of {client}", body=_marital(people), client=client)
    yield Request(name="refused: no such path", method="GET", path="/v1/nothing")
    yield Request(name="refused: no such method", method="PUT", body=good)
    yield Request(name="refused: get of a post", method="GET")
    yield Request(name="refused: head of a post", method="HEAD")
    yield Request(name="refused: options", method="OPTIONS", client="")
    yield Request(name="refused: sources without a token", method="GET", path="/v1/sources", client="")
    business = _cast(people, "1.001612", requester=people["mau"], owner=people["mau"])
    yield Request(name="refused: no agreement for the procedure", body=business, client="one_gate")
    land = _cast(people, "1.012753", user=people["mau"], parcel=people.parcel(0))
    yield Request(name="refused: no dossier", body=land, client="one_gate")
    yield Request(name="refused: dossier of elsewhere", body={**land, "dossier": "X9-1"}, client="one_gate")
    unnamed = {key: one for key, one in land.items() if key != "official"} | {"dossier": "H31.14-260105-0001"}
    yield Request(name="refused: no official", body=unnamed, client="one_gate")
    crowd = {"owner": people["mau"], "requester": {"same_as": "owner"}, "members": [people["thu"]] * 31}
    yield Request(name="refused: too many in a list", body={"procedure": "1.001612", "subjects": crowd})
    parcel = {"owner": people.parcel(0), "parcel": people["mau"]}
    yield Request(name="refused: a parcel as owner", body={"procedure": "1.013225", "subjects": parcel})
    listed = {"requester": [people["mau"]], "person": {"same_as": "requester"}}
    yield Request(name="refused: a list for one", body={"procedure": _MARITAL, "subjects": listed})


def _looked_back(people: People) -> Iterator[Request]:
    """What is asked about earlier exchanges: attest, corrections, audit, usage."""
    first = "attested"
    yield Request(name=first, body=_marital(people, "tay"))

    def attest(change: dict[str, Any]) -> Callable[[Earlier], Any]:
        return lambda earlier: {
            "exchange_id": earlier[first]["exchange_id"], "form": {**earlier[first]["form"], **change},
        }  # fmt: skip

    for name, change in {
        "as it was": {}, "another name": {"nxnHoTen": "Tên Khác"},
        "more": {"nxnMucDichSuDung": "Kết hôn", "mauMat": "nâu"},
    }.items():  # fmt: skip
        yield Request(name=f"attest {name}", path="/v1/attest", body=attest(change), again_while=(404,))
    yield Request(name="attest by another", path="/v1/attest", body=attest({}), client="one_gate")

    def report(earlier: Earlier) -> Any:
        return {
            "subject": people["tay"], "source": "population", "attribute": "person.birth_date",
            "why": "citizen_corrects", "shown": people["tay"]["birth_date"], "correct": "1989-09-20",
            "grounds": "Giấy khai sinh số 12", "exchange_id": earlier[first]["exchange_id"],
        }  # fmt: skip

    yield Request(name="correction", path="/v1/corrections", body=report, again_while=(404,))
    yield Request(
        name="correction of nowhere", path="/v1/corrections",
        body=lambda earlier: {**report(earlier), "source": "nowhere"},
    )  # fmt: skip

    def records(earlier: Earlier) -> str:
        return f"/v1/audit/records/{earlier[first]['exchange_id']}"

    yield Request(name="records of an exchange", method="GET", path=records, client="auditor")
    yield Request(
        name="search by exchange", path="/v1/audit/search", client="auditor",
        body=lambda earlier: {"exchange_id": earlier[first]["exchange_id"]},
    )  # fmt: skip
    yield Request(
        name="search of refusals", path="/v1/audit/search", client="auditor",
        body={"phase": "refusal", "result": "dossier_missing"},
    )  # fmt: skip
    yield Request(
        name="identify", path="/v1/audit/identify", client="auditor",
        body=_with_exchange(first, {"reason": "Khiếu nại số 12/KN-2026 về việc tra cứu"}),
    )  # fmt: skip
    usage = {"subject": {"personal_id": people["tay"]["personal_id"]}}
    yield Request(name="usage", path="/v1/usage", body=usage, client="citizen")
    yield Request(name="sources after everything", method="GET", path="/v1/sources")


def _strict(people: People) -> Iterator[Request]:
    """Quotas, breakers and an agreement that ended."""
    down = ({"source": "driving_licence", "mode": "reset"},)
    keys = ("quan", "driver_expired", "driver_no_check", "hanh", "tay", "doan", "loc")
    for key in keys:
        body = _cast(people, "1.002809", applicant=people[key])
        yield Request(name=f"breaker, {key}", house="strict", body=body, misbehaving=down)
    body = _cast(people, "1.002809", applicant=people["sang"])
    yield Request(name="breaker is open", house="strict", body=body)
    yield Request(name="breaker, sources", house="strict", method="GET", path="/v1/sources")
    for number in range(1, 9):
        yield Request(name=f"quota, time {number}", house="strict", body=_marital(people, "mau"))
    explained = _marital(people, "mau")
    yield Request(name="quota, explained", house="strict", path="/v1/explain", body=explained)
    yield Request(name="quota of another person", house="strict", body=_marital(people, "thu"))
    yield Request(name="agreement is over", house="strict", body=_marital(people, "quan"), client="one_gate")
    for number in range(1, 8):
        liar = {**people["catholic"], "birth_date": f"1970-12-{number:02}"}
        body = {
            **_about(people, liar),
            "official": {"personal_id": "033093900001", "agency": "000.00.14.H31"},
        }
        yield Request(name=f"guess {number}", house="strict", body=body)


def _consented(people: People) -> Iterator[Request]:
    """The ground is the person's own yes; and what is kept under it fills the next form."""
    applicant = people["mau"]
    ask: dict[str, Any] = {"procedure": "1.004222", "subjects": {"applicant": applicant}}
    end = (datetime.now(UTC) + timedelta(days=300)).strftime("%Y-%m-%dT00:00:00Z")
    given: dict[str, Any] = {
        "subject": {"personal_id": applicant["personal_id"]}, "purpose": "residence_registration",
        "attributes": {"population.TraCuuThongTinCongDan": ["full_name", "gender"]},
        "text_version": "giu-du-lieu-2026-01", "language": "vi", "channel": "portal", "expires_at": end,
    }  # fmt: skip
    place = "consent"

    def under(earlier: Earlier) -> Any:
        return {**ask, "official": official, "consent": earlier["consent, given"]["consent"]}

    official = people.official()
    yield Request(name="consent, missing", house=place, body={**ask, "official": people.official()})
    yield Request(name="consent, given", house=place, path="/v1/consents", body=given)
    for without in ("purpose", "attributes", "expires_at"):
        body = {key: one for key, one in given.items() if key != without}
        yield Request(name=f"consent, without {without}", house=place, path="/v1/consents", body=body)
    yield Request(name="consent, used", house=place, body=under)
    yield Request(name="consent, explained", house=place, path="/v1/explain", body=under)
    yield Request(
        name="consent, for another purpose", house=place,
        body=lambda earlier: {**_marital_of(applicant), "consent": earlier["consent, given"]["consent"]},
    )  # fmt: skip
    yield Request(
        name="consent, withdrawn", house=place, path="/v1/consents/withdraw",
        body=lambda earlier: {"consent": earlier["consent, given"]["consent"]},
    )  # fmt: skip
    yield Request(name="consent, used after its end", house=place, body=under)
    yield from _ended_meanwhile(people, given)
    kept = {"purpose": "keep_own_data", "attributes": {"own_data.kept": list(_KEPT)}}
    yield from _kept(people, {**given, **kept})


def _ended_meanwhile(people: People, given: dict[str, Any]) -> Iterator[Request]:
    """A consent is withdrawn while sources are asked, before what is late is fetched, and before a decision."""
    person = people["quan"]
    read = {
        "driving_licence.traCuu": ["number", "classes", "issued_on", "full_name"],
        "population.TraCuuThongTinCongDan": ["personal_id", "full_name", "life_status"],
    }
    whose = {
        "subject": {"personal_id": person["personal_id"]},
        "purpose": "driving_licence",
        "attributes": read,
    }
    slow = ({"source": "driving_licence", "mode": "slow", "seconds": 1.4},)

    def asked(when: str, **more: Any) -> Callable[[Earlier], Any]:
        body = {**_cast(people, "1.002809", applicant=person), **more}
        return lambda earlier: {**body, "consent": earlier[f"{when}, given"]["consent"]}

    def consent(when: str) -> Request:
        return Request(name=f"{when}, given", house="consent", path="/v1/consents", body={**given, **whose})

    def withdrawal(when: str) -> Request:
        return Request(
            name=f"{when}, withdrawn", house="consent", path="/v1/consents/withdraw",
            body=lambda earlier: {"consent": earlier[f"{when}, given"]["consent"]},
        )  # fmt: skip

    when = "consent ends while sources are asked"
    yield consent(when)
    yield Request(
        name=when, house="consent", body=asked(when, passport="sd-jwt"), misbehaving=slow, meanwhile=withdrawal(when)
    )  # fmt: skip
    signed: dict[str, dict[str, Any]] = {"late": {}, "late and signed": {"passport": "sd-jwt"}}
    for way, more in signed.items():
        when = f"consent ends before it is fetched, {way}"
        yield consent(when)
        yield Request(
            name=when, house="consent", body=asked(when, deadline_ms=400, **more), misbehaving=slow, rest=2
        )  # fmt: skip
        yield withdrawal(when)
        for time in ("once", "twice"):
            name = f"{when}, fetched {time}"
            yield Request(name=name, house="consent", path="/v1/prefill/resume", body=_pending(when))
    when = "consent ends before a decision"
    yield consent(when)
    yield Request(name=when, house="consent", body=asked(when, preview=True))
    yield withdrawal(when)
    yield Request(
        name=f"{when}, decided", house="consent", path="/v1/prefill/decision", body=_decision(when, refused="")
    )  # fmt: skip


def _marital_of(subject: Subject) -> dict[str, Any]:
    return {"procedure": _MARITAL, "subjects": {"requester": subject, "person": {"same_as": "requester"}}}


def _kept(people: People, given: dict[str, Any]) -> Iterator[Request]:
    def ask() -> dict[str, Any]:
        return _cast(people, "1.004222", applicant=people["mau"])

    def keep(earlier: Earlier) -> Any:
        form = {
            **earlier["own data, first form"]["form"],
            "soDienThoai": _KEPT["phone"],
            "email": _KEPT["email"],
        }
        exchange = earlier["own data, first form"]["exchange_id"]
        consent = earlier["own data, consent"]["consent"]
        return {"exchange_id": exchange, "form": form, "keep": True, "consent": consent}

    yield Request(name="own data, consent", path="/v1/consents", body=given)
    yield Request(name="own data, first form", body=ask())
    yield Request(name="own data, kept", path="/v1/attest", body=keep, again_while=(404,))
    yield Request(name="own data, second form", body=ask())
    yield Request(name="own data, preview", body={**ask(), "preview": True, "passport": "sd-jwt"})
    yield Request(
        name="own data, refused", path="/v1/prefill/decision",
        body=_decision("own data, preview", refused="own_data"),
    )  # fmt: skip
    yield Request(name="own data, third form", body=ask())
