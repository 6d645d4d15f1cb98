"""Facts of dossiers: what scores need, and no person."""

from datetime import UTC, datetime

import orjson

from gateway.domain.dossier import (
    Applicant,
    Channel,
    Dossier,
    DossierPaper,
    Fee,
    OwnerId,
    Payment,
    Result,
    Reuse,
    Supplement,
)
from gateway.relay.scoring import facts_of, facts_with_path
from gateway.relay.statuses import fold
from tests.relay.steps import said


def day(number: int, hour: int = 0) -> datetime:
    return datetime(2026, 11, number, hour, tzinfo=UTC)


def whole() -> Dossier:
    return Dossier(
        code="H31.14-261102-0007",
        procedure="1.004873",
        channel=Channel.ONLINE,
        payment=Payment.NATIONAL_PLATFORM,
        has_digitised=True,
        databases=("7", "1", "7", ""),
        filed_at=day(1),
        received_at=day(2),
        due_at=day(9),
        unit="UBND phường Mẫu",
        note="của Trần Thị Mẫu",
        applicant=Applicant(
            name="Trần Thị Mẫu", ids=(OwnerId(kind="personal_id", number="033190771402"),), verified=True
        ),
        papers=(
            DossierPaper(
                title="a", digitised=True, reuse=Reuse.REPLACED, from_store=True, result_code="KQ.1"
            ),
            DossierPaper(title="b", digitised=True, reuse=Reuse.REUSED),
            DossierPaper(title="c", digitised=True, deleted=True),
        ),
        fees=(Fee(title="lệ phí"),),
        supplements=(
            Supplement(id=1, asked_at=day(3), received_at=day(4), asked_by="Nguyễn Văn Mẫu"),
            Supplement(id=2, asked_at=day(5), due_after=day(9)),
            Supplement(id=3),
        ),
        results=(
            Result(code="KQ.2", url="https://gw.example.vn/files/1"),
            Result(code="KQ.3"),
            Result(url="x"),
        ),
    )


def seconds(date: datetime) -> int:
    return int(date.timestamp())


def test_the_facts_are_those_of_the_table() -> None:
    assert facts_of(whole()) == {
        "filed_at": seconds(day(1)), "received_at": seconds(day(2)), "due_at": seconds(day(9)),
        "channel": "online", "payment": "national_platform", "return_method": "counter", "filed_with": "own_portal",
        "verified": True, "has_digitised": True, "databases": ["1", "7"],
        "papers": 2, "digitised": 2, "reused": 1, "replaced": 1, "from_store": 1,
        "fees": 1, "results": 3, "result_files": 2, "result_codes": 1,
        "supplements": [[seconds(day(3)), seconds(day(4)), False], [seconds(day(5)), None, True]],
        "status": "submitted",
    }  # fmt: skip


def test_facts_name_no_person_and_no_official() -> None:
    text = orjson.dumps(facts_of(whole())).decode()
    assert all(word not in text for word in ("Mẫu", "033190771402", "UBND", "example.vn", "lệ phí"))


def test_an_empty_dossier_has_few_facts() -> None:
    assert facts_of(Dossier(code="A", procedure="1")) == {
        "channel": "direct", "payment": "none", "return_method": "counter", "filed_with": "own_portal",
        "status": "submitted",
    }  # fmt: skip


def test_steps_replace_the_status_that_the_dossier_says() -> None:
    facts = facts_with_path(facts_of(whole()), fold(said("accepted@10", "processing@20"), 100))
    assert facts["status"] == "processing"
    assert facts["status_at"] == 20
    assert facts["path"] == [["accepted", 10], ["processing", 20]]
    assert facts["papers"] == 2
    assert orjson.loads(orjson.dumps(facts)) == facts
