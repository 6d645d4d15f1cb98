"""The uses of one person's data, in words for that person: who asked which database for what, why, and when.

A use is an exchange that names the person. It is listed at the index of its first record, so that pages neither repeat
nor miss one while records are added. `identify` is listed too: an inspector saw who the person is. Other look-ups are
not: they reveal no identity.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from gateway.audit.asker_words import asked_by, small
from gateway.audit.filters import Filters
from gateway.audit.hidden import is_hidden
from gateway.audit.service import MOST_RECORDS, AuditContext
from gateway.audit.shown import members_of
from gateway.audit.titles import Titles, TitleWords
from gateway.config.agreement import TRIAL_PURPOSE
from gateway.domain.dates import local
from gateway.domain.parties import PARENT, Caller, SubjectKind
from gateway.mapping.procedure import role_of
from gateway.ports.exchange_log import LogEntry, LogSearch

_OPENING = frozenset({"intent", "refusal"})
_CLOSING = ("outcome", "refusal", "abandoned")
#: closing record of an exchange -> state, Vietnamese, English
_ENDS = {
    "outcome": ("answered", "đã trả lời", "answered"),
    "refusal": ("refused", "bị từ chối, không có dữ liệu nào được trả", "refused, no data were given"),
    "abandoned": ("abandoned", "bị bỏ dở", "abandoned"),
    "": ("open", "đang xử lý", "under way"),
}
#: if the answer, or the citizen's decision, left something about the person out (notes `withheld` and `refused`)
_IN_PART = (
    "answered_in_part",
    "đã trả lời một phần, phần còn lại không được trả",
    "answered in part, the rest was not given",
)
#: if no source gave data about the person: the first of these outcomes that a call has decides
_NOTHING = {
    "unavailable": (
        "có nguồn không trả lời được, không có dữ liệu nào được trả",
        "a source could not answer, no data were given",
    ),
    "no_match": (
        "không xác định được đúng người, đúng đối tượng, không có dữ liệu nào được trả",
        "the person or object could not be identified, no data were given",
    ),
    "not_found": ("nguồn không có dữ liệu này", "the sources hold no such data"),
    "": ("không có nguồn nào được hỏi về ông/bà", "no source was asked about you"),
}
#: if nobody acts for the person (note `left_out`)
_NOT_REPRESENTED = (
    "không có nguồn nào được hỏi về ông/bà, vì chưa rõ ai đại diện cho ông/bà",
    "no source was asked about you, because nothing shows who acts for you",
)
#: if the person's number stands in the answer, and the records do not say where
_NUMBER = (
    "câu trả lời có số của ông/bà, bản ghi không cho biết số đó nằm trong dữ liệu nào",
    "the answer has your number in it, the record does not say in which data",
)
#: whose data a call gave: relation -> what follows the title of the role, Vietnamese and English
_RELATIONS = {
    "found_by_number": ("tìm theo số của ông/bà", "found by your number"),
    "has_number": ("có số của ông/bà", "with your number in them"),
    "named": ("ông/bà đã nêu", "that you named"),
}
#: kinds of subjects that are no people
_THINGS = frozenset({SubjectKind.PARCEL, SubjectKind.VEHICLE, SubjectKind.ORGANISATION})
#: what a trial has to do with the procedure that it names
_TRIED = " để thử kết nối theo điều kiện của thủ tục", " to try the source under the terms of the procedure"
#: who is found by the number of a parent in a trial
_CHILD = ("trẻ mới sinh", "the newborn")
#: outcomes of a call whose source could not answer, or whose answer is not used
_SILENT = frozenset({"refused", "unavailable", "invalid", "unknown"})
_ANSWERING = frozenset({"outcome", "consent"})
#: records that are read at a time, so often: between the uses are look-ups of the person
_READ, _ATTEMPTS = 80, 20
#: first part of the rule that refused -> what the request was for
_FOR_WHAT = {
    "correction": ("báo dữ liệu sai", "report of wrong data"),
    "dossier_code": ("gửi hồ sơ", "sending of a dossier"),
    "": ("không nêu", "not named"),
}
#: begin of the roles of people whose numbers left with the form of others
_ALSO = "also#"
#: the purpose of `identify`
_INSPECTION = ("kiểm tra nhật ký giao dịch", "inspection of the exchange log")


class Usage:
    """Lists the uses of a person's data."""

    def __init__(self, context: AuditContext, titles: Titles) -> None:
        """Keeps nothing."""
        self._context = context
        self._titles = titles

    async def uses(
        self, caller: Caller, filters: Filters, cursor: str | None, count: int
    ) -> dict[str, object]:
        """One page of uses, newest first. Raises BadRequest for a cursor of another search."""
        bound = b"usage\0" + caller.requester.id.encode() + b"\0" + filters.digestible
        before = None if cursor is None else self._context.cursors.opened(cursor, bound)
        await self._context.note(caller, "usage", filters.names, filters.people, further=cursor is not None)
        indexes = {one.hex() for one in await self._context.people.indexes(filters.subject)}
        found_uses: list[dict[str, object]] = []
        last, is_more = before, False
        for _ in range(_ATTEMPTS):
            found, before = await self._context.page(filters, before, max(count, _READ))
            for entry in found:
                use = await self._use(entry, indexes)
                if use is None:
                    continue
                if len(found_uses) == count:  # the next page begins with it
                    before, is_more = last, True
                    break
                found_uses.append(use)
                last = entry.index
            if before is None or is_more:
                break
        following = None if before is None else self._context.cursors.after(before, bound)
        past = await self._context.past(filters)
        return {"exchange_id": caller.exchange, "uses": found_uses, "next": following, **past}

    async def _use(self, entry: LogEntry, indexes: set[str]) -> dict[str, object] | None:
        """The use whose first record about the person is this; None if it is no use, or not the first record.

        Only the closing record names a person whose number left with another person's form.
        """
        opening = members_of(entry)
        if opening is not None and _is_identification(opening):
            return self._identified(opening)
        if opening is None or opening["phase"] not in {*_OPENING, *_CLOSING}:
            return None
        found, _ = await self._context.page(
            Filters(plain=LogSearch(exchange=opening["exchange"])), None, MOST_RECORDS
        )
        records = {one.index: members_of(one) or opening for one in sorted(found)}
        about = [index for index, one in records.items() if indexes & set(one["subjects"].values())]
        first = next((index for index in about if records[index]["phase"] in _OPENING), None)
        if (about[0] if first is None and about else first) != entry.index:
            return None
        opening = next((one for one in records.values() if one["phase"] in _OPENING), opening)
        return self._exchange(opening, list(records.values()), indexes)

    def _identified(self, record: Mapping[str, Any]) -> dict[str, object]:
        """The use by an inspector, without the reason: it may be about another person."""
        titles = self._titles
        inspector = (
            titles.agency(record["agency"]) if record["agency"] else titles.requester(record["requester"])
        )
        use: dict[str, Any] = {
            "exchange_id": record["exchange"],
            "time": record["time"],
            "requester": titles.requester(record["requester"]),
            "agency": titles.agency(record["agency"]),
            "procedure": {"code": "", "title": "", "title_en": ""},
            "purpose": {"code": "inspection", "title": _INSPECTION[0], "title_en": _INSPECTION[1]},
            "is_trial": False,
            "legal_basis": record["basis"],
            "asked_by": {**inspector, "code": "inspector"},
            "dossier": record["dossier"],
            "state": "identified",
            "is_named_only": False,
            "data": [],
        }
        who = [inspector[name] for name in ("title", "title_en")]
        of = record["notes"].get("of", "")
        vi = f"{who[0]} đã mở giao dịch {of} trong nhật ký để biết giao dịch đó là về ai; mục đích: {_INSPECTION[0]}."
        en = f"{who[1]} opened the exchange {of} in the log to learn who it is about; purpose: {_INSPECTION[1]}."
        return {
            **use,
            "summary": _at(record["time"], "vi") + vi,
            "summary_en": _at(record["time"], "en") + en,
        }

    def _exchange(
        self, opening: Mapping[str, Any], records: Sequence[Mapping[str, Any]], indexes: set[str]
    ) -> dict[str, object]:
        ends = [members for members in records if members["phase"] in _CLOSING]
        end = ends[-1] if ends else None
        roles = {
            role for members in records for role, index in members["subjects"].items() if index in indexes
        }
        # an answer that is recorded anew without some of its evidence names no calls
        closing = next((one for one in reversed(ends) if one["calls"]), end or opening)
        titles = self._titles
        with_number = _calls_with_number(records, indexes)
        asker = asked_by(titles, [opening, *records], roles)
        calls = [
            (call, relation) for call in closing["calls"]
            if (relation := self._relation(closing, call, roles, with_number, is_asker=asker["code"] == "self"))
        ]  # fmt: skip
        mine = {call["call"] for call, _ in calls}
        others = {call["call"] for members in records for call in members["calls"]} - mine
        unasked = _unrepresented(records)
        others |= {call for call, role in unasked.items() if role not in roles}
        refused, withheld = _left_out(records, "refused"), _left_out(records, "withheld")
        word, vi, en = _end_of(end, is_whole=(refused | withheld) <= others)
        of_another = str(closing["notes"].get("of_another", "")).split()
        hidden = {
            role for role in {call["role"] for call, _ in calls}
            if role_of(role) in of_another or is_hidden(titles, closing, role)
        }  # fmt: skip
        is_named_only = all(role.startswith(_ALSO) for role in roles)
        use: dict[str, Any] = {
            "exchange_id": opening["exchange"],
            "time": opening["time"],
            "requester": titles.requester(opening["requester"]),
            "agency": titles.agency(opening["agency"]),
            "procedure": titles.procedure(opening["procedure"]),
            "purpose": titles.purpose(opening["purpose"])
            if opening["purpose"]
            else _unnamed_purpose(opening),
            "is_trial": _is_trial(opening),
            "legal_basis": opening["basis"],
            "asked_by": asker,
            "dossier": "" if is_named_only else opening["dossier"],
            "state": word,
            "is_named_only": is_named_only,
            "data": [
                {
                    "source": titles.source(call["source"]),
                    "data_service": call["operation"],
                    **_service_titles(titles.data_service(call["source"], call["operation"])),
                    "attributes": titles.attributes(call["source"], call["operation"], call["attributes"]),
                    "about": {**self._about(opening, call["role"], relation), "relation": relation},
                    "outcome": "no_match"
                    if call["role"] in hidden and call["outcome"] == "found"
                    else call["outcome"],
                    "refused": call["call"] in refused,
                }
                for call, relation in calls
            ],
        }
        if end is not None and end["phase"] == "outcome":
            outcomes = [call["outcome"] for call in use["data"]]
            vi, en = _given(outcomes, is_named_only=is_named_only) or (vi, en)
            if roles & {*unasked.values()}:
                vi, en = _NOT_REPRESENTED
        return {**use, "summary": _sentence(use, "title", vi), "summary_en": _sentence(use, "title_en", en)}

    def _relation(
        self,
        record: Mapping[str, Any],
        call: Mapping[str, Any],
        roles: Collection[str],
        with_number: Collection[str],
        *,
        is_asker: bool,
    ) -> str:
        """What a call has to do with the person of these roles (see `_RELATIONS`); blank: nothing.

        `with_number`: the calls in whose answers the person's number stands. `is_asker`: that person asked, and sees
        what was asked about a parcel or a vehicle too.
        """
        role = call["role"]
        if role in roles:
            return "self"
        if self._titles.through(record["procedure"], role) in roles or (
            _is_trial(record) and PARENT in roles
        ):
            return "found_by_number"
        if call["call"] in with_number:
            return "has_number"
        return "named" if is_asker and self._titles.kind(record["procedure"], role) in _THINGS else ""

    def _about(self, opening: Mapping[str, Any], role: str, relation: str) -> TitleWords:
        """The title of a role; the child of a trial has none of a procedure."""
        if relation == "found_by_number" and _is_trial(opening):
            return {"code": role, "title": _CHILD[0], "title_en": _CHILD[1]}
        return self._titles.role(opening["procedure"], role)


