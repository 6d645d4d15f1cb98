"""Own data: values that a citizen gave once, kept by consent and reused: AES-256-GCM under a key per consent.

The key belongs to one person and one consent. The key of its period wraps it, the root key wraps that: it is erased
with the consent, the period or the root. Own data are never official evidence: each answer says who declared it, when,
and until when it is valid.
"""

import os
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gateway.consents.grantable import KEPT
from gateway.consents.sealing import PersonKeys, index_of
from gateway.consents.service import named
from gateway.domain import sentences as say
from gateway.domain.dates import rfc3339
from gateway.domain.errors import LogUnavailable
from gateway.domain.sentences import Sentence
from gateway.exchange_log.aead import seal, unseal
from gateway.exchange_log.keys import PeriodKeys
from gateway.own_data.values import Values
from gateway.ports.consents import ConsentRow, Own, OwnDataKey, OwnDataRows, OwnDataValue

_KEY = 32


class OwnStore:
    """Implements gateway.ports.consents.KeptCopies, and writes own data."""

    def __init__(
        self, rows: OwnDataRows, person_keys: PersonKeys, days: Mapping[str, int], values: Values
    ) -> None:
        """`days`: attribute -> days for which a declared value is valid; other attributes are not kept."""
        self._rows = rows
        self._person_keys = person_keys
        self._days = days
        self._values = values

    def why_not(self, attribute: str, value: object) -> Sentence | None:
        """Why a value cannot be kept, without quoting it; None when it can."""
        return self._values.why_not(attribute, value)

    def keepable(self, attributes: Mapping[str, Collection[str]]) -> frozenset[str]:
        """The attributes that a consent to `attributes` (data service -> names) lets be kept here."""
        return frozenset(attributes.get(KEPT, ())) & self._days.keys()

    async def keep(
        self, consent: ConsentRow, person: str, values: Mapping[str, object], now: datetime
    ) -> dict[str, str]:
        """Keep values that the consent names; attribute -> until when. Raises ConsentsUnavailable, LogUnavailable."""
        allowed = self.keepable(named(consent))
        wanted = {
            name: value for name, value in values.items() if name in allowed and not self.why_not(name, value)
        }
        keys = await self._person_keys.of(consent.period) if wanted else None
        if keys is None:
            return {}
        stored_key = await self._rows.key(_new_key(keys, consent, person), now.timestamp())
        key = None if stored_key is None else _key(keys, stored_key)
        if key is None:
            return {}
        kept = [self._value(key, consent, name, value, now) for name, value in wanted.items()]
        await self._rows.put(kept)
        return {one.attribute: rfc3339(_moment(one.until)) for one in kept}

    async def first(
        self, consent: ConsentRow, person: str, values: Mapping[str, object]
    ) -> tuple[OwnDataKey, list[OwnDataValue]]:
        """What to store with a new consent: a key, and values that it names and that fit (`keepable`, `why_not`).

        Raises LogUnavailable.
        """
        keys = await self._person_keys.of(consent.period)
        if keys is None:
            raise LogUnavailable(say.MONTH_KEYS_CLOSED)
        new, now = _new_key(keys, consent, person), _moment(consent.given)
        key = _key(keys, new)
        assert key is not None
        return new, [self._value(key, consent, name, value, now) for name, value in values.items()]

    async def kept(self, person: str, requester: str, now: datetime) -> Mapping[str, Own]:
        """Attribute -> newest value; values that do not fit the current schema are left out."""
        persons = await self._person_keys.indexes(person)
        found: dict[str, Own] = {}
        opened: dict[str, AESGCM | None] = {}
        for stored_key, value in await self._rows.of(persons, requester, now.timestamp()):
            if stored_key.consent not in opened:
                keys = await self._person_keys.of(stored_key.period)
                opened[stored_key.consent] = None if keys is None else _key(keys, stored_key)
            key = opened[stored_key.consent]
            plain = (
                None
                if key is None
                else unseal(key, value.sealed, _value_binding(value.consent, value.attribute))
            )
            if plain is not None and value.attribute not in found:
                declared: Any = orjson.loads(plain)
                if not self.why_not(value.attribute, declared):
                    times = (_moment(value.given), _moment(value.until))
                    found[value.attribute] = Own(declared, *times, value.consent)
        return found

    async def indexes(self, person: str) -> tuple[bytes, ...]:
        """See gateway.ports.consents.KeptCopies."""
        return await self._person_keys.indexes(person)

    def _value(
        self, key: AESGCM, consent: ConsentRow, name: str, value: object, now: datetime
    ) -> OwnDataValue:
        until = min((now + timedelta(days=self._days[name])).timestamp(), consent.expires)
        sealed = seal(key, orjson.dumps(value), _value_binding(consent.id, name))
        return OwnDataValue(consent.id, name, now.timestamp(), until, sealed)


def _new_key(keys: PeriodKeys, consent: ConsentRow, person: str) -> OwnDataKey:
    new = OwnDataKey(consent.id, consent.period, index_of(keys, person), consent.requester, b"")
    return new._replace(wrapped=seal(keys.encryption, os.urandom(_KEY), _key_binding(new)))


def _key(keys: PeriodKeys, stored_key: OwnDataKey) -> AESGCM | None:
    plain = unseal(keys.encryption, stored_key.wrapped, _key_binding(stored_key))
    return None if plain is None else AESGCM(plain)


def _key_binding(stored_key: OwnDataKey) -> bytes:
    """Associated data of a key: a key moved to another person in the database opens nothing."""
    return f"own_data_key|{stored_key.consent}|{stored_key.person.hex()}|{stored_key.requester}".encode()


def _value_binding(consent: str, attribute: str) -> bytes:
    return f"own_data|{consent}|{attribute}".encode()


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
