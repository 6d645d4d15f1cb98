"""One exchange as a story in words: what was meant, who was asked, what left, and every later record with its place.

Read from shown records alone, so without personal data. Titles come from the configuration in force. What a field
rests on, rule by rule, is said only where the record was decided under that configuration: the log keeps rules per
exchange. A former configuration has a page of its own, if this host kept it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from gateway.audit.story_words import (
    CALLS,
    CONDITIONS,
    EVENTS,
    LEVELS,
    NOT_ASKED,
    NOT_KNOWN_FILED,
    NOTE_VALUES,
    NOTES,
    NUMBERS_EN,
    NUMBERS_VI,
    OUTCOME_VERBS,
    OUTCOMES,
    PHASES,
    UNKNOWN_PHASE,
    StepWords,
)
from gateway.audit.titles import Titles, TitleWords
from gateway.domain.dates import local
from gateway.domain.dossier import STATUSES
from gateway.domain.login import LoginReason
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import DeliveryReason, Reason, RefusalReason
from gateway.domain.sentences import BothWords
from gateway.mapping.procedure import DECLARED

ShownRecord = Mapping[str, Any]
StepMembers = dict[str, Any]
#: a part of a sentence, and whether it is one of its facts
SentencePart = tuple[str, bool]

#: role of people whose numbers left with another person's form
_ALSO = "also#"
_VI, _EN = 0, 1


class Story:
    """Describes exchanges with the titles of one configuration."""

    def __init__(self, titles: Titles, digest: str) -> None:
        """`digest`: of the configuration that the titles are from."""
        self._titles = titles
        self._digest = digest

    def tell(self, records: Sequence[ShownRecord]) -> dict[str, Any]:
        """The sentence in both languages, in parts too, and the steps in the order of the log."""
        readable = [one for one in records if "phase" in one]
        parts = [self._sentence(readable, language) for language in (_VI, _EN)]
        return {
            "sentence": "".join(text for text, _ in parts[_VI]),
            "sentence_en": "".join(text for text, _ in parts[_EN]),
            "parts": [{"text": text, "strong": strong} for text, strong in parts[_VI]],
            "parts_en": [{"text": text, "strong": strong} for text, strong in parts[_EN]],
            "steps": [step for one in records for step in self._steps(one, readable)],
        }

    def row(self, record: ShownRecord) -> dict[str, Any]:
        """A record as a line of a list: its titles, and its result in words."""
        if "phase" not in record:
            return {"requester": None, "agency": None, "procedure": None, "result": None, "state": ""}
        titles = self._titles
        words, state = self._result(record)
        return {
            "requester": titles.requester(record["requester"]) if record["requester"] else None,
            "agency": titles.agency(record["agency"]) if record["agency"] else None,
            "procedure": titles.procedure(record["procedure"]) if record["procedure"] else None,
            "result": {"title": words[_VI], "title_en": words[_EN]},
            "state": state,
        }

    def role(self, procedure: str, role: str) -> TitleWords:
        """A role of a record; people whose numbers left with another person's form have none."""
        if role.startswith(_ALSO):
            return {
                "code": role,
                "title": "Người có số trong dữ liệu",
                "title_en": "Person named in the data",
            }
        return self._titles.role(procedure, role)

    def _result(self, record: ShownRecord) -> tuple[BothWords, str]:
        phase, result = record["phase"], record["result"]
        if phase == "outcome":
            fields = len(record["fields"])
            sentences = f"{fields} trường đã rời cổng", f"{fields} fields left"
            return (
                (sentences, "ok") if fields else (("Không có trường nào rời cổng", "No field left"), "mute")
            )
        words = _phase_words(phase)
        reason = _reason(result)
        if phase == "refusal":
            return (reason or words.title), "stop"
        happened = _event(record)
        return (happened or words.title), "wait" if phase == "abandoned" else ""

    # ------------------------------------------------------------------------------------------------ sentence

    def _sentence(self, records: Sequence[ShownRecord], language: int) -> list[SentencePart]:
        if not records:
            sentences = "Không có bản ghi nào đọc được.", "No record can be read."
            return [(sentences[language], False)]
        opening = next((one for one in records if one["phase"] == "intent"), records[0])
        parts = [(_at(opening["time"], language), False), (self._asker(opening, language), True)]
        if opening["phase"] != "intent":
            words = _event(opening) or _phase_words(opening["phase"]).text
            return [
                *parts[:1],
                *([(f"{parts[1][0]}: ", True)] if parts[1][0] else []),
                (words[language], False),
            ]
        planned = {call["source"] for call in opening["calls"]}
        sources, unasked = len(planned), planned - _asked(_last_calls(records) or opening["calls"])
        asked = (" định hỏi ", " meant to ask ")[language] if unasked else (" hỏi ", " asked ")[language]
        return [
            *parts, (asked, False), (_counted(sources, ("nguồn", "source"), language), True),
            ((" về ", " about ")[language], False), (self._whom(opening, language), True),
            *self._why(opening, language), (". ", False), *self._ending(records, opening, language),
        ]  # fmt: skip

    def _asker(self, record: ShownRecord, language: int) -> str:
        if not record["requester"]:
            return ""
        return _of(self._titles.requester(record["requester"]), language)

    def _whom(self, record: ShownRecord, language: int) -> str:
        roles = [role for role in record["subjects"] if not role.startswith(_ALSO)]
        kinds = {self._titles.kind(record["procedure"], role) for role in roles}
        noun = ("đối tượng", "subject")
        if kinds <= {"person", "newborn"}:
            noun = ("người", "person")
        elif kinds == {"organisation"}:
            noun = ("tổ chức", "organisation")
        return _counted(record.get("people", len(roles)), noun, language)

    def _why(self, record: ShownRecord, language: int) -> list[SentencePart]:
        if record["procedure"]:
            begin = (" để giải quyết thủ tục ", " for the procedure ")[language]
            return [(begin, False), (_of(self._titles.procedure(record["procedure"]), language), True)]
        begin = ("; mục đích: ", "; purpose: ")[language]
        return [(begin, False), (_of(self._titles.purpose(record["purpose"]), language), True)]

    def _ending(
        self, records: Sequence[ShownRecord], opening: ShownRecord, language: int
    ) -> Iterator[SentencePart]:
        ends = [one for one in records if one["phase"] in {"outcome", "refusal", "abandoned"}]
        if not ends:
            yield ("Chưa có bản ghi kết thúc.", "No record closes it yet.")[language], False
            return
        end = ends[-1]
        if end["phase"] != "outcome":
            reason = _reason(end["result"])
            if reason is not None:
                yield f"{reason[language]}. ", False
            yield _phase_words(end["phase"]).text[language], False
            return
        calls = _last_calls(records)
        unasked = {call["source"] for call in opening["calls"]} - _asked(calls) if calls else set()
        names = [_of(self._titles.source(one), language) for one in sorted(unasked)]
        yield _answers(calls, names, language), False
        yield _counted(len(end["fields"]), ("trường", "field"), language), True
        lasted = _milliseconds(opening["time"], end["time"])
        after = "" if lasted is None else (" sau ", " after ")[language] + f"{_number(lasted)} ms"
        yield (" đã rời cổng", " left")[language] + f"{after}.", False

    # ---------------------------------------------------------------------------------------------------- steps

    def _steps(self, record: ShownRecord, records: Sequence[ShownRecord]) -> Iterator[StepMembers]:
        place = {name: record[name] for name in ("leaf_index", "leaf_hash")}
        place |= {"altered": bool(record.get("altered")), "unreadable": bool(record.get("unreadable"))}
        if "phase" not in record:
            yield {**place, **_words_of("unreadable", UNKNOWN_PHASE), "time": "", "facts": []}
            return
        place |= {"time": record["time"], "phase": record["phase"]}
        if record["phase"] == "outcome" and record["calls"]:
            yield {**place, **_words_of("calls", CALLS), "facts": [], "calls": self._calls(record)}
        words = _phase_words(record["phase"])
        happened = _happened(record, records)
        opening = next((one for one in records if one["phase"] == "intent"), record)
        known = [] if record is opening else self._facts(opening, records)
        facts = [one for one in self._facts(record, records) if one not in known]
        step = {**place, **_words_of(record["phase"], words), "facts": facts}
        if happened:
            step |= {"said": happened[_VI], "said_en": happened[_EN]}
        if record["phase"] == "outcome":
            step["left"] = self._left(record, records)
        is_answered = any(one["phase"] == "outcome" for one in records)
        yield step
        if record["phase"] in {"intent", "abandoned", "delivery"} and record["calls"] and not (
            record["phase"] == "intent" and is_answered
        ):  # fmt: skip
            yield {**place, **_words_of("calls", CALLS), "facts": [], "calls": self._calls(record)}

    def _facts(self, record: ShownRecord, records: Sequence[ShownRecord]) -> list[dict[str, Any]]:
        return [*self._who_facts(record, records), *self._rule_facts(record)]

    def _who_facts(self, record: ShownRecord, records: Sequence[ShownRecord]) -> Iterator[dict[str, Any]]:
        titles = self._titles
        named = {
            "requester": (("Hệ thống hỏi", "Requester"), titles.requester),
            "agency": (("Cơ quan", "Agency"), titles.agency),
            "dossier": (("Hồ sơ", "Dossier"), titles.dossier),
            "purpose": (("Mục đích", "Purpose"), titles.purpose),
        }
        for name, (word, title) in named.items():
            if record[name]:
                yield _fact(word, title(record[name]))
            if name == "agency":
                yield from self._people_facts(record)
        for note, value in record["notes"].items():
            if note not in _SAID_ELSEWHERE and value != "" and (note, value) != ("late", False):
                yield self._noted(note, value, record, records)

    def _noted(
        self, name: str, value: object, record: ShownRecord, records: Sequence[ShownRecord]
    ) -> dict[str, Any]:
        """A note as a fact; a name without words stands beside it as it is."""
        fact = _fact(NOTES.get(name, ("Ghi chú", "Note")), self._note_words(name, value, record, records))
        return {
            **fact,
            **({"exchange": True} if name in _EXCHANGES else {}),
            **({"digest": True} if name in _CONFIGURATIONS else {}),
            **({} if name in NOTES else {"note": name}),
        }

    def _note_words(
        self, name: str, value: object, record: ShownRecord, records: Sequence[ShownRecord]
    ) -> TitleWords:
        if isinstance(value, bool):
            return _titled(("có", "yes") if value else ("không", "no"))
        if name in _CONFIGURATIONS:
            return {**_titled(("", "")), "code": str(value)}
        if name in _EVIDENCE:
            return self._evidence(str(value), record, records)
        if name in _FIELDS:
            return _joined([self._titles.field(record["procedure"], one) for one in str(value).split()])
        titled = self._titled_notes(record["procedure"]).get(name)
        values = NOTE_VALUES.get(name, {})
        if titled is not None and value not in values:
            return titled(str(value))
        return _titled({**NOTE_VALUES[""], **values}.get(str(value), (str(value), str(value))))

    def _titled_notes(self, procedure: str) -> Mapping[str, Callable[[str], TitleWords]]:
        """Note -> the words of its value."""
        titles = self._titles
        return {
            "represented": lambda text: titles.role(procedure, text),
            **dict.fromkeys(
                ("of_another", "unrepresented"),
                lambda text: _joined([titles.role(procedure, one) for one in text.split()]),
            ),
            "left_out": lambda text: _joined(
                [self._of_whom(procedure, source, role) for role, _, source in _left_out(text)]
            ),
            "left_out_by": self._rule,
            "proven_by": lambda text: titles.source(text.partition(".")[0]),
            "representation": titles.representation, "source": titles.source,
            "login": titles.provider, "provider": titles.provider,
            "client": titles.requester, "holder": titles.requester, "by": titles.requester,
            "origin": titles.portal, "target": titles.portal,
            "deliveries": lambda text: _joined([titles.portal(one) for one in text.split(",")]),
            "attributes": lambda text: _joined(titles.attributes(DECLARED, "kept", text.split())),
            "predicates": lambda text: _joined([titles.predicate(one) for one in text.split()]),
            "status": lambda text: _titled(STATUSES.get(text, (text, text))),
            "attribute": lambda text: titles.attribute(text.partition(".")[0], text.partition(".")[2]),
            "reason": _cause, "parked": _cause,
            "level": _level, "account_level": lambda text: _joined([_claimed(one) for one in text.split()]),
        }  # fmt: skip

    def _evidence(self, names: str, record: ShownRecord, records: Sequence[ShownRecord]) -> TitleWords:
        """`e1 e2` by source and person: the answer `e2` is that of the call whose id ends in `-2`."""
        calls: dict[str, Mapping[str, Any]] = {
            f"e{call['call'].rpartition('-')[2]}": call for one in records for call in one.get("calls", ())
        }
        for role, evidence, source in _left_out(record["notes"].get("left_out", "")):
            calls[evidence] = {"source": source, "subject": role}
        found = []
        for name in dict.fromkeys(place.rpartition(":")[2] for place in names.split()):
            call = calls.get(name)
            found.append(
                _plain(name)
                if call is None
                else self._of_whom(record["procedure"], call["source"], call["subject"])
            )
        return _joined(found)

    def _of_whom(self, procedure: str, source: str, role: str) -> TitleWords:
        """A source, and the role that it is asked about; the role alone without a source."""
        whom = self._titles.role(procedure, role)
        if not source:
            return whom
        title = self._titles.source(source)
        vi, en = (f"{_of(title, language)} ({_of(whom, language)})" for language in (_VI, _EN))
        return _titled((vi, en))

    def _people_facts(self, record: ShownRecord) -> Iterator[dict[str, Any]]:
        role_of, phase = self._titles.role, record["phase"]
        if phase in {"intent", "refusal"}:
            yield _fact(("Cán bộ", "Official"), _official(record))
        if phase == "intent" and record["notes"].get("asked_by"):
            role = role_of(record["procedure"], str(record["notes"]["asked_by"]))
            yield _fact(("Người thao tác", "Who used the portal"), role)
        if asked := _asked_about(record):
            roles = [role_of(record["procedure"], role) for role in asked]
            yield {**_fact(("Người được hỏi", "Asked about"), _joined(roles)), "hidden": True}

    def _rule_facts(self, record: ShownRecord) -> Iterator[dict[str, Any]]:
        reason = _reason(record["result"])
        if reason is not None and record["phase"] != "outcome":  # its notes say what is left out, and why
            yield _fact(
                ("Lý do", "Reason"), {"code": record["result"], "title": reason[0], "title_en": reason[1]}
            )
        for rule in record["rules"]:
            name = ("Quy tắc", "Rule") if record["phase"] == "refusal" else ("Được phép theo", "Allowed by")
            yield _fact(name, self._rule(rule))
        if record["legal_basis"]:
            yield _fact(("Căn cứ pháp lý", "Legal basis"), _plain(record["legal_basis"]))
        if record["configuration"]:
            is_same = record["configuration"] == self._digest
            words = (
                ("vẫn đang dùng", "still in force") if is_same
                else ("không còn dùng", "not in force any more")
            )  # fmt: skip
            shown = {**_titled(words), "code": record["configuration"]}
            yield {**_fact(("Cấu hình khi đó", "Configuration"), shown), "digest": True}

    def _rule(self, rule: str) -> TitleWords:
        kind, _, name = rule.partition(":")
        found = self._titles.agreement(name) if kind == "agreement" else None
        if found is not None:
            return {**found, "code": rule}
        words = CONDITIONS.get(kind)
        if words is None:
            return _plain(rule)
        return {**_titled(words), "code": rule}

    def _calls(self, record: ShownRecord) -> list[dict[str, Any]]:
        titles, found = self._titles, []
        for call in record["calls"]:
            words = OUTCOMES.get(call["outcome"], (call["outcome"], call["outcome"], ""))
            found.append({
                "call": call["call"],
                "source": titles.source(call["source"]),
                "data_service": titles.data_service(call["source"], call["data_service"]),
                "subject": titles.role(record["procedure"], call["subject"]),
                "attributes": titles.attributes(call["source"], call["data_service"], call["attributes"]),
                "outcome": {"code": call["outcome"], "title": words[0], "title_en": words[1]},
                "state": words[2],
                "elapsed_ms": call["elapsed_ms"],
                "cached": call["cached"],
                "shared_with": call["shared_with"],
            })  # fmt: skip
        return found

    def _left(self, record: ShownRecord, records: Sequence[ShownRecord]) -> dict[str, Any]:
        """The fields that left: by service, with the rules that granted it, if they can be known."""
        titles = self._titles
        fields = [titles.field(record["procedure"], name) for name in record["fields"]]
        asked = sum(len(call["attributes"]) for call in record["calls"])
        left: dict[str, Any] = {
            "fields": len(fields), "attributes": asked, "is_known": record["configuration"] == self._digest,
            "withheld": self._evidence(str(record["notes"].get("withheld", "")), record, records),
        }  # fmt: skip
        if not left["is_known"]:
            rules = [self._rule(rule) for rule in record["rules"]]
            return {**left, "groups": [{"source": None, "fields": fields, "rules": rules}] if fields else []}
        groups: dict[str, list[TitleWords]] = {}
        asked_of: dict[str, set[str]] = {}
        for words in fields:
            service, attribute = self._origin(record, words["code"])
            groups.setdefault(service, []).append(words)
            if attribute:
                asked_of.setdefault(service, set()).add(attribute)
        return {
            **left,
            "groups": [
                {
                    "source": titles.source(service.partition(".")[0]) if service else None,
                    "fields": named,
                    "rules": self._rules_of(record, service, asked_of.get(service, set())),
                }
                for service, named in groups.items()
            ],
        }

    def _origin(self, record: ShownRecord, field: str) -> tuple[str, str]:
        """The data service that gave a field, and the attribute; blank where the mapping does not say.

        One person in two roles is asked about once, so a call of another role counts too, after those of the role.
        """
        for role, evidence, attribute in self._titles.refs(record["procedure"], field):
            giving = [
                call
                for call in record["calls"]
                if call["outcome"] == "found" and attribute in call["attributes"]
                and self._titles.evidence(call["source"], call["data_service"]) == evidence
            ]  # fmt: skip
            giving.sort(key=lambda call: call["subject"].partition("#")[0] != role)
            if giving:
                return f"{giving[0]['source']}.{giving[0]['data_service']}", attribute
        return "", ""

    def _rules_of(self, record: ShownRecord, service: str, attributes: set[str]) -> list[TitleWords]:
        """The rules of the exchange that grant this service, and the published scopes that these attributes are in."""
        granting = [
            self._rule(rule)
            for rule in record["rules"]
            if not service or self._titles.grants(rule, service, attributes)
        ]
        return [*granting, *(self._titles.published(service, attributes) if service else ())]


