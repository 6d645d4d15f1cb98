"""What a gateway that is up says on a terminal: addresses, and lines to paste."""

import shlex
from collections.abc import Mapping
from typing import Any

import orjson

_PROCEDURE = "1.004873"
_AGENCY = "000.00.14.H31"
#: birth registration; who of the sandbox has a marriage certificate in the paper store, and her husband
_BIRTH, _STORED, _FATHER = "1.001193", "marriage_certificate_in_store", "thu"
_BEARER = "Authorization: Bearer $TOKEN"
_POST = f"-H \"{_BEARER}\" -H 'Content-Type: application/json'"
_OPEN_PATHS = (
    "/v1/procedures",
    f"/v1/procedures/{_PROCEDURE}",
    f"/v1/procedures/{_PROCEDURE}/form",
    "/v1/reasons",
    "/health/live",
    "/health/ready",
    "/openapi.json",
    "/docs",
)
#: keys of the sandbox: a mother, her child, a guardian, the ward, a director; the code of his enterprise
_MANDATES = ("mau", "ngoc_linh", "guardian", "orphan", "director")
_ENTERPRISE, _GUARDIANSHIP = "0916911353", "12-2024"
#: a procedure of the sample that an enterprise can open
_PERMIT = "1.013225"
_PEOPLE = 8
_TRAITS = 3


def greeting(content: Mapping[str, Any]) -> str:
    """Addresses, commands to paste for every path of the API, and the sandbox's people."""
    base = content["gateway"]
    shown = content["clients"].get("portal") or {}
    people = [person for person in content["personas"] if person["personal_id"] and person["full_name"]]
    lines = [
        f"Một Lần: {base}/   (mở trong trình duyệt / open in a browser)"
        f"   tài liệu / docs: {base}/docs   admin: {content['admin']}"
    ]
    if shown.get("client_secret"):
        lines += ["", "# mã truy cập / token", _token_line(base, shown)]
        if content["sandbox"] and len(people) > 1:
            lines += _prefill_lines(base, content["sandbox"]["control"], people)
            lines += _paper_lines(base, people)
        lines += ["", "# nguồn dữ liệu / sources", f'curl -s {base}/v1/sources -H "{_BEARER}"']
    if content["sandbox"]:
        lines += _relay_lines(base, content["sandbox"]["control"])
        lines += _login_lines(base, content["sandbox"]["provincial_system"])
        lines += _mandate_lines({person["key"]: person for person in people})
    if content.get("log"):
        lines += [
            "",
            "# khóa công khai của nhật ký / the log's public key",
            f"VKEY='{content['log']['vkey']}'",
        ]
    lines += ["", "# không cần mã truy cập / without a token"]
    lines += [f"curl -s {base}{path}" for path in _OPEN_PATHS]
    if people:
        lines += ["", "# người giả định trong sandbox / invented people (all: config/sandbox/personas.yaml)"]
        lines += [_introduced(person) for person in people[:_PEOPLE]]
    return "\n".join([*lines, "", "Ctrl-C stops."])


def _token_line(base: str, client: Mapping[str, Any]) -> str:
    who = f"{client['client_id']}:{client['client_secret']}"
    return (
        f"TOKEN=$(curl -s -u '{who}' -d grant_type=client_credentials {base}/oauth2/token"
        f" | {_picked('access_token')})"
    )


def _prefill_lines(base: str, control: str, people: list[Mapping[str, Any]]) -> list[str]:
    """The main job, then the same with a slow source: what is late comes with the pending token."""
    slow = '{"source":"civil_status","mode":"slow","seconds":3}'
    resume = f"""curl -sN {base}/v1/prefill/resume {_POST} -d '{{"pending":"'"$PENDING"'"}}'"""
    late = _prefill(base, people[1], deadline_ms=300)
    return [
        "",
        "# điền sẵn / prefill",
        _prefill(base, people[0]),
        "",
        "# một nguồn chậm, hạn chót ngắn: có mã chờ / a slow source and a short deadline give a pending token",
        "# (answers are kept for minutes: for another try take another person of the list below)",
        f"curl -s {control}/misbehave -H 'Content-Type: application/json' -d '{slow}'",
        f"PENDING=$({late} | {_picked('pending')})",
        "# đến muộn / what arrived late: as events, then as JSON",
        f"{resume} -H 'Accept: text/event-stream'",
        resume,
        f"curl -s -X DELETE {control}/misbehave",
    ]