def _unnamed_purpose(opening: Mapping[str, Any]) -> TitleWords:
    """What a record without a purpose was for: refusals of other requests than for data name their rule alone."""
    rule = opening["rules"][0].partition(":")[0] if opening["rules"] else ""
    vi, en = _FOR_WHAT.get(rule, _FOR_WHAT[""])
    return {"code": "", "title": vi, "title_en": en}


def _end_of(end: Mapping[str, Any] | None, *, is_whole: bool) -> tuple[str, str, str]:
    """The state of an exchange, from its closing record: code, Vietnamese, English.

    `is_whole`: nothing was left out, or only answers about others.
    """
    if end is None:
        return _ENDS[""]
    return _ENDS[end["phase"]] if is_whole or end["phase"] != "outcome" else _IN_PART


def _given(outcomes: Sequence[str], *, is_named_only: bool) -> tuple[str, str] | None:
    """Why no data about the person were given, in both languages; None: some were."""
    if "found" in outcomes:
        return None
    if is_named_only and not outcomes:
        return _NUMBER
    kinds = {"unavailable" if one in _SILENT else one for one in outcomes}
    return next(words for kind, words in _NOTHING.items() if kind in kinds or not kind)


def _left_out(records: Sequence[Mapping[str, Any]], note: str) -> set[str]:
    """The calls of a note: `refused` by the citizen in a preview, or `withheld`; `e4` is the fourth call.

    Evidence that nobody was asked for has no call: whom it is about is known from the note `left_out` alone.
    """
    return {
        f"{one['exchange']}-{evidence[1:]}"
        for one in records
        if one["phase"] in _ANSWERING
        for evidence in str(one["notes"].get(note, "")).split()
    }