_SAID_ELSEWHERE = frozenset({"asked_by", "operation", "withheld"})
#: notes that name another exchange
_EXCHANGES = frozenset({"of", "proof_of", "proof", "attested", "filed_in", "shown_in"})
#: notes that are the digest of a configuration
_CONFIGURATIONS = frozenset({"configuration", "before"})
#: notes that list answers of an exchange (`e1 e2`; `also#1:e2`: whose number is in it), and those that list fields
_EVIDENCE = frozenset({"accepted", "refused", "withheld", "unsure", "named_in"})
_FIELDS = frozenset({"emptied", "doubtful"})


#: `result` of a refusal, and the note `reason` of other records -> words
_REASONS: Mapping[str, BothWords] = {
    one.value: (one.vi, one.en) for kind in (ProblemCode, Reason, RefusalReason) for one in kind
}
_CAUSES: Mapping[str, BothWords] = {
    one.value: (one.vi, one.en) for kind in (DeliveryReason, LoginReason) for one in kind
}


def _left_out(note: object) -> list[tuple[str, str, str]]:
    """Role, evidence and source of what was not asked, because nobody acts for the person."""
    places = [place.split(":") for place in str(note).split()]
    return [(role, evidence, source) for role, evidence, source in ([*one, "", ""][:3] for one in places)]


