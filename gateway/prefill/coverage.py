"""The coverage map: which field of which procedure data may fill, from which source, under a requester's agreements.

By the plan and the explanation of `/v1/explain`, for subjects that have every identifier and for a request that meets
every other condition (official, dossier, hours): once without and once with the person's consent.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.dates import PartialDate
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.sentences import Sentence
from gateway.mapping.load import Catalogue
from gateway.mapping.procedure import DECLARED, Field, Procedure
from gateway.policy.asked import PolicyRequest, asked_at
from gateway.policy.conditions import asks_consent, conditions
from gateway.policy.decide import Decision, PassedOver
from gateway.policy.grants import Grant, granted
from gateway.prefill.explain import FieldExplainer
from gateway.prefill.plans import Plans
from gateway.prefill.roles import Cast
from gateway.prefill.roles import cast as cast_of
from gateway.review.minimisation import agreements_of

_SCOPE = "prefill"
#: identifiers and facts of a subject that a service may need to find it
_TEXTS = "personal_id old_id passport full_name tax_code registration_no commune sheet number".split()


class FieldCoverage(StrEnum):
    """Whether data may fill a field."""

    PREFILLED = "prefilled"
    WITH_CONSENT = "with_consent"
    NEVER = "never"


class Why(StrEnum):
    """Why data never fill a field."""

    #: the mapping names no data for it
    NO_DATA = "no_data"
    NOT_AGREED = "not_agreed"
    #: no enabled source gives it
    NO_SOURCE = "no_source"
    #: a person found in other evidence, about whom the agreements grant nothing
    SUBJECT = "subject"
    #: no agreement of this requester is about the procedure
    NO_AGREEMENT = "no_agreement"


#: what would change that; NO_DATA: nothing would
_REMEDIES: Mapping[Why, Sentence] = {
    Why.NO_SOURCE: say.ADD_A_SOURCE_OF_IT,
    Why.SUBJECT: say.AGREE_ON_THIS_PERSON,
    Why.NO_AGREEMENT: say.AGREE_ON_THIS_PROCEDURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRow:
    """One field of one procedure for one requester."""

    field: str
    title: str
    title_en: str
    state: FieldCoverage
    #: sources that fill it, the preferred one first; of a field that is never filled: those that would
    sources: tuple[str, ...] = ()
    #: the rule that decides
    rule: str = ""
    why: Why | None = None
    #: what would change that, in English and in Vietnamese
    remedy: str | None = None
    remedy_vi: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcedureCoverage:
    """One procedure for one requester."""

    procedure: str
    title: str
    title_en: str
    purpose: str
    agreements: tuple[str, ...]
    #: rules of conditions that a request must meet as well
    demands: tuple[str, ...]
    fields: tuple[FieldRow, ...]

    def count(self, state: FieldCoverage) -> int:
        """How many fields have this state."""
        return sum(one.state is state for one in self.fields)

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "counts": {state.value: self.count(state) for state in FieldCoverage}}


class Coverage:
    """The coverage map of one configuration."""

    def __init__(self, configuration: Configuration, catalogue: Catalogue) -> None:
        """Reads which services are enabled."""
        self._configuration = configuration
        self._catalogue = catalogue
        self._plans = Plans(configuration, catalogue)
        #: (requester, day) -> its map, which takes a tenth of a second
        self._made: dict[tuple[str, date], Sequence[ProcedureCoverage]] = {}

    @property
    def requesters(self) -> list[str]:
        """Those that may ask for forms."""
        return [name for name, one in self._configuration.requesters.items() if _SCOPE in one.scopes]

    def of(self, requester: str, now: datetime) -> Sequence[ProcedureCoverage]:
        """Every procedure for one of `requesters`; may block for a tenth of a second."""
        key = (requester, asked_at(now).date())
        found = self._made.get(key)
        if found is None:
            procedures = sorted(self._catalogue.procedures.items())
            found = tuple(self._procedure(requester, one, asked_at(now)) for _, one in procedures)
            self._made = {other: rows for other, rows in self._made.items() if other[1] == key[1]} | {
                key: found
            }
        return found

    def _procedure(self, requester: str, procedure: Procedure, now: datetime) -> ProcedureCoverage:
        ours = agreements_of(self._configuration, requester, procedure, now.date())
        casts = list(_casts(procedure))
        views = [_Views(self._plans, requester, procedure, one, ours, now) for one in casts] if ours else []
        title = procedure.mapping.title
        return ProcedureCoverage(
            procedure=procedure.code, title=title.vi, title_en=title.en, purpose=procedure.purpose,
            agreements=tuple(one.agreement for one in ours),
            demands=tuple(
                rule for one in ours for rule, _ in conditions(one) if not rule.startswith("consent:")
            ),
            fields=tuple(_best(field, [view.field(place) for view in views])
                         for place, field in enumerate(procedure.fields)),
        )  # fmt: skip


class _Views:
    """What a requester gets of one procedure with one cast: without a consent, and with one."""

    def __init__(
        self,
        plans: Plans,
        requester: str,
        procedure: Procedure,
        roles: Cast,
        ours: list[Agreement],
        now: datetime,
    ) -> None:
        plain = [one for one in ours if not asks_consent(one)]
        consented = [one.model_copy(update={"consent": "not_required"}) for one in ours]
        asked = PolicyRequest(requester, frozenset((_SCOPE,)), procedure.code, procedure.purpose, now, "")
        lacking = tuple(
            PassedOver(denial, one)
            for one in ours if asks_consent(one)
            for rule, hold in conditions(one)
            if rule.startswith("consent:") and (denial := hold(asked)) is not None
        )  # fmt: skip
        found = Decision(_grant(asked, plain), passed_over=lacking)
        self._views = []
        for state, agreements in ((FieldCoverage.PREFILLED, plain), (FieldCoverage.WITH_CONSENT, consented)):
            grant = _grant(asked, agreements)
            plan = plans.of(procedure, roles, grant)
            self._views.append(
                (state, plan, FieldExplainer(Decision(grant), found, grant, plan, frozenset()))
            )

    def field(self, place: int) -> FieldRow:
        entry: Any = {}
        sources: tuple[str, ...] = ()
        for state, plan, view in self._views:
            planned = plan.fields[place]
            entry = view.field(planned)
            allowed = [one for one in entry["from"] if one["allowed"]]
            sources = tuple(dict.fromkeys(one["source"] for one in allowed))
            if entry["state"] == "asked":
                shown = FieldCoverage.WITH_CONSENT if _is_own(allowed) else state
                return _row(planned.field, shown, sources, entry["rule"])
        why = _why(entry)
        return _row(planned.field, FieldCoverage.NEVER, sources, entry["rule"], why)


def _is_own(places: list[Any]) -> bool:
    """Whether only own data fill it: they are kept by the person's consent, whatever the agreement asks for."""
    return all(one["attribute"].startswith(f"{DECLARED}.") for one in places)