def _paper_lines(base: str, people: list[Mapping[str, Any]]) -> list[str]:
    """A paper that the paper store has: the marriage certificate of a child's parents, searched and fetched."""
    mothers = [one for one in people if _STORED in one["traits"]]
    fathers = [one for one in people if one["key"] == _FATHER]
    if not (mothers and fathers):
        return []
    subjects = {
        "requester": {"same_as": "mother"}, "mother": _subject(mothers[0]), "father": _subject(fathers[0]), "child": {},
    }  # fmt: skip
    body = orjson.dumps({"procedure": _BIRTH, "subjects": subjects}).decode()
    search = f"curl -s {base}/v1/papers/search {_POST} -d {shlex.quote(body)}"
    return [
        "",
        "# giấy tờ đã có trong kho: tra cứu, lấy tệp / a paper that the store has: search, fetch",
        f"REFERENCE=$({search} | {_picked('reference')})",
        f"""curl -s {base}/v1/papers/fetch {_POST} -d '{{"reference":"'"$REFERENCE"'"}}'""",
    ]


def _relay_lines(base: str, control: str) -> list[str]:
    """Dossiers from the simulated portal; a simulated one-gate system that takes them over; the portal's book."""
    to, gateway = orjson.dumps({"to": base, "count": 3}), orjson.dumps({"gateway": base})
    return [
        "",
        "# hồ sơ từ Cổng giả lập, một cửa giả lập tiếp nhận / dossiers of the simulated portal, taken over",
        f"curl -s {control}/portal/submit -d {shlex.quote(to.decode())}",
        f"curl -s {control}/one_gate/start -d {shlex.quote(gateway.decode())}",
        f"curl -s '{control}/portal/ledger?count=5'; curl -s '{control}/one_gate/ledger?count=5'",
        "# thông điệp đến Cổng, nguyên văn / what arrived at the portal, word for word (with &code=: of one dossier)",
        f"curl -s '{control}/portal/messages?count=1'",
        f"curl -s -X POST {control}/one_gate/stop",
    ]


def _login_lines(base: str, system: str) -> list[str]:
    """Deep links of portals, for a browser: the person signs in, and is at the form in a sample provincial system."""
    link = f"MaTTHCDP={_PROCEDURE}&MaCoQuanThucHien={_AGENCY}&MaDVC={_PROCEDURE}.01"
    return [
        "",
        "# đăng nhập một lần, biểu mẫu điền sẵn: mở trong trình duyệt / sign in once, to a filled form: in a browser",
        f"#   {base}/login/start?vnconnect=1&{link}",
        f"#   {base}/login/start?vneid=1&MaTTHC={_PROCEDURE}&{link}",
        f"#   {system}/",
    ]


def _mandate_lines(people: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Who of the sandbox may act for whom, with what the page of mandates asks for."""
    mother, child, guardian, ward, director = (people.get(key) for key in _MANDATES)
    if not (mother and child and guardian and ward and director):
        return []
    return [
        "",
        "# đại diện sau khi đăng nhập / mandates: the account to choose at the portal, and what the page asks for",
        f"#   {mother['full_name']}: cha, mẹ / parent of {_known(child)}",
        f"#   {guardian['full_name']}: người giám hộ / guardian of {_known(ward)}; số / number {_GUARDIANSHIP}",
        f"#   {director['full_name']}, tài khoản doanh nghiệp / account of an enterprise: mã số thuế / tax code "
        f"{_ENTERPRISE} ({_PERMIT})",
    ]


def _known(person: Mapping[str, Any]) -> str:
    day = "/".join(reversed(person["birth_date"].split("-")))
    return f"{person['full_name']}, {person['personal_id']}, {day}"


def _prefill(base: str, person: Mapping[str, Any], **more: object) -> str:
    subjects = {"requester": _subject(person), "person": {"same_as": "requester"}}
    body = orjson.dumps({"procedure": _PROCEDURE, "subjects": subjects, **more}).decode()
    return f"curl -s {base}/v1/prefill {_POST} -d {shlex.quote(body)}"


def _subject(person: Mapping[str, Any]) -> dict[str, Any]:
    return {key: person[key] for key in ("personal_id", "full_name", "birth_date")}


def _picked(name: str) -> str:
    return f"""sed -n 's/.*"{name}":"\\([^"]*\\)".*/\\1/p'"""


def _introduced(person: Mapping[str, Any]) -> str:
    traits = ", ".join(person["traits"][:_TRAITS])
    return f"#   {person['personal_id']}  {person['birth_date']:<10}  {person['full_name']}  ({traits})"