def _asked_about(record: ShownRecord) -> list[str]:
    """The roles of a record without those of people for whom nobody acts: the intent and the outcome name them."""
    unrepresented = {
        *str(record["notes"].get("unrepresented", "")).split(),
        *(role for role, _, _ in _left_out(record["notes"].get("left_out", ""))),
    }
    return [role for role in record["subjects"] if role not in unrepresented]


def _phase_words(phase: str) -> StepWords:
    return PHASES.get(phase, UNKNOWN_PHASE)


def _words_of(kind: str, words: StepWords) -> StepMembers:
    return {
        "kind": kind, "title": words.title[_VI], "title_en": words.title[_EN],
        "said": words.text[_VI], "said_en": words.text[_EN],
    }  # fmt: skip


def _happened(record: ShownRecord, records: Sequence[ShownRecord]) -> BothWords | None:
    """What happened, and what is not known of it."""
    words = _event(record)
    if words is None or record["result"] != "form_filing":
        return words
    filed = {one["dossier"] for one in records if "phase" in one and one["result"] == "form_filed"}
    if record["dossier"] in filed:
        return words
    return words[_VI] + NOT_KNOWN_FILED[_VI], words[_EN] + NOT_KNOWN_FILED[_EN]


def _event(record: ShownRecord) -> BothWords | None:
    """What happened, of records that are neither an intent nor an answer."""
    if record["phase"] in {"intent", "outcome"}:
        return None
    for name in (record["result"], str(record["notes"].get("operation", ""))):
        for word in (name, name.removeprefix("consent_")):
            if word in EVENTS:
                return EVENTS[word]
    return None


