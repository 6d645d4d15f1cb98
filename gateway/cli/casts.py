"""The casts of `motlan cuts`: who plays which role of a procedure (`config/sandbox/casts.yaml`).

Strict: what does not fit the procedures and the people of the sandbox is refused with file, line and remedy.
Knows no gateway: it gives bodies of `POST /v1/prefill`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from gateway.config.strict_yaml import Document, Loc, read
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import Procedure
from gateway.mapping.strict import Strict, WordList

CASTS = Path("config/sandbox/casts.yaml")
_SAME = "same:"
_PERSON = "person"
#: members of a person in a request, if the person has them
_SAID = ("personal_id", "old_id", "passport", "full_name", "birth_date")
#: long enough for every source of the sandbox
_DEADLINE_MS = 10_000

CastPeople = Mapping[str, Mapping[str, Any]]
#: a person's key, `same:<role>`, or what the request says; a list where a role takes many
Player = Any


class EachPerson(Strict):
    """Every person of the sandbox in one role, one after another."""

    role: str
    #: only people of this gender
    gender: str = ""
    #: who plays the other roles
    with_: dict[str, Player] = Field({}, alias="with")
    known: dict[str, str] = {}
    dossier: str = ""


class NamedCast(Strict):
    """One case, and what becomes of the papers."""

    name: str
    what: str
    subjects: dict[str, Player]
    #: what the citizen typed
    known: dict[str, str] = {}
    dossier: str = ""
    account: dict[str, Any] = {}
    #: papers that must be asked for, whatever the owners of databases publish
    asks: WordList = ()
    #: papers that are cut once they published all
    cuts: WordList = ()


class ProcedureCasts(Strict):
    """The casts of one procedure."""

    each: tuple[EachPerson, ...] = ()
    casts: tuple[NamedCast, ...]


class CastFile(Strict):
    """`config/sandbox/casts.yaml`."""

    version: str
    procedures: dict[str, ProcedureCasts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Casting:
    """One request to be made, and what must come of it."""

    procedure: str
    name: str
    what: str
    body: Mapping[str, Any]
    asks: Sequence[str] = ()
    cuts: Sequence[str] = ()


def load_casts(root: Path, catalogue: Catalogue, people: CastPeople) -> list[Casting]:
    """All casts in the order of the file, for each procedure the named ones first; ConfigError names what is wrong."""
    document = read(root / CASTS, root)
    file = document.read_as(CastFile)
    problems = list(_faults(document, file, catalogue, people))
    if problems:
        raise ConfigError(problems)
    return [
        one
        for code, casts in file.procedures.items()
        for one in (*_named(code, casts, people), *_generated(code, casts, people))
    ]


def _named(code: str, casts: ProcedureCasts, people: CastPeople) -> Iterator[Casting]:
    for one in casts.casts:
        body = _body(code, one.subjects, one.known, one.dossier, people)
        if one.account:
            body["account"] = one.account
        yield Casting(
            procedure=code, name=one.name, what=one.what, body=body, asks=one.asks, cuts=one.cuts
        )  # fmt: skip


def _generated(code: str, casts: ProcedureCasts, people: CastPeople) -> Iterator[Casting]:
    for each in casts.each:
        for key, person in people.items():
            if each.gender in {"", person["gender"]} and _numbered(person):
                subjects = {each.role: key, **each.with_}
                body = _body(code, subjects, each.known, each.dossier, people)
                name = f"{each.role}={key}"
                yield Casting(
                    procedure=code, name=name, what=", ".join(person["traits"]), body=body
                )  # fmt: skip


def _numbered(person: Mapping[str, Any]) -> bool:
    """Newborns have no number: they are found through a parent, and play no role by themselves."""
    return any(person.get(word) for word in ("personal_id", "old_id", "passport"))


def _body(
    code: str, subjects: Mapping[str, Player], known: Mapping[str, str], dossier: str, people: CastPeople
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "procedure": code,
        "subjects": {role: _subject(player, people) for role, player in subjects.items()},
        "deadline_ms": _DEADLINE_MS,
    }
    if known:
        body["known"] = dict(known)
    if dossier:
        body["dossier"] = dossier
    return body


def _subject(player: Player, people: CastPeople) -> Any:  # noqa: ANN401 -- JSON of the request
    if isinstance(player, list):
        return [_subject(one, people) for one in player]
    if isinstance(player, str):
        if player.startswith(_SAME):
            return {"same_as": player.removeprefix(_SAME)}
        return _said(people[player])
    given = dict(player)
    key = given.pop(_PERSON, None)
    return {**(_said(people[key]) if key else {}), **given}


def _said(person: Mapping[str, Any]) -> dict[str, str]:
    """The person's numbers, name and birth date, if any."""
    return {word: person[word] for word in _SAID if person.get(word)}