def _unrepresented(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The calls that were not made because nobody acts for the person -> the role; `owner:e7:land`."""
    found = {}
    for record in records:
        for place in str(record["notes"].get("left_out", "")).split():
            role, evidence, *_ = [*place.split(":"), ""]
            found[f"{record['exchange']}-{evidence[1:]}"] = role
    return found


def _calls_with_number(records: Sequence[Mapping[str, Any]], indexes: set[str]) -> set[str]:
    """The calls in whose answers the number of a person without a role stands: `also#2:e4` is the fourth call's."""
    found = set()
    for record in records:
        for place in str(record["notes"].get("named_in", "")).split():
            role, _, evidence = place.partition(":")
            if record["subjects"].get(role) in indexes:
                found.add(f"{record['exchange']}-{evidence[1:]}")
    return found


def _service_titles(words: TitleWords) -> dict[str, str]:
    return {"data_service_title": words["title"], "data_service_title_en": words["title_en"]}


#: askers whose words may have a part after a comma, which a sentence closes by another
_BY_COMMAS = frozenset({"self", "representative", "citizen", "official"})


def _sentence(use: Mapping[str, Any], title: str, end: str) -> str:
    """The use in one sentence of the language that `title` names."""
    asked_calls = [call for call in use["data"] if call["outcome"] != "skipped"]
    sources = ", ".join(dict.fromkeys(call["source"][title] for call in asked_calls))
    who, purpose, procedure = (use[name][title] for name in ("asked_by", "purpose", "procedure"))
    if ", " in who and use["asked_by"]["code"] in _BY_COMMAS:
        who += ","
    if title == "title":
        verb = "khai thác" if any(call["outcome"] == "found" for call in asked_calls) else "hỏi"
        asked = f" {verb} dữ liệu từ {sources}" if sources else " yêu cầu dữ liệu"
        asked += _others(asked_calls, title)
        form = f"{_TRIED[0] if use['is_trial'] else ' cho thủ tục'} {procedure}" if procedure else ""
        return f"{_begun(_at(use['time'], 'vi'), who)}{asked}{form}; mục đích: {purpose}; {end}."
    asked = f" asked {sources}" if sources else " asked for data"
    asked += _others(asked_calls, title)
    begun = _begun(_at(use["time"], "en"), who)
    form = f"{_TRIED[1] if use['is_trial'] else ' for the procedure'} {procedure}" if procedure else ""
    return f"{begun}{asked}{form}; purpose: {purpose}; {end}."


def _others(calls: Sequence[Mapping[str, Any]], title: str) -> str:
    """Whose data were asked for beside the person's own."""
    found = ""
    for relation, words in _RELATIONS.items():
        about = [call["about"] for call in calls if call["about"]["relation"] == relation]
        if about:
            whose = ", ".join(dict.fromkeys(small(one[title]) for one in about))
            vi, en = f", trong đó có dữ liệu của {whose}", f", among them data of: {whose}"
            found += f"{vi} ({words[0]})" if title == "title" else f"{en} ({words[1]})"
    return found


def _begun(when: str, who: str) -> str:
    """The begin of a sentence, with a capital also without a time."""
    return f"{when}{who}" if when else f"{who[:1].upper()}{who[1:]}"


def _is_identification(record: Mapping[str, Any]) -> bool:
    return bool(record["phase"] == "lookup" and record["notes"].get("operation") == "identify")


def _is_trial(record: Mapping[str, Any]) -> bool:
    return bool(record["notes"].get("operation") == TRIAL_PURPOSE)


def _at(time: str, language: str) -> str:
    """The time, for the begin of a sentence; empty for an invalid time."""
    moment = local(time)
    if moment is None:
        return ""
    if language == "vi":
        return f"Lúc {moment:%H:%M} ngày {moment:%d/%m/%Y} (giờ Việt Nam), "
    return f"On {moment:%d/%m/%Y} at {moment:%H:%M} (Việt Nam time), "