def _reason(code: str) -> BothWords | None:
    return _REASONS.get(code)


def _titled(words: BothWords) -> TitleWords:
    return {"code": "", "title": words[_VI], "title_en": words[_EN]}


def _cause(text: str) -> TitleWords:
    return _titled(_CAUSES.get(text, (text, text)))


def _level(text: str) -> TitleWords:
    found = LEVELS.get(text)
    return _plain(text) if found is None else _titled((found.vi, found.en))


def _claimed(said: str) -> TitleWords:
    """`level=2`: of a forwarded login; `IAL=2`: a claim of the account; `unknown`."""
    claim, _, value = said.partition("=")
    if not value:
        return _titled(NOTE_VALUES[""].get(said, (said, said)))
    return _level(value) if claim == "level" else _plain(f"{claim} {value}")


def _official(record: ShownRecord) -> TitleWords:
    if record["on_duty"]:
        words = (
            "Cán bộ trực do cơ quan chỉ định, không thao tác",
            "The agency's official on duty, who did not act",
        )
        return _titled(words)
    if record["has_official"]:
        return _titled(("Một cán bộ, đã ẩn", "An official, hidden"))
    return _titled(("Không nêu cán bộ", "None was named"))


def _fact(name: BothWords, value: TitleWords) -> dict[str, Any]:
    return {"name": name[_VI], "name_en": name[_EN], "value": value}