def _faults(
    document: Document, file: CastFile, catalogue: Catalogue, people: CastPeople
) -> Iterator[Problem]:
    for code in catalogue.procedures:
        if code not in file.procedures:
            what = f"procedure {code} has no casts"
            yield document.problem(("procedures",), what, f"add '\"{code}\": {{each: […], casts: […]}}'")
    for code, casts in file.procedures.items():
        procedure = catalogue.procedures.get(code)
        if procedure is None:
            what = f"'{code}' is no procedure"
            remedy = near(code, list(catalogue.procedures), "name a file of mappings/procedures")
            yield document.problem(("procedures", code), what, remedy)
            continue
        for loc, what, remedy in _casts_faults(("procedures", code), casts, procedure, people):
            yield document.problem(loc, what, remedy)


def _casts_faults(
    loc: Loc, casts: ProcedureCasts, procedure: Procedure, people: CastPeople
) -> Iterator[tuple[Loc, str, str]]:
    for index, each in enumerate(casts.each):
        at = (*loc, "each", index)
        yield from _roles_faults(at, {each.role: next(iter(people)), **each.with_}, procedure, people)
        yield from _fields_faults(at, each.known, procedure)
    names = [one.name for one in casts.casts]
    for index, one in enumerate(casts.casts):
        at = (*loc, "casts", index)
        if one.name in names[:index]:
            yield at, f"a second cast is called '{one.name}'", "give it another name"
        yield from _roles_faults(at, one.subjects, procedure, people)
        yield from _fields_faults(at, one.known, procedure)
        papers = list(procedure.papers)
        for paper in (*one.asks, *one.cuts):
            if paper not in papers:
                yield at, f"'{paper}' is no paper of {procedure.code}", near(paper, papers, "name a paper")


def _roles_faults(
    loc: Loc, subjects: Mapping[str, Player], procedure: Procedure, people: CastPeople
) -> Iterator[tuple[Loc, str, str]]:
    for role, player in subjects.items():
        if role not in procedure.roles:
            yield (
                loc,
                f"'{role}' is no role of {procedure.code}",
                near(role, list(procedure.roles), "name a role"),
            )
        for one in player if isinstance(player, list) else [player]:
            key = one.get(_PERSON) if isinstance(one, Mapping) else one
            if isinstance(key, str) and key.startswith(_SAME):
                if key.removeprefix(_SAME) not in subjects:
                    yield loc, f"'{key}' leads to a role that nobody plays", "name a role of this cast"
            elif key is not None and key not in people:
                yield (
                    loc,
                    f"'{key}' is nobody of personas.yaml",
                    near(str(key), list(people), "name a person's key"),
                )


def _fields_faults(
    loc: Loc, known: Mapping[str, str], procedure: Procedure
) -> Iterator[tuple[Loc, str, str]]:
    keys = [field.key for field in procedure.fields]
    for key in known:
        if key not in keys:
            yield (
                loc,
                f"'{key}' is no field of the form of {procedure.code}",
                near(key, keys, "name a form field"),
            )
