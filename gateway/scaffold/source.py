"""The draft of a source: settings, mapping, agreement and, where none fits, an evidence type.

What can be guessed is bound; all else of the answer stands as a comment, so that nothing is overlooked. A draft is
switched off, holds no value of a sample, and passes `check-config`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from gateway.config.agreement import TRIAL_PURPOSE
from gateway.domain.parties import SubjectKind
from gateway.mapping.date_transforms import DEFAULT_ZONE
from gateway.mapping.paths import WHOLE_LIST, put
from gateway.mapping.schema_checks import is_past
from gateway.scaffold.contract import NOWHERE, Contract
from gateway.scaffold.guessing import INVENTED_SUBJECT, AnswerGuess, Bound, guess_of, numbers_a_subject
from gateway.scaffold.house import LEGAL_BASIS, House, Scaffold, flow, on_one_line, quoted
from gateway.scaffold.leaves import DATES, ZONED, Leaf, NotScaffolded
from gateway.scaffold.words import asked_word, is_count

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
_NUMBERS = ("personal_id", "old_id", "passport", "tax_code", "registration_no")
_KINDS = {
    "tax_code": SubjectKind.ORGANISATION,
    "registration_no": SubjectKind.VEHICLE,
    "sheet": SubjectKind.PARCEL,
}
_KINDS_SHOWN = {"string": "text", "unknown": "type not known"}
_WORDS_SHOWN = 6
_PATHS_SHOWN = 10
_OF_A_LIST = (
    "; one of a list, and of a list of people perhaps another's: [0] is the first, [latest:key], [key=value]"
)
_OF_CODES = "; which 'codes' or 'transform' it needs cannot be guessed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceWish:
    """What the command line says; blanks have defaults."""

    name: str
    title: str = ""
    provider: str = ""
    url: str = ""
    evidence: str = ""


def check_name(name: str) -> None:
    """Raises NotScaffolded for a name that is no source's."""
    if not _NAME.fullmatch(name):
        what = f"'{name}' is no name of a source"
        raise NotScaffolded(what, "write small letters, digits and _, a letter first")


def new_source(house: House, wish: SourceWish, contract: Contract, today: date) -> Scaffold:
    """All files of the draft. Raises NotScaffolded."""
    check_name(wish.name)
    guess = guess_of(house, wish.name, wish.evidence, contract.answer, contract.several)
    return _SourceDraft(house, wish, contract, guess).scaffold(today)


