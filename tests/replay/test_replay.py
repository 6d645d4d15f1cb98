"""The tool of `make replay`: what it takes for equal, and that its set holds what it promises."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

from adapters.sandbox.misbehave import AT_RECEIVERS, Mode
from tests.replay.differing import Difference, differences
from tests.replay.houses import houses
from tests.replay.meant import sorted_out
from tests.replay.placeholders import replaced
from tests.replay.recorded_requests import recorded
from tests.replay.sides import ROOT

NOW = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
ONE, OTHER = "01M8F4X2ZXV10YN83R9MQ9WE48", "01M8F4X327PEAH07S5W1WJMM22"


def test_ids_differ_but_which_stands_where_does_not() -> None:
    same = replaced(f'{{"a":"{ONE}","b":"{ONE}-1"}}', NOW)
    assert same == replaced(f'{{"a":"{OTHER}","b":"{OTHER}-4"}}', NOW)
    assert same != replaced(f'{{"a":"{ONE}","b":"{OTHER}-1"}}', NOW)


def test_order_and_values_of_members_count() -> None:
    texts = [
        '{"a":1,"elapsed_ms":3}',
        '{"elapsed_ms":3,"a":1}',
        '{"a":2,"elapsed_ms":3}',
        '{"a":1,"elapsed_ms":3 }',
    ]
    assert len({replaced(text, NOW) for text in texts}) == len(texts)
    assert replaced('{"a":1,"elapsed_ms":14}', NOW) == replaced(texts[0], NOW)


def test_times_near_now_are_compared_by_minutes_and_others_as_they_are() -> None:
    assert replaced('"2026-11-27T18:00:01.881Z"', NOW) == replaced('"2026-11-27T18:00:02.000Z"', NOW)
    assert replaced('"2026-11-27T18:05:01.881Z"', NOW) != replaced('"2026-11-27T18:00:01.881Z"', NOW)
    assert replaced('"2026-11-27T18:00:01Z"', NOW) != replaced('"2026-11-27T18:00:01.881Z"', NOW)
    assert replaced('"2020-01-01T00:00:00Z","1990-02-15"', NOW) == '"2020-01-01T00:00:00Z","1990-02-15"'


def test_signed_tokens_are_opened() -> None:
    def part(value: Any) -> str:
        return (
            base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")
        )

    def token(salt: str, name: str) -> str:
        signed = f"{part({'alg': 'EdDSA', 'typ': 'x'})}.{part({'iat': 1795802400, '_sd': [salt]})}.c2ln{salt}"
        return f"{signed}~{part([salt, 'hoTen', name])}~"

    assert replaced(token("aaaa", "Mẫu"), NOW) == replaced(token("bbbb", "Mẫu"), NOW)
    assert replaced(token("aaaa", "Mẫu"), NOW) != replaced(token("aaaa", "Thử"), NOW)


def test_set_holds_every_procedure_every_mode_and_every_house() -> None:
    made = recorded(ROOT)
    assert len(made) >= 300
    modes = {(rule["source"], rule["mode"]) for one in made for rule in one.misbehaving}
    assert {
        (source, str(mode)) for source in ("population", "civil_status") for mode in set(Mode) - AT_RECEIVERS
    } <= modes
    bodies = [one.body for one in made if isinstance(one.body, dict) and one.path == "/v1/prefill"]
    codes = {path.stem for path in (ROOT / "mappings/procedures").glob("*.yaml")}
    assert codes <= {body.get("procedure") for body in bodies}
    assert {one.house for one in made} == set(houses(ROOT))


def test_set_is_the_same_each_time() -> None:
    def plain(one: Any) -> Any:
        return (one.name, one.house, one.method, None if callable(one.body) else one.body, one.misbehaving)

    assert [plain(one) for one in recorded(ROOT)] == [plain(one) for one in recorded(ROOT)]


HEAD = "HTTP/1.1 200 OK\ndate: <date>\n\n"


def found(before: Any, now: Any) -> dict[str, tuple[object, object]]:
    texts = (f"{HEAD}{json.dumps(one)}\ncalls: tax.traCuuMST 1\nno record" for one in (before, now))
    return {one.place: (one.before, one.now) for one in differences(*texts)}


def test_differences_are_told_by_their_places_and_new_evidence_shifts_no_names() -> None:
    person = {"subject": "owner", "source": "population", "data_service": "x"}
    tax = {"subject": "owner", "source": "tax", "data_service": "y"}
    before = {"evidence": {"e1": person}, "fields": {"mst": {"value": "1", "evidence": "e1"}}}
    now = {"evidence": {"e1": tax, "e2": person}, "fields": {"mst": {"value": "2", "evidence": "e2"}}}
    places = found(before, now)
    assert places.pop("answer.fields.mst.value") == ("1", "2")
    assert {
        place.partition(".source")[0].partition(".data")[0].partition(".subject")[0] for place in places
    } == {"answer.evidence.owner/tax.y"}
    papers = [
        [{"code": "a", "state": "replaced"}, {"code": "b", "state": one}] for one in ("replaced", "required")
    ]
    assert found({"papers": papers[0]}, {"papers": papers[1]}) == {
        "answer.papers[b].state": ("replaced", "required")
    }


def meant(place: str, before: object, now: object, request: str = "1.002809 thu") -> bool:
    return bool(next(known for known, _ in sorted_out(request, [Difference(place, before, now)])))


def test_what_is_meant_is_no_wider_than_said() -> None:
    assert meant("answer.papers[licence_copy].state", "replaced", "required")
    assert not meant("answer.papers[licence_copy].state", "required", "replaced")
    assert meant("answer.form.noiCuTru.dcChiTiet", "SỐ 1 PHỐ MẪU", "Số 1 phố Mẫu")
    assert not meant("answer.form.noiCuTru.dcChiTiet", "SỐ 1 PHỐ MẪU", "Số 2 phố Mẫu")
    assert not meant("answer.form.hoTen", "Phạm Văn Thử", "Trần Thị Mẫu")
    assert not meant("answer.fields.hoTen.state", "filled", "disputed")
    assert not meant("answer.status", "HTTP/1.1 200 OK", "HTTP/1.1 503 Service Unavailable")
    assert not meant("record[outcome].calls[a/b/c].outcome", "found", "invalid")