def _grant(asked: PolicyRequest, agreements: list[Agreement]) -> Grant:
    rules = tuple(f"agreement:{one.agreement}" for one in agreements)
    return Grant(
        asked.requester,
        asked.procedure,
        asked.purpose,
        asked.now.date(),
        "",
        granted(agreements, None),
        rules,
    )


def _why(entry: Mapping[str, Any]) -> Why:
    if entry["state"] == "citizen":
        return Why.NO_DATA
    if entry["state"] == "withheld":
        return Why.NOT_AGREED
    return Why.NO_SOURCE if entry["rule"] == "subject:incomplete" else Why.SUBJECT


def _row(
    field: Field, state: FieldCoverage, sources: tuple[str, ...], rule: str, why: Why | None = None
) -> FieldRow:
    title, remedy = field.title, _remedy(why, rule)
    return FieldRow(
        field=field.key, title=title.vi if title else "", title_en=title.en if title else "", state=state,
        sources=sources, rule=rule, why=why, remedy=remedy.en if remedy else None,
        remedy_vi=remedy.vi if remedy else None,
    )  # fmt: skip


def _remedy(why: Why | None, rule: str) -> Sentence | None:
    """Of `not_agreed:<service>:<attribute>` it names both."""
    if why is Why.NOT_AGREED:
        _, service, attribute = rule.split(":", 2)
        return say.AGREE_ON_ATTRIBUTE(service=service, attribute=attribute)
    return None if why is None else _REMEDIES.get(why)


def _best(field: Field, rows: list[FieldRow]) -> FieldRow:
    """The best of what the kinds of subject give: a field of organisations is no gap for persons."""
    if not rows:
        why = Why.NO_AGREEMENT if field.refs else Why.NO_DATA
        return _row(field, FieldCoverage.NEVER, (), "agreement:none" if field.refs else "", why)
    return min(rows, key=lambda one: list(FieldCoverage).index(one.state))


def _casts(procedure: Procedure) -> Iterator[Cast]:
    """Casts with every identifier: each kind of subject in one of them, and one where who signs in has all roles."""
    roles = {name: one for name, one in procedure.roles.items() if one.found_in is None}
    for place in range(max((len(one.kind) for one in roles.values()), default=1)):
        wanted = {
            name: _subject(name, one.kind[min(place, len(one.kind) - 1)]) for name, one in roles.items()
        }
        yield cast_of(procedure, wanted)
        own = wanted.get(procedure.signs_in)
        if isinstance(own, Subject):
            same = {name: procedure.signs_in for name, one in roles.items() if own.kind in one.kind}
            yield cast_of(procedure, {**wanted, **same, procedure.signs_in: own})


def _subject(role: str, kind: SubjectKind) -> Subject:
    """Placeholders: a plan depends on which identifiers there are, never on what they are."""
    texts: dict[str, Any] = dict.fromkeys(_TEXTS, role)
    parent = role if kind is SubjectKind.NEWBORN else None
    return Subject(kind=kind, birth_date=PartialDate(1990), parent_personal_id=parent, **texts)
