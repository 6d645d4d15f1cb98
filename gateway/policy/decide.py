"""Who may ask which attributes, for which purpose (default deny): the decision and the order of its checks.

Pure functions over typed rules; every decision names its rules. README.md of this room has the order.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from gateway.config.agreement import Agreement
from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.access import ValidConsent
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence
from gateway.policy.agencies import ended, may_name
from gateway.policy.asked import Denial, PolicyRequest
from gateway.policy.conditions import ALL, Condition, asks_consent, conditions
from gateway.policy.grants import Grant, covers, granted
from gateway.policy.rates import Limit, Whom, in_words, limit

_KEPT = 20_000
#: requester, procedure, purpose, day
_RulesKey = tuple[str, str, str, date]
#: the same, with the kind of representation, and whether a person has no number
_RulesPlace = tuple[str, str, str, date, str, bool]
_SCOPE = "scope:prefill"
#: after every condition: quotas are checked last
_LAST = 99


class PassedOver(NamedTuple):
    """An agreement for this procedure and purpose whose conditions the request does not meet."""

    denial: Denial
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class Decision:
    """A grant, or its denial; with the agreements that were passed over and their remedies."""

    grant: Grant | None
    #: the refusal; None with a grant
    denial: Denial | None = None
    passed_over: tuple[PassedOver, ...] = ()

    @property
    def rules(self) -> tuple[str, ...]:
        """Ids of the rules that decided."""
        if self.grant is not None:
            return self.grant.rules
        return () if self.denial is None else (self.denial.rule,)


class _AgreementRule:
    """One agreement, compiled."""

    __slots__ = ("agreement", "consent", "held", "ids", "limits", "since", "until")

    def __init__(self, agreement: Agreement) -> None:
        self.agreement = agreement
        self.since = date.fromisoformat(agreement.valid_from)
        self.until = date.fromisoformat(agreement.valid_until) if agreement.valid_until else date.max
        found = conditions(agreement)
        self.held: tuple[Condition, ...] = tuple(condition for _, condition in found)
        self.ids = (f"agreement:{agreement.agreement}", *(name for name, _ in found))
        self.limits = tuple(_limits(agreement))
        self.consent = asks_consent(agreement)

    def hold(self, asked: PolicyRequest) -> tuple[int, Denial] | None:
        """Number of met conditions, and the first one that is not met, by its denial; None when all are met."""
        for place, condition in enumerate(self.held):
            if (denial := condition(asked)) is not None:
                return place, denial
        for one in self.limits if asked.spent else ():
            if one.rule in asked.spent:
                return _LAST, Denial(
                    one.rule,
                    RefusalReason.QUOTA_EXCEEDED,
                    in_words(one),
                    "ask when the next window begins, or agree on more",
                )
        return None

    def unmet(self, asked: PolicyRequest) -> Iterator[Denial]:
        """The denial of each condition that is not met."""
        for condition in self.held:
            if (denial := condition(asked)) is not None:
                yield denial


def _mended(asked: PolicyRequest, rule: str) -> PolicyRequest | None:
    """The request as it would be if it met a rule that comes before all agreements; None: no other request does."""
    if rule == _SCOPE:
        return asked._replace(scopes=asked.scopes | {"prefill"})
    if rule == f"purpose:{asked.purpose}" and asked.own_purpose not in {"", asked.purpose}:
        return asked._replace(purpose=asked.own_purpose)
    return None


@dataclass(frozen=True, slots=True)
class _ApplicableRules:
    """The constant part for one requester, procedure and purpose on one day."""

    rules: tuple[_AgreementRule, ...]
    #: the decision whatever the other facts are; None: it depends on them
    always: Decision | None
    #: agreements that count (their indexes) -> grant, where no consent takes part
    decided: dict[tuple[int, ...], Grant]


class Policy:
    """Decides. Caches what is constant for a day; the rules do not change while they are loaded."""

    def __init__(self, configuration: Configuration) -> None:
        """Reads requesters, agreements and purposes."""
        self._purposes = configuration.purposes
        compiled: dict[str, _AgreementRule] = {}
        #: requester -> procedure, or `*` -> its agreements in their order
        self._rules: dict[str, dict[str, list[tuple[int, _AgreementRule]]]] = {}
        agencies = configuration.agencies
        self._may_name = {
            name: may_name(settings, agencies) for name, settings in configuration.requesters.items()
        }
        self._ended = ended(agencies)
        for requester, settings in configuration.requesters.items():
            of = self._rules[requester] = {}
            for place, name in enumerate(dict.fromkeys(settings.agreements)):
                agreement = configuration.agreements.get(name)
                if agreement is None:
                    continue
                rule = compiled.get(name) or compiled.setdefault(name, _AgreementRule(agreement))
                for code in dict.fromkeys(agreement.procedures):
                    of.setdefault(code, []).append((place, rule))
        self._rules_of: dict[_RulesPlace, _ApplicableRules] = {}

    def decide(self, asked: PolicyRequest) -> Decision:
        """The decision over one request. Raises nothing: a denial is a result."""
        if "prefill" not in asked.scopes:
            what = say.SCOPE_MISSING(scope="prefill")
            return _denied(_SCOPE, RefusalReason.REFUSED, what, "ask for a token with this scope")
        may_name = self._may_name.get(asked.requester)
        if may_name is not None and not may_name(asked.agency):
            return _NOT_ITS_OFFICIAL
        if asked.agency in self._ended and asked.now.date() > self._ended[asked.agency][0]:
            return _dissolved(asked.agency, *self._ended[asked.agency])
        if asked.own_purpose and asked.purpose != asked.own_purpose and asked.purpose in self._purposes:
            return _not_of_procedure(asked.purpose, asked.procedure)
        key = (asked.requester, asked.procedure, asked.purpose, asked.now.date())
        place = (*key, asked.acting, asked.is_unnumbered)
        applying = self._rules_of.get(place)
        if applying is None:
            if len(self._rules_of) >= _KEPT:
                self._rules_of.clear()
            applying = self._rules_of[place] = self._find_rules(*place)
        return applying.always or _held(asked, key, applying, self._purposes[asked.purpose].legal_basis)

    def unmet(self, asked: PolicyRequest) -> tuple[Denial, ...]:
        """All rules that the request does not meet, the one that `decide` names among the first.

        Without the scope, or with a purpose of another procedure, the agreements are looked at all the same. Quotas
        are not looked at.
        """
        found, decision = [], self.decide(asked)
        while decision.denial is not None and (better := _mended(asked, decision.denial.rule)) is not None:
            found.append(decision.denial)
            asked, decision = better, self.decide(better)
        if decision.denial is not None:
            found.append(decision.denial)
        key = (asked.requester, asked.procedure, asked.purpose, asked.now.date())
        place = (*key, asked.acting, asked.is_unnumbered)
        applying = self._rules_of.get(place) or self._find_rules(*place)
        if applying.always is not None and applying.always.denial is not None:
            found.append(applying.always.denial)
        found += [one for rule in applying.rules for one in rule.unmet(asked)]
        return tuple(dict.fromkeys(found))

    def _find_rules(
        self, requester: str, procedure: str, purpose: str, day: date, acting: str,
        is_unnumbered: bool,  # noqa: FBT001 -- the last part of a key
    ) -> _ApplicableRules:  # fmt: skip
        declared = self._purposes.get(purpose)
        if declared is None:
            return _fixed(
                _denied(
                    "purpose:unknown",
                    RefusalReason.PURPOSE_NOT_ALLOWED,
                    say.PURPOSE_UNKNOWN,
                    "name a purpose of config/purposes.yaml",
                )
            )
        if not _names(declared.procedures, procedure):
            return _fixed(_not_of_procedure(purpose, procedure))
        about = [one for one in self._of(requester, procedure) if _names(one.agreement.purposes, purpose)]
        ours = tuple(one for one in about if one.since <= day <= one.until)
        if not ours:
            return _fixed(_out_of_time(about, day) or _no_agreement())
        acted = [one for one in ours if not acting or _names(one.agreement.represents, acting)]
        ours = tuple(one for one in acted if not is_unnumbered or one.agreement.without_number != "no")
        if not ours:
            return _fixed(_NUMBER_MISSING if acted else _not_represented(acting))
        if any(one.held or one.limits for one in ours):
            return _ApplicableRules(ours, None, {})
        grant = _grant(ours, (requester, procedure, purpose, day), declared.legal_basis)
        return _ApplicableRules(ours, Decision(grant), {})

    def _of(self, requester: str, procedure: str) -> list[_AgreementRule]:
        of = self._rules.get(requester, {})
        return [one for _, one in sorted(_once(of.get(procedure, ()), of.get(ALL, ())), key=lambda at: at[0])]


def _once(*groups: Iterable[tuple[int, _AgreementRule]]) -> list[tuple[int, _AgreementRule]]:
    return list({place: (place, rule) for group in groups for place, rule in group}.values())


def _held(asked: PolicyRequest, key: _RulesKey, applying: _ApplicableRules, legal_basis: str) -> Decision:
    """Check the conditions of each agreement; those that are all met grant together."""
    good: list[int] = []
    stopped: list[tuple[int, PassedOver]] = []
    for place, rule in enumerate(applying.rules):
        found = rule.hold(asked)
        if found is None:
            good.append(place)
        else:
            stopped.append((found[0], PassedOver(found[1], rule.agreement)))
    passed_over = tuple(one for _, one in stopped)
    if not good:
        # the agreement with the most met conditions names best what is missing
        return Decision(None, max(stopped, key=lambda one: one[0])[1].denial, passed_over)
    grant = applying.decided.get(tuple(good))
    if grant is None:
        rules = [applying.rules[place] for place in good]
        if any(rule.consent for rule in rules):
            grant = _grant(rules, key, legal_basis, asked.consent)
        else:
            grant = applying.decided[tuple(good)] = _grant(rules, key, legal_basis)
    if asked.spent:
        spent = [
            (one.denial.rule, one.agreement)
            for one in passed_over
            if one.denial.code == RefusalReason.QUOTA_EXCEEDED
        ]
        grant = replace(grant, spent=tuple(spent))
    return Decision(grant, None, passed_over)


def _grant(
    rules: Sequence[_AgreementRule], key: _RulesKey, legal_basis: str, consent: ValidConsent | None = None
) -> Grant:
    found = _needed(rules, consent)
    ids = tuple(dict.fromkeys(name for rule in found for name in rule.ids))
    limits = tuple(one for rule in found for one in rule.limits)
    if consent is not None and all(rule.consent for rule in found):
        legal_basis = f"consent:{consent.id}"
    services = granted([rule.agreement for rule in found], consent)
    named = consent.attributes.items() if consent is not None else ()
    pairs = frozenset((service, name) for service, names in named for name in names)
    cuts = all(rule.agreement.without_number == "cut" for rule in found)
    return Grant(*key, legal_basis, services, ids, limits, pairs, cuts_without_number=cuts)


def _needed(rules: Sequence[_AgreementRule], consent: ValidConsent | None) -> Sequence[_AgreementRule]:
    """Without agreements whose quota is not needed: others, without quota and consent, grant all the same."""
    free = [rule.agreement for rule in rules if not (rule.limits or rule.consent)]
    if not free or len(free) == len(rules):
        return rules
    given = granted(free, None)
    return [rule for rule in rules if not (rule.limits and covers(given, granted([rule.agreement], consent)))]


def _limits(agreement: Agreement) -> Iterable[Limit]:
    whom: Mapping[Whom, str | None] = {
        "requester": agreement.quota.requester,
        "official": agreement.quota.official,
        "subject": agreement.quota.subject,
    }
    return [
        limit(f"quota:{agreement.agreement}:{name}", name, rate)
        for name, rate in whom.items()
        if rate is not None
    ]


def _out_of_time(about: list[_AgreementRule], day: date) -> Decision | None:
    """The denial by an agreement that is valid on another day: the latest past one, else a future one."""
    for one in about:
        if one.until < day:
            name = one.agreement.agreement
            sentence = say.AGREEMENT_ENDED(agreement=name, day=one.until)
            return _denied(
                f"agreement:{name}",
                RefusalReason.AGREEMENT_OVER,
                sentence,
                "prolong the agreement (valid_until)",
            )
    for one in about:
        name = one.agreement.agreement
        sentence = say.AGREEMENT_BEGINS(agreement=name, day=one.since)
        return _denied(
            f"agreement:{name}", RefusalReason.AGREEMENT_NOT_YET_VALID, sentence, f"ask from {one.since} on"
        )
    return None


def _not_of_procedure(purpose: str, procedure: str) -> Decision:
    sentence = say.PURPOSE_NOT_OF_PROCEDURE(purpose=purpose, procedure=procedure)
    return _denied(f"purpose:{purpose}", RefusalReason.PURPOSE_NOT_ALLOWED, sentence, "leave `purpose` out")


def _no_agreement() -> Decision:
    return _denied(
        "agreement:none",
        RefusalReason.PURPOSE_NOT_ALLOWED,
        say.NO_AGREEMENT,
        "agree on it: config/agreements",
    )


def _names(words: tuple[str, ...], word: str) -> bool:
    return word in words or ALL in words


def _denied(rule: str, code: RefusalReason, sentence: Sentence, remedy: str) -> Decision:
    return Decision(None, Denial(rule, code, sentence, remedy))


_NOT_ITS_OFFICIAL = _denied(
    "requester:agency", RefusalReason.AGENCY_NOT_ALLOWED, say.NOT_ITS_OFFICIAL,
    "name one of its own agency, or agree on more: 'agencies' in config/requesters",
)  # fmt: skip

_NUMBER_MISSING = _denied(
    "number:none", RefusalReason.NUMBER_MISSING, say.AGREED_NUMBER,
    "give a number of the person, or agree on it: 'without_number' of an agreement in config/agreements",
)  # fmt: skip


def _not_represented(acting: str) -> Decision:
    return _denied(
        f"representation:{acting}", RefusalReason.REPRESENTATION_NOT_AGREED, say.REPRESENTATION_NOT_AGREED,
        "agree on it: 'represents' of an agreement in config/agreements",
    )  # fmt: skip


def _dissolved(agency: str, last: date, above: str) -> Decision:
    instead = f", such as one of {above} or below it" if above else ""
    return _denied(
        "agency:dissolved", RefusalReason.AGENCY_DISSOLVED, say.AGENCY_DISSOLVED(agency=agency, last=last),
        f"name an official of the agency that took over its tasks{instead}",
    )  # fmt: skip


def _fixed(decision: Decision) -> _ApplicableRules:
    return _ApplicableRules((), decision, {})