class _SourceDraft:
    """Writes the files of one source."""

    def __init__(self, house: House, wish: SourceWish, contract: Contract, guess: AnswerGuess) -> None:
        self.house, self.wish, self.contract, self.guess = house, wish, contract, guess
        self.is_identified = bool({*_NUMBERS} & {*guess.identity})
        #: place of the request -> its rule
        self.asked = self._asked()
        words = [rule["from"].removeprefix("subject.") for rule in self.asked.values()]
        #: what the request says of the subject
        self.subject_words = [word for word in words if word in INVENTED_SUBJECT]
        identifying = {*guess.identity.values()}
        bound = [one.leaf for one in guess.bound if not is_count(one.leaf.name)]
        others = (
            leaf.path
            for leaf in bound
            if leaf.path not in identifying and not asked_word((leaf.name,)).startswith("subject.")
        )
        self.found_when = next(others, bound[0].path)
        self.url = wish.url or contract.url
        self.url_remarks = [*self._url_remarks()]
        self.remarks = [
            *contract.remarks, *self.url_remarks, *self._request_remarks(), *self._answer_remarks()
        ]  # fmt: skip

    def scaffold(self, today: date) -> Scaffold:
        """All files; the settings come last, since only they make it a source."""
        root, config, name = self.house.root, self.house.config, self.wish.name
        files: dict[Path, bytes] = {root / place: raw for place, raw in self.contract.copies.items()}
        if files:
            files[root / f"schemas/sources/{name}/ORIGIN.md"] = _origin(today).encode()
        if self.guess.declared is not None:
            files[root / f"schemas/evidence/{self.guess.evidence}.schema.json"] = self._schema()
        files[root / f"mappings/sources/{name}.yaml"] = _joined(self._mapping())
        files[config / f"agreements/{name}.yaml"] = _joined(self._agreement(today))
        files[config / f"sources/{name}.yaml"] = _joined(self._settings())
        return Scaffold(files=files, remarks=self.remarks, steps=list(self._steps()))

    def _asked(self) -> dict[str, dict[str, str]]:
        if self.contract.is_request_known:
            return _asked_in(self.contract.request)
        number = next((word for word in _NUMBERS if word in self.guess.identity), "")
        return (
            {self.guess.identity[number].rpartition(".")[2]: {"from": f"subject.{number}"}} if number else {}
        )

    def _needs(self) -> list[list[str]]:
        """Alternatives: one number each, and what must stand beside it."""
        needed = {asked_word(leaf.steps) for leaf in self.contract.request if leaf.is_required}
        numbers = [word for word in self.subject_words if word in _NUMBERS]
        others = [
            word
            for word in self.subject_words
            if word not in _NUMBERS and (not numbers or f"subject.{word}" in needed)
        ]
        return [[number, *others] for number in numbers] or ([others] if others else [])

    def _url_remarks(self) -> Iterator[str]:
        if self.url == NOWHERE:
            yield f"the contract does not say where the provider is: 'url' {self.url} is invented"
        if self.url == self.contract.url and self.contract.other_urls:
            others = _some([*self.contract.other_urls])
            yield f"the contract has several addresses: 'url' {self.url} was taken, and not {others}"
        if self.url.startswith("http:"):
            yield f"'url' {self.url} is plain http: people's data would be sent unencrypted; ask for https"

    def _request_remarks(self) -> Iterator[str]:
        if not self.subject_words:
            yield "no place of the request could be guessed: nobody is asked about yet (see 'request')"
        missing = [
            one.path for one in self.contract.request if one.is_required and one.path not in self.asked
        ]
        if missing:
            what = "write what is sent there, and a word of the subject into 'needs' too"
            yield f"the provider requires {_some(missing)}: {what}"
        if self.contract.service.get("body") == "query" and {"personal_id", "old_id"} & {*self.subject_words}:
            remedy = "ask the provider for POST, or write 'allow_url_ids: \"true\"' under 'options'"
            yield f"a person's number would be in the address: {remedy}"

    def _answer_remarks(self) -> Iterator[str]:
        if not self.is_identified:
            others = f" (it has {', '.join(self.guess.identity.values())})" if self.guess.identity else ""
            yield (
                f"the answer does not say whom it is about: no number of the subject was found in it{others},"
                " so another person's data would not be noticed. Write 'identity', or ask the provider to repeat it"
            )
        dates = [one.leaf.path for one in self.guess.bound if _is_guessed(one)]
        dates += [path for path, rule in self.asked.items() if "transform" in rule]
        if dates:
            yield f"that dates are written dd/MM/yyyy is a guess: {_some(dates)}"
        past = [
            name
            for name, schema in (self.guess.declared or {}).items()
            if name != "birth_date" and is_past(schema)
        ]
        if past:
            remedy = "else write '\"x-ahead\": true' there in the evidence schema"
            yield f"a date later than today is left out in {_some(past)}: {remedy}"
        yield f"that nobody was found where '{self.found_when}' is blank is a guess (see 'found_when')"
        if wrapper := self._wrapper():
            what = f"an answer that finds nobody is refused where {_some(wrapper)} has a value"
            yield f"{what}, unless 'status' or 'envelope' names it"
        if "[" in self.guess.record and self.guess.record != WHOLE_LIST:
            yield "the record is one of a list: '[0]' is its first item, which may be about another person"
        elif self.guess.is_item:
            several = f"an answer with several items in '{self.guess.record}' is refused"
            yield f"{several}, unless 'tells_apart' says which is meant"

    def _title(self, otherwise: str = "") -> str:
        title = self.wish.title or otherwise or self.wish.name
        return flow({"vi": title, "en": title})

    def _schema(self) -> bytes:
        title = self.wish.title or self.wish.name
        schema = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"{self.guess.evidence}.schema.json",
            "title": title,
            "x-title-en": title,
            "description": f"What the source {self.wish.name} answers; a draft.",
            "type": "object",
            "properties": self.guess.declared,
            "additionalProperties": False,
        }
        return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()

    def _settings(self) -> Iterator[str]:
        contract, wish = self.contract, self.wish
        yield "# Bản nháp / a draft of `motlan new source`: no form asks it while 'enabled' is \"false\"."
        yield f"source: {wish.name}"
        yield f"adapter: {contract.adapter}"
        yield f"title: {self._title()}"
        yield f"provider: {quoted(wish.provider or wish.name)}"
        yield "mark: sandbox   # seen: once the provider has confirmed the contract"
        yield from (f"# ! {on_one_line(remark)}" for remark in self.url_remarks)
        if self.url:
            yield f"url: {quoted(self.url)}"
            yield f"auth: {flow(contract.auth)}"
        if contract.options:
            yield f"options: {flow(contract.options)}"
        yield "services:"
        yield f"  {quoted(contract.operation)}:"
        yield '    enabled: "false"'
        yield from (f"    {word}: {quoted(value)}" for word, value in contract.service.items())
        yield '    valid_seconds: "0"   # how long an answer may be kept'

    def _agreement(self, today: date) -> Iterator[str]:
        yield "# Bản nháp / a draft: without procedures and purposes it grants nothing."
        yield f"agreement: {self.wish.name}"
        yield f"title: {self._title()}"
        yield from LEGAL_BASIS
        yield f'valid_from: "{today}"'
        yield f'procedures: []   # for trials alone: procedures: ["*"], purposes: [{TRIAL_PURPOSE}]'
        yield "purposes: []"
        yield "services:"
        yield f"  {quoted(f'{self.wish.name}.{self.contract.operation}')}:"
        yield "    # take out what no procedure needs"
        yield f"    attributes: {flow([one.attribute for one in self.guess.bound])}"

    def _service(self) -> dict[str, Any]:
        """The data service as the mapping says it, without examples."""
        kinds = [_KINDS[word] for word in (*self.subject_words, *self.guess.identity) if word in _KINDS]
        is_person = not kinds or "personal_id" in self.subject_words
        title = self.wish.title or self.contract.operation
        rules = {
            one.attribute: {"path": one.leaf.path, **({"transform": one.transform} if one.transform else {})}
            for one in self.guess.bound
        }
        answer = {"record": self.guess.record, "found_when": self.found_when, "identity": self.guess.identity}
        return {
            "evidence": self.guess.evidence,
            "mark": "sandbox",
            "title": {"vi": title, "en": title},
            "subjects": [str(SubjectKind.PERSON if is_person else kinds[0])],
            "needs": self._needs() or [[]],
            "request": self.asked,
            "answer": {**answer, "attributes": rules},
        }

    def _mapping(self) -> Iterator[str]:
        service = self._service()
        yield "# Bản nháp / a draft of `motlan new source`. What is bound was guessed: check each line."
        yield from (f"# ! {on_one_line(remark)}" for remark in self.remarks)
        yield f"source: {self.wish.name}"
        yield f"title: {self._title()}"
        yield "mark: sandbox"
        if any(leaf.form in ZONED for leaf in self.contract.answer):
            yield f"# time_zone: Area/City   # ! in which zone is the day of its times? Without this: {DEFAULT_ZONE}"
        yield "services:"
        yield f"  {quoted(self.contract.operation)}:"
        yield from (
            f"    {word}: {flow(service[word])}"
            for word in ("evidence", "mark", "title", "subjects", "needs")
        )
        yield "    request:" if self.asked else "    request: {}   # take {} out when a place stands below"
        yield from self._request_lines()
        yield from self._answer_lines(service["answer"]["attributes"])
        yield "    examples:"
        yield from self._examples(service)

    def _request_lines(self) -> Iterator[str]:
        leaves = {leaf.path: leaf for leaf in self.contract.request}
        for path in dict.fromkeys((*leaves, *self.asked)):
            if path in self.asked:
                yield f"      {quoted(path)}: {flow(self.asked[path])}"
            else:
                needed = ", required" if leaves[path].is_required else ""
                yield f"      # {quoted(path)}: {{value: …}}   # {_form_of(leaves[path])}{needed}; or {{from: …}}"

    def _answer_lines(self, rules: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
        guess = self.guess
        yield "    answer:"
        if guess.record:
            yield f"      record: {quoted(guess.record)}"
        yield f"      found_when: {quoted(self.found_when)}   # ! a guess: blank there, nobody was found"
        if guess.identity:
            yield f"      identity: {flow(guess.identity)}"
        if not self.is_identified:
            asked = "   # !! where does the answer repeat the subject's number?"
            yield f"      # identity: {flow(self._may_identify())}{asked}"
            yield "      # with full_name and birth_date in it too, the answer confirms the person by itself"
        yield "      attributes:"
        notes = {one.attribute: _note_of(one) for one in guess.bound}
        yield from (f"        {quoted(name)}: {flow(rule)}{notes[name]}" for name, rule in rules.items())
        if guess.free:
            yield "        # not bound (without 'codes' and 'transform' a value becomes text):"
        for leaf, name in guess.free.items():
            rule = {"path": leaf.path, **({"transform": leaf.form} if leaf.form else {})}
            note = (_OF_A_LIST if leaf.is_in_list else "") + (_OF_CODES if name else "")
            yield f"        # {name or 'attribute'}: {flow(rule)}   # {_form_of(leaf)}{note}"
        if guess.outside:
            yield "      # outside the record, for 'status' with 'statuses', 'updated_at' and 'envelope':"
            if wrapper := self._wrapper():
                what = (
                    "what says nothing about the subject; an error of the provider is 'status', and not here"
                )
                yield f"      # envelope: {flow(wrapper)}   # {what}"
            yield from (f"      # path: {quoted(leaf.path)}   # {_form_of(leaf)}" for leaf in guess.outside)

    def _wrapper(self) -> list[str]:
        """The paths beside the record that may have values where nobody is found."""
        return [leaf.path for leaf in self.guess.outside if leaf.is_usable][:_PATHS_SHOWN]

    def _may_identify(self) -> dict[str, str]:
        """What may be the subject's, below a name that may be another's: `{personal_id: KhachHang.SoDinhDanh}`."""
        usable = [leaf for leaf in self.guess.leaves if leaf.is_usable]
        number = next((leaf for leaf in usable if numbers_a_subject(leaf)), None)
        if number is None:
            word = next((word for word in self.subject_words if word in _NUMBERS), "personal_id")
            return {word: "PATH"}
        beside = [leaf for leaf in usable if leaf.steps[:-1] == number.steps[:-1]]
        words = {asked_word((leaf.name,)): leaf.path for leaf in beside}
        return {word.removeprefix("subject."): path for word, path in words.items() if word[:8] == "subject."}

    def _examples(self, service: Mapping[str, Any]) -> Iterator[str]:
        """One that is found, one that is not, with invented people; what comes of them is computed."""
        subject = {word: one for word, one in INVENTED_SUBJECT.items() if word in self.subject_words}
        repeated = {
            path: DATES["date_vn"].sample if word == "birth_date" else INVENTED_SUBJECT[word]
            for word, path in self.guess.identity.items()
        }
        found = {**repeated, **{one.leaf.path: one.invented for one in self.guess.bound}}
        numbers = {path: repeated[path] for word, path in self.guess.identity.items() if word in _NUMBERS}
        nobody = {**numbers, self.found_when: None}
        for name, values in (("invented: found", found), ("invented: not found", nobody)):
            example = {"name": name, "subject": subject, "answer": self._tree(values)}
            named = (self.wish.name, self.contract.operation)
            outcome, evidence = self.house.answered(*named, {**service, "examples": [example]})
            if values is nobody and outcome != "not_found":
                continue  # the provider says it in another way: see 'status'
            yield from (
                f"{'      - ' if word == 'name' else '        '}{word}: {flow(one)}"
                for word, one in example.items()
            )
            yield (
                f"        evidence: {flow(evidence)}" if outcome == "found" else f"        outcome: {outcome}"
            )

    def _tree(self, values: Mapping[str, object]) -> object:
        """The answer with these values, by path from the record."""
        tree: dict[str, object] = {}
        for path, value in values.items():
            put(tree, tuple(path.split(".")), value)
        if self.guess.record in ("", WHOLE_LIST):
            return [tree] if self.guess.record else tree
        whole: dict[str, object] = {}
        put(whole, tuple(self.guess.record.split(".")), tree)
        return whole

    def _steps(self) -> Iterator[str]:
        name, config = self.wish.name, self.house.config
        settings = f"{config}/sources/{name}.yaml"
        if secret := self.contract.auth.get("secret"):
            yield f"đặt bí mật / set the secret: export {secret['env']}=… ; or 'secret: {{file: …}}' in {settings}"
        yield f"đọc từng dòng / read each line: {self.house.root}/mappings/sources/{name}.yaml"
        yield f"motlan check-config {config}"
        yield (
            f"cho thử / permit trials: 'procedures: [\"*\"]' and 'purposes: [{TRIAL_PURPOSE}]' in"
            f" {config}/agreements/{name}.yaml; '{name}' among 'agreements' in {config}/requesters/operator.yaml"
        )
        tried = f"{name}.{self.contract.operation}"
        yield f"thử, chưa cần bật / try it, switched off as it is: motlan try-source {quoted(tried)} --subject -"
        yield (
            f"dùng / use it: 'enabled: \"true\"' in {settings}; legal_basis, procedures, purposes in"
            f" {config}/agreements/{name}.yaml; 'agreements: [{name}]' in {config}/requesters/"
        )


def _asked_in(leaves: list[Leaf]) -> dict[str, dict[str, str]]:
    """The places whose names tell what is said there."""
    found: dict[str, dict[str, str]] = {}
    by_word: dict[str, str] = {}
    for leaf in leaves:
        word = asked_word(leaf.steps)
        if not word or not leaf.is_usable or word in by_word:
            continue
        by_word[word] = leaf.path
        rule = found[leaf.path] = {"from": word}
        if word == "subject.birth_date" and leaf.form not in ("date_dash", "date_of_time"):
            rule["transform"] = "to_date_vn"
        if word == "subject.old_id" and "subject.personal_id" in by_word:
            rule["unless"] = by_word["subject.personal_id"]
    return found


def _form_of(leaf: Leaf) -> str:
    """What a value looks like; never what it was in a sample."""
    if leaf.remark:
        return on_one_line(leaf.remark)
    if leaf.form:
        return f"date {DATES[leaf.form].written}" + (
            f" or {DATES['date_us'].written}" if leaf.is_ambiguous else ""
        )
    kind = _KINDS_SHOWN.get(leaf.kind, leaf.kind)
    return f"{kind}: {on_one_line(_some([*leaf.words], _WORDS_SHOWN))}" if leaf.words else kind


def _is_guessed(one: Bound) -> bool:
    """Whether it is a date whose form is a guess."""
    return one.leaf.is_ambiguous or (one.transform[:5] == "date_" and not one.leaf.form)


def _note_of(one: Bound) -> str:
    """What stands behind the line of an attribute: what to look at, and the words that the provider lists."""
    if one.leaf.is_ambiguous:
        return f"   # ! a guess: {_form_of(one.leaf)}"
    if _is_guessed(one):
        return f"   # ! a guess: date {DATES[one.transform].written}"
    return f"   # {_form_of(one.leaf)}" if one.leaf.words else ""


def _some(words: list[str], most: int = _PATHS_SHOWN) -> str:
    return ", ".join(words[:most]) + (", …" if len(words) > most else "")


def _joined(lines: Iterator[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _origin(today: date) -> str:
    return f"# Origin\nCopied by `motlan new source` on {today}. Write from whom it is, its version and its day.\n"
