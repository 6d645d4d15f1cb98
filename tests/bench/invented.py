"""Records of invented exchanges over a year, intent and outcome after one another, as the product would write them."""

import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from gateway.domain.exchange import CallEntry, ExchangeRecord, Phase
from gateway.domain.identifiers import CallId, RequesterId, new_exchange_id
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.merkle import leaf_hash
from gateway.exchange_log.record import encode
from gateway.exchange_log.tag import tag_of
from gateway.keeping.months import Month

#: the twelve months before this one
MONTHS = [str(Month.of(datetime.now(UTC)).plus(back)) for back in range(-12, 0)]
SOURCES = [
    "population",
    "civil_status",
    "social_insurance",
    "health_card",
    "land",
    "judicial_record",
    "tax",
    "vehicle",
]
REQUESTERS = ["portal", "one_gate", "national_portal"]
AGENCIES = [f"000.00.{number:02}.H31" for number in range(1, 90)]
PROCEDURES = [f"1.{number:06}" for number in range(1_000, 2_500)]
PEOPLE, OFFICIALS = 500_000, 2_000
_OUTCOMES = ["found"] * 8 + ["not_found", "unavailable"]


def person(number: int) -> str:
    """An id of nobody."""
    return f"0332{number:08}"


def official(number: int) -> str:
    """An id of no official."""
    return f"0331{number:08}"


def dossier(number: int) -> str:
    """That of exchange `number`."""
    return f"H31.14-{number:09}"


def records(count: int, keys: Mapping[str, PeriodKeys], *, large: bool) -> Iterator[tuple[str, bytes, bytes]]:
    """Ids, leaves and tags, about 1 KB each, `large` ones 2.5 KB; `keys` of each of MONTHS."""
    rng = random.Random(20260301)
    for number in range(0, count, 2):
        month = MONTHS[number * len(MONTHS) // count]
        common = {
            "exchange": new_exchange_id(),
            "time": f"{month}-{1 + number * 336 // count % 28:02}T03:{number % 60:02}:05.678Z",
            "requester": RequesterId(rng.choice(REQUESTERS)),
            "agency": rng.choice(AGENCIES),
            "procedure": rng.choice(PROCEDURES),
            "dossier": dossier(number // 2),
            "purpose": "civil_registration",
            "subjects": {"requester": f"person|{person(rng.randrange(PEOPLE))}"},
            "official": official(rng.randrange(OFFICIALS)),
        }
        for phase in (Phase.INTENT, Phase.OUTCOME)[: count - number]:
            yield _leaf(rng, keys[month], phase, common, large=large)


def _leaf(
    rng: random.Random, keys: PeriodKeys, phase: Phase, common: dict[str, Any], *, large: bool
) -> tuple[str, bytes, bytes]:
    done = phase is Phase.OUTCOME
    calls = tuple(
        CallEntry(
            call=CallId(new_exchange_id()),
            source=source,
            operation="lookup",
            role="requester",
            attributes=("full_name", "birth_date"),
            outcome=rng.choice(_OUTCOMES) if done else "",
            request_digest=bytes(32),
            response_digest=bytes(32) if done else b"",
        )
        for source in rng.sample(SOURCES, 4 if large else 1)
    )
    fields = {f"form.section.field_{n}": b'"x"' for n in range(60 if large else 8)} if done else {}
    record = ExchangeRecord(
        phase=phase, calls=calls, fields=fields, result="answered" if done else "", **common
    )
    record_id = new_exchange_id()
    leaf = encode(record, keys, record_id)
    return record_id, leaf, tag_of(keys, record_id.encode(), leaf_hash(leaf))
