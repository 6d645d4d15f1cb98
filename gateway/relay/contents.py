"""What the relay stores of people: sealed contents, keyed indexes, keyed digests, under the keys of the log's months.

When the keys of a month are erased its contents stay sealed for ever; codes, statuses and dates remain.
"""

import time
from collections.abc import Sequence
from hashlib import blake2s
from typing import Any

import orjson

from gateway.consents.sealing import PersonKeys, index_of
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.dossier import Applicant, IdKind
from gateway.domain.errors import RelayUnavailable
from gateway.domain.exchange import WITHHELD
from gateway.domain.identifiers import is_dossier_code
from gateway.domain.parties import Subject, SubjectKind
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.keys import PeriodKeys
from gateway.exchange_log.recorder import Recorder
from gateway.ports.relay import DossierRow

#: how long the keys of a month are used before the store is read again
_FRESH_SECONDS = 2.0
_KINDS = {
    IdKind.PERSONAL_ID: (SubjectKind.PERSON, "personal_id"),
    IdKind.OLD_ID: (SubjectKind.PERSON, "old_id"),
    IdKind.PASSPORT: (SubjectKind.PERSON, "passport"),
    IdKind.TAX_CODE: (SubjectKind.ORGANISATION, "tax_code"),
}
#: characters of a receiver's own words that are kept, and looked at
_MOST_SAID, _LOOKED_AT = 500, 4_000


class Contents:
    """Seals and opens contents."""

    def __init__(self, person_keys: PersonKeys, recorder: Recorder) -> None:
        """`recorder` tells the time, and its log makes the keys of a new month."""
        self._keys = person_keys
        self._recorder = recorder
        #: month -> until when its keys are used without another look, and the keys
        self._fresh: dict[str, tuple[float, PeriodKeys]] = {}

    async def current(self) -> PeriodKeys:
        """The keys of this month. Raises RelayUnavailable, LogUnavailable."""
        month = rfc3339(self._recorder.clock.now())[:7]
        found = await self.of(month)
        if found is None and await self._recorder.log.ready():  # the first of a month: the log makes its keys
            found = await self.of(month)
        if found is None:
            raise RelayUnavailable(say.MONTH_KEYS_CLOSED)
        return found

    async def of(self, period: str) -> PeriodKeys | None:
        """The keys of a month; None when they are erased, at the latest after two seconds. Raises LogUnavailable."""
        if (fresh := self._fresh.get(period)) is not None and time.monotonic() < fresh[0]:
            return fresh[1]
        found = await self._keys.of(period)
        now = time.monotonic()
        # no keys stay here that may be erased meanwhile
        self._fresh = {month: held for month, held in self._fresh.items() if now < held[0]}
        if found is not None:
            self._fresh[period] = now + _FRESH_SECONDS, found
        return found

    async def open(self, period: str, sealed: bytes, context: str) -> Any:  # noqa: ANN401 -- any JSON
        """The JSON value of sealed bytes; None when it was erased, or its keys were. Raises LogUnavailable."""
        keys = await self.of(period) if sealed else None
        plain = None if keys is None else unseal(keys.encryption, sealed, context.encode())
        return None if plain is None else orjson.loads(plain)

    async def of_dossier(self, row: DossierRow | None) -> Any:  # noqa: ANN401 -- any JSON
        """The content of a dossier (`dossier`, and `raw` as it came); None when it is erased. Raises LogUnavailable."""
        return None if row is None else await self.open(row.period, row.sealed, context_of(row))

    async def stated(self, row: DossierRow) -> dict[str, str]:
        """`unit` and `agency` that a dossier states; nothing when it is erased. Raises LogUnavailable."""
        content = await self.of_dossier(row)
        dossier = {} if content is None else content["dossier"]
        return {name: dossier[name] for name in ("unit", "agency") if dossier.get(name)}

    async def indexes(self, person: str) -> tuple[bytes, ...]:
        """The indexes of a person (`Subject.key`), one for each month that is not erased. Raises LogUnavailable."""
        return await self._keys.indexes(person)


def sealed(keys: PeriodKeys, value: object, context: str) -> bytes:
    """A JSON value, sealed; it opens only with the same context."""
    return seal(keys.encryption, orjson.dumps(value), context.encode())


def context_of(row: DossierRow) -> str:
    """The context under which a dossier is sealed; messages about it go in order by the same key."""
    return f"{row.origin}|{row.code}"


def receiver_text_context(delivery: str) -> str:
    """The context under which the receiver's words about a delivery are sealed."""
    return f"{delivery}|said"


def shortened(text: str) -> str:
    """A receiver's own words on one line, without what a terminal or a page obeys; cut after 500 characters."""
    line = " ".join(text[:_LOOKED_AT].split())
    shown = "".join(one for one in line if one.isprintable())
    return shown if len(shown) <= _MOST_SAID else f"{shown[: _MOST_SAID - 1]}…"


def digest(keys: PeriodKeys, value: object) -> bytes:
    """The keyed digest of a JSON value, 16 bytes: equal values of one month have equal digests."""
    text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return blake2s(text, key=keys.digest, digest_size=16, person=b"dossier").digest()


def owners(applicant: Applicant) -> tuple[str, ...]:
    """The owner, once for each number (`Subject.key`)."""
    return tuple(subject_of(one.kind, one.number).key for one in applicant.ids)


def owners_in(content: Any) -> tuple[str, ...]:  # noqa: ANN401 -- any JSON
    """The owner that a stored dossier names, once for each number; none when its content is erased."""
    if not isinstance(content, dict) or "dossier" not in content:
        return ()
    return owners(Applicant.model_validate(content["dossier"].get("applicant", {})))


def as_subjects(persons: Sequence[str]) -> dict[str, str]:
    """The owner as records name it, once for each number."""
    return {f"owner{number or ''}": one for number, one in enumerate(persons)}


def subject_of(kind: IdKind, number: str) -> Subject:
    """The person or organisation of a number."""
    subject, word = _KINDS[kind]
    given: dict[str, Any] = {word: number}
    return Subject(kind=subject, **given)


def indexed(keys: PeriodKeys, persons: Sequence[str]) -> tuple[bytes, ...]:
    """The keyed indexes of people within one month."""
    return tuple(index_of(keys, person) for person in persons)


def dossier_in_records(code: str) -> str:
    """A dossier's code as `Recorder` writes it, for readers of records and for logs."""
    return code if is_dossier_code(code) or not code else WITHHELD


def plain(value: Any) -> dict[str, Any]:  # noqa: ANN401 -- one of the models of gateway.domain.dossier
    """A model as plain JSON, without what is default."""
    found: dict[str, Any] = value.model_dump(mode="json", exclude_defaults=True)
    return found