def _plain(text: str) -> TitleWords:
    return {"code": "", "title": text, "title_en": text}


def _joined(words: Sequence[TitleWords]) -> TitleWords:
    return {
        "code": "", "title": ", ".join(one["title"] for one in words),
        "title_en": ", ".join(one["title_en"] for one in words),
    }  # fmt: skip


def _of(words: TitleWords, language: int) -> str:
    return words["title_en" if language else "title"]


def _counted(number: int, noun: BothWords, language: int) -> str:
    if not language:
        return f"{_number(number)} {noun[_VI]}"
    plural = "people" if noun[_EN] == "person" and number != 1 else noun[_EN] + "s" * (number != 1)
    return f"{_number(number)} {plural}"


def _asked(calls: Sequence[ShownRecord]) -> set[str]:
    """The sources that were asked."""
    return {call["source"] for call in calls if call["outcome"] != "skipped"}


def _last_calls(records: Sequence[ShownRecord]) -> Sequence[ShownRecord]:
    """The calls of the last outcome that has any: a later decision has none."""
    ends = [one["calls"] for one in records if one["phase"] == "outcome" and one["calls"]]
    return ends[-1] if ends else ()


def _answers(calls: Sequence[ShownRecord], unasked: Sequence[str], language: int) -> str:
    """How many sources answered what, as `Hai nguồn có dữ liệu, một nguồn không có.`, with a space behind.

    `unasked`: titles of the sources that nobody asked; the steps do not show them, so they are named here.
    """
    best: dict[str, str] = {}
    order = list(OUTCOME_VERBS)
    for call in calls:
        word = call["outcome"] if call["outcome"] in OUTCOME_VERBS else "unknown"
        if call["outcome"] != "skipped":
            best[call["source"]] = min(best.get(call["source"], word), word, key=order.index)
    counts = Counter(best.values())
    words = [
        f"{_word(counts[word], language)} {_sources(counts[word], language)} {OUTCOME_VERBS[word][language]}"
        for word in order
        if counts[word]
    ]
    if unasked:
        count = len(unasked)
        words.append(
            f"{_word(count, language)} {_sources(count, language)} {_not_asked(count, language)}"
            f" ({', '.join(unasked)})"
        )
    text = ", ".join(words)
    return f"{text[:1].upper()}{text[1:]}. " if text else ""


def _not_asked(number: int, language: int) -> str:
    return NOT_ASKED if not language else "was not asked" if number == 1 else "were not asked"


def _sources(number: int, language: int) -> str:
    return "nguồn" if not language else "source" if number == 1 else "sources"


def _word(number: int, language: int) -> str:
    words = NUMBERS_EN if language else NUMBERS_VI
    return words[number] if number < len(words) else _number(number)


def _number(number: int) -> str:
    return f"{number:,}".replace(",", ".")


def _at(time: str, language: int) -> str:
    moment = local(time)
    if moment is None:
        return ""
    if language:
        return f"On {moment:%d/%m/%Y} at {moment:%H:%M:%S}, "
    return f"Ngày {moment:%d/%m/%Y} lúc {moment:%H:%M:%S}, "


def _milliseconds(first: str, last: str) -> int | None:
    try:
        between = datetime.fromisoformat(last) - datetime.fromisoformat(first)
    except ValueError:
        return None
    lasted = round(between.total_seconds() * 1000)
    return lasted if lasted >= 0 else None
