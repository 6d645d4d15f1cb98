"""What a right answer of the job holds, for the gateway and its peers alike.

A server's first answer is held against a table written by hand: how many fields are filled, and whose name,
number, birth date and registrations are in which of them. From then on every answer has to have the same fields
with the same values, the numbers of its own people in the same places. The stub puts the number asked about into
what every source answers, so an answer of one source about somebody else does not pass.
"""

import sys
from collections.abc import Mapping
from typing import Any

import orjson

#: number of the first answer; no constant value contains it
FIRST = "274816"
#: field -> value, `@n@` the request's number
PEER = {
    "requester.personalId": "033190@n@",
    "requester.fullName": "TRẦN THỊ MẪU",
    "requester.gender": "female",
    "requester.birthDate": "1990-02-15",
    "spouse.personalId": "033085@n@",
    "spouse.fullName": "PHẠM VĂN THỬ",
    "spouse.gender": "male",
    "spouse.birthDate": "1985-11-02",
    "birth.number": "@n@",
    "marriage.registeredOn": "2015-05-12",
    "insurance.number": "3312@n@",
    "insurance.birthDate": "1990-02-15",
}
#: the peers leave an empty nationality blank, twice
PEER_FILLED = 58
GATEWAY = {
    "requester_person_personal_id": "033190@n@",
    "requester_person_full_name": "Trần Thị Mẫu",
    "requester_person_gender": "female",
    "requester_person_birth_date": "1990-02-15",
    "requester_person_household_head_personal_id": "033190@n@",
    "requester_civil_status_birth_number": "@n@",
    "requester_civil_status_marriage_registered_on": "2015-05-12",
    "spouse_person_personal_id": "033085@n@",
    "spouse_person_full_name": "Phạm Văn Thử",
    "spouse_person_gender": "male",
    "spouse_person_birth_date": "1985-11-02",
    "spouse_person_household_head_personal_id": "033085@n@",
    "spouse_civil_status_birth_number": "@n@",
}
GATEWAY_FILLED = 60
FIELDS = 60
_SHOWN = 3


class Answers:
    """Tells right answers of one server from wrong ones."""

    def __init__(self, name: str, wanted: Mapping[str, str], filled: int) -> None:
        """`wanted` and `filled` are of the tables above."""
        self._name, self._wanted, self._filled = name, wanted, filled
        #: field -> (state, value) of the first answer; those with a number in them apart
        self._same: dict[str, Any] = {}
        self._numbered: dict[str, str] = {}
        self._shown = 0

    def learn(self, body: bytes) -> None:
        """Hold the first answer, about FIRST, against the table; SystemExit when the server does not do the job."""
        found = _fields(body)
        values = {name: field["value"] for name, field in found.items() if field["state"] == "filled"}
        if len(found) != FIELDS or len(values) != self._filled:
            blank = sorted(found.keys() - values.keys())
            sys.exit(
                f"{self._name} filled {len(values)} of {len(found)} fields, {FIELDS} are the job; not: {blank}"
            )
        wanted = {name: value.replace("@n@", FIRST) for name, value in self._wanted.items()}
        wrong = {name: values.get(name) for name in wanted if values.get(name) != wanted[name]}
        if wrong:
            sys.exit(f"{self._name} answers wrongly, in place of {wanted}: {wrong}")
        self._same = {name: (field["state"], field["value"]) for name, field in found.items()}
        for name, value in values.items():
            if isinstance(value, str) and FIRST in value:
                self._numbered[name] = value.replace(FIRST, "@n@")

    def right(self, number: str, body: bytes) -> bool:
        """Whether the body is the answer about `number`; the first wrong ones are printed."""
        try:
            found = {name: (field["state"], field["value"]) for name, field in _fields(body).items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            return self._refused(number, body[:200])
        wanted = dict(self._same)
        for name, value in self._numbered.items():
            wanted[name] = ("filled", value.replace("@n@", number))
        if found == wanted:
            return True
        return self._refused(number, [(n, found.get(n)) for n in wanted if found.get(n) != wanted[n]][:5])

    def _refused(self, number: str, why: object) -> bool:
        self._shown += 1
        if self._shown <= _SHOWN:
            print(f"{self._name}: wrong answer about {number}: {why}", file=sys.stderr)
        return False


def _fields(body: bytes) -> dict[str, Any]:
    """Field -> state and value; where an answer says a value twice, both have to say the same."""
    answer = orjson.loads(body)
    fields: dict[str, Any] = answer.get("fields") or answer["form"]
    if "fields" in answer and answer["form"] != {name: field["value"] for name, field in fields.items()}:
        raise ValueError("form and fields differ")
    return fields
