"""The draft of a procedure: a mapping with every field of its e-form, the form, and an agreement.

Fields are guessed by their names, from the procedure of the house that shares most of them; each guess is marked `# !`.
A guess that the form would refuse becomes `from: input`, and so does one that is about more than a person: a name like
`ngayCap` fits any paper. Papers are never guessed.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near
from gateway.mapping.procedure import ACCOUNT, DECLARED, Procedure
from gateway.scaffold.e_form import EForm
from gateway.scaffold.guessing import INVENTED_SUBJECT
from gateway.scaffold.house import LEGAL_BASIS, House, Scaffold, flow, on_one_line, quoted
from gateway.scaffold.leaves import NotScaffolded
from gateway.scaffold.words import asked_word

_CODE = re.compile(r"[0-9]\.[0-9]{6}", re.ASCII)
_MOST_FIELDS, _TRIES = 500, 4
#: what any two procedures may share by the names of their fields alone
_OF_PEOPLE = frozenset({"person", ACCOUNT, DECLARED})
#: what an example says of a subject of each kind
_SUBJECTS = {
    "person": ("personal_id", "full_name", "birth_date"),
    "organisation": ("tax_code",),
    "vehicle": ("registration_no",),
    "parcel": ("commune", "sheet", "number"),
    "newborn": ("full_name", "birth_date"),
}
_GUESSED = {"full_name": "title_case", "birth_date": "partial_date_vn", "personal_id": "", "old_id": ""}
_PAPERS = """
# Giấy tờ / papers: none is cut until it is written here. Every word: mappings/README.md, "What a cut means".
# papers:
#   identity_paper:
#     title: {vi: Giấy tờ tùy thân, en: Identity paper}
#     mark: memory
#     replaced_by:
#       {has: ROLE:person.personal_id, about: ROLE, same: no_object, in_force: ROLE_alive, conclusion: shown}
#     counter_examples:
#       - name: the person is dead
#         example: NAME OF AN EXAMPLE THAT CUTS IT
#         evidence: {ROLE:person: {life_status: dead}}
#         reason: not_in_force
#       - {name: no number, example: NAME OF AN EXAMPLE THAT CUTS IT, evidence: {ROLE:person: {personal_id: null}}}

examples:
  - name: nothing is known
    subjects:
"""


def new_procedure(house: House, code: str, form: Path, title: str, purpose: str, today: date) -> Scaffold:
    """All files of the draft. Raises NotScaffolded, ConfigError."""
    if not _CODE.fullmatch(code):
        raise NotScaffolded(f"'{code}' is no code of a procedure", "write it as 1.004873")
    draft = _ProcedureDraft(house, code, EForm(form, code, title), purpose)
    for _ in range(_TRIES):
        files = draft.files(today)
        faults = house.faults(files)
        if not draft.give_up(faults):
            break
    if faults:
        raise ConfigError(faults)
    return Scaffold(files=files, remarks=draft.remarks(), steps=list(draft.steps()))


def _foreign(word: str) -> str:
    """The evidence type of a reference that is about more than people."""
    kind, _, attribute = word.rpartition(":")[2].partition(".")
    return kind if attribute and kind not in _OF_PEOPLE else ""


def _without_foreign(rule: dict[str, Any]) -> dict[str, Any]:
    """The guess, without other sources that it falls back on where it is about people itself."""
    more = rule.get("else", ())
    more = (more,) if isinstance(more, str) else more
    kept = [word for word in more if not _foreign(word)]
    if len(kept) == len(more) or _foreign(rule["from"]):
        return rule
    less = {name: one for name, one in rule.items() if name not in ("else", "agree")}
    return {**less, "else": kept} if kept else less


class _ProcedureDraft:
    """Writes the files of one procedure."""

    def __init__(self, house: House, code: str, form: EForm, purpose: str) -> None:
        self.house, self.code, self.form = house, code, form
        self.name = f"procedure_{code.replace('.', '_')}"
        self.like = self._likest()
        known = {field.key: field for field in self.like.fields} if self.like else {}
        parts = list(form.fields(known))
        self.fields = {key: needed for key, _, needed in parts}
        if not 0 < len(self.fields) <= _MOST_FIELDS:
            raise NotScaffolded(
                f"the form has {len(self.fields)} fields", f"give one with 1 to {_MOST_FIELDS}"
            )
        #: key -> why its guess does not fit
        self.given_up: dict[str, str] = {}
        self.roles = self._roles()
        self.guesses = {key: rule for key in self.fields if (rule := self._guess(key))}
        for key, rule in self.guesses.items():
            if self.like is not None and (kind := _foreign(rule["from"])):
                self.given_up[key] = f"only the name fits: {self.like.code} asks for {kind}"
        for key, schema, _ in parts:
            transforms = self.guesses.get(key, {}).get("transform", ())
            if schema.get("format") == "date" and "partial_date_vn" in transforms:
                self.given_up[key] = "the form wants yyyy-MM-dd, and of some people only the year is known"
        purposes = list(house.configuration.purposes)
        if purpose and purpose not in purposes:
            raise NotScaffolded(
                f"there is no purpose '{purpose}'", near(purpose, purposes, "see purposes.yaml")
            )
        self.purpose = purpose or self._purpose()

    def _likest(self) -> Procedure | None:
        """The procedure that shares most fields, at least two."""
        keys = {*self.form.schema["properties"]}
        shared = {
            code: len(keys & {one.names[0] for one in item.fields})
            for code, item in self.house.catalogue.procedures.items()
        }
        best = max(sorted(shared), key=shared.__getitem__, default="")
        return self.house.catalogue.procedures[best] if shared.get(best, 0) > 1 else None

    def _roles(self) -> dict[str, dict[str, Any]]:
        """Roles whose data fill a field of the same name elsewhere; always one that signs in."""
        if self.like is None:
            title = {"vi": "Người nộp hồ sơ", "en": "Applicant"}
            return {"applicant": {"kind": ["person"], "signs_in": True, "title": title}}
        named = {ref.role for field in self.like.fields if field.key in self.fields for ref in field.refs} | {
            self.like.signs_in
        }
        found: dict[str, dict[str, Any]] = {}
        for name, role in self.like.roles.items():
            if name in named and not role.many:
                found[name] = {"kind": [str(kind) for kind in role.kind]}
                found[name] |= (
                    {"signs_in": True} if role.signs_in else {"optional": True} if role.optional else {}
                )
                found[name] |= {"title": role.title.model_dump()} if role.title else {}
        return found

    def _guess(self, key: str) -> dict[str, Any]:
        field = next((one for one in self.like.fields if one.key == key), None) if self.like else None
        if (
            field is not None
            and not (field.keep or field.leave_out)
            and all(not ref.role or ref.role in self.roles for ref in field.refs)
        ):
            rule = field.rule.model_dump(
                by_alias=True, exclude_defaults=True, exclude={"title", "mark", "required"}
            )
            return {} if rule["from"] == "input" else _without_foreign(rule)
        word = asked_word(tuple(key.split("."))).removeprefix("subject.")
        role = next(
            (name for name, one in self.roles.items() if one.get("signs_in") and "person" in one["kind"]), ""
        )
        if not role or word not in _GUESSED or "." in key:
            return {}
        transform = _GUESSED[word]
        return {"from": f"{role}:person.{word}", **({"transform": transform} if transform else {})}

    def _purpose(self) -> str:
        free = [
            name
            for name, one in self.house.configuration.purposes.items()
            if {"*", self.code} & {*one.procedures}
        ]
        if not free:
            raise NotScaffolded(
                "every purpose is bound to other procedures", "add one to purposes.yaml, and say --purpose"
            )
        return self.like.purpose if self.like is not None and self.like.purpose in free else free[0]

    def give_up(self, faults: list[Problem]) -> bool:
        """Take back the guesses that do not fit; whether there was any."""
        file, before = f"mappings/procedures/{self.code}.yaml", len(self.given_up)
        for fault in faults:
            line = (
                self._lines[fault.line - 1]
                if fault.file == file and 0 < fault.line <= len(self._lines)
                else ""
            )
            key = line.strip().partition(":")[0].strip('"')
            if key in self.guesses and key not in self.given_up:
                self.given_up[key] = fault.what
        return len(self.given_up) > before

    def files(self, today: date) -> dict[Path, bytes]:
        """Path to content; the mapping comes last, since only it makes a procedure."""
        root, config = self.house.root, self.house.config
        self._lines = [*self._mapping()]
        schema = json.dumps(self.form.schema, ensure_ascii=False, indent=2)
        files = {root / f"schemas/forms/{self.code}.schema.json": f"{schema}\n".encode()}
        if services := self._services():
            agreement = "\n".join(self._agreement(today, services))
            files[config / f"agreements/{self.name}.yaml"] = f"{agreement}\n".encode()
        mapping = "\n".join(self._lines)
        files[root / f"mappings/procedures/{self.code}.yaml"] = f"{mapping}\n".encode()
        return files

    def _held(self) -> dict[str, dict[str, Any]]:
        return {key: rule for key, rule in self.guesses.items() if key not in self.given_up}

    def _mapping(self) -> Iterator[str]:
        title = {"vi": self.form.title, "en": self.form.schema["x-title-en"]}
        yield "# Bản nháp / a draft of `motlan new procedure`. References were guessed from names: check each line."
        yield f'procedure: "{self.code}"'
        yield f"name: {self.name}"
        yield f"title: {flow(title)}"
        yield 'version: "0"'
        yield "mark: sandbox"
        yield f"purpose: {quoted(self.purpose)}"
        yield ""
        yield "subjects:"
        yield from (f"  {name}: {flow(role)}" for name, role in self.roles.items())
        yield ""
        yield "fields:"
        yield from (self._field_line(key, needed) for key, needed in self.fields.items())
        yield from _PAPERS.splitlines()
        yield from self._subject_lines()

    def _field_line(self, key: str, needed: bool) -> str:  # noqa: FBT001 -- as the form says it
        rule = self._held().get(key, {"from": "input", "editable": True})
        given_up = self.given_up.get(key)
        note = ""
        if given_up:
            note = f"   # ! not {flow(self.guesses[key])}: {on_one_line(given_up)}"
        elif key in self.guesses:
            note = "   # ! a guess by its name"
        return f"  {quoted(key)}: {flow({**rule, 'required': True} if needed else rule)}{note}"

    def _subject_lines(self) -> Iterator[str]:
        """The people of the example."""
        first = next(iter(self.roles))
        for name, role in self.roles.items():
            kind = role["kind"][0]
            if name != first and kind == "person":
                yield f"      {name}: {{same_as: {first}}}"
            elif name == first or not role.get("optional"):
                yield f"      {name}: {flow({word: INVENTED_SUBJECT[word] for word in _SUBJECTS[kind]})}"

    def _services(self) -> dict[str, list[str]]:
        """Data service -> attributes that the fields read."""
        found: dict[str, list[str]] = {}
        for rule in self._held().values():
            more = rule.get("else", ())
            for word in (rule["from"], *(more if isinstance(more, list | tuple) else (more,))):
                kind, _, attribute = word.rpartition(":")[2].partition(".")
                able = [
                    plan.name
                    for plan in self.house.catalogue.offers.get(kind, ())
                    if attribute in plan.attributes
                ]
                if able and attribute not in found.setdefault(able[0], []):
                    found[able[0]].append(attribute)
        return found

    def _agreement(self, today: date, services: Mapping[str, list[str]]) -> Iterator[str]:
        yield f"# Bản nháp / a draft: nobody has it until a file of requesters/ says 'agreements: [{self.name}]'."
        yield f"agreement: {self.name}"
        yield f"title: {flow({'vi': self.form.title, 'en': self.form.schema['x-title-en']})}"
        yield from LEGAL_BASIS
        yield f'valid_from: "{today}"'
        yield f'procedures: ["{self.code}"]'
        yield f"purposes: [{quoted(self.purpose)}]"
        yield "services:"
        yield from (f"  {quoted(name)}: {{attributes: {flow(held)}}}" for name, held in services.items())

    def remarks(self) -> list[str]:
        """What the person must know."""
        like = f", as in {self.like.code}" if self.like is not None else ""
        filled = f"{len(self._held())} of {len(self.fields)} fields are filled from data{like}"
        found = [f"{filled}; every paper is still to be written"]
        found += [f"field {key}: the citizen types it, since {why}" for key, why in self.given_up.items()]
        return found + (
            [f"left out of the form: {', '.join(sorted(self.form.dropped))}"] if self.form.dropped else []
        )

    def steps(self) -> Iterator[str]:
        """What is next."""
        root, config = self.house.root, self.house.config
        mapping = f"{root}/mappings/procedures/{self.code}.yaml"
        yield f"đọc từng dòng, viết giấy tờ / read each line, write the papers: {mapping}"
        yield f"motlan check-config {config}"
        yield f"người cho thử / its casts: {config}/sandbox/casts.yaml; then: motlan cuts --procedure {self.code}"
        yield f"trang mẫu / golden page (source repository): tests/golden/cuts-{self.code}.txt"
        yield (
            f"thỏa thuận / agreement: legal_basis in {config}/agreements/{self.name}.yaml;"
            f" 'agreements: [{self.name}]' in {config}/requesters/"
        )
