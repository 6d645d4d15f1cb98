"""Who acts for another person in a request, and whether the request allows it. No source is asked here."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from gateway.domain import sentences as say
from gateway.domain.errors import fault_at
from gateway.domain.identifiers import tax_code_spelling
from gateway.domain.parties import Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.domain.reasons import RefusalReason
from gateway.domain.sentences import Sentence, titled
from gateway.mapping.procedure import Procedure
from gateway.mapping.representation import RepresentationMapping
from gateway.policy.asked import Denial
from gateway.prefill.request import PrefillRequest
from gateway.prefill.roles import KINDS, Cast

#: minimum age in years of a person who acts for others (Civil Code 91/2015, art. 20)
_OF_AGE = 18
_DAY = len("2026-11-27")


class Acting(NamedTuple):
    """One person who acts for another subject of the request."""

    rule: RepresentationMapping
    #: the representative; personal data
    subject: Subject
    #: role of the represented subject
    role: str
    represented: Subject
    #: True: the representative has no role of the procedure; the account or the login of the request is theirs
    is_outside: bool

    @property
    def kind(self) -> str:
        """The kind as the mapping names it: parent, guardian and so on."""
        return self.rule.representation

    @property
    def rule_id(self) -> str:
        """Id of the rule that decides over it, as records name it."""
        return f"representation:{self.kind}"


def acting(
    request: PrefillRequest, procedure: Procedure, roles: Cast, rules: Mapping[str, RepresentationMapping]
) -> Acting | None:
    """Who acts in a request; None when the applicant acts for themselves. Raises Unprocessable (kind, role, person)."""
    wanted = request.representative
    if wanted is None:
        return None
    rule = rules.get(wanted.kind)
    if rule is None:
        known = say.REPRESENTATION_KINDS(known=", ".join(sorted(rules)))
        raise fault_at("/representative/kind", known, ProblemCode.UNKNOWN_REPRESENTATION)
    role = wanted.of or (procedure.signs_in if wanted.subject is not None else "")
    represented, subject = roles.subjects.get(role), wanted.subject or roles.subjects.get(procedure.signs_in)
    if represented is None or "#" in role:
        raise fault_at("/representative/of", say.REPRESENTED_ROLE, ProblemCode.UNKNOWN_ROLE)
    if represented.kind is not rule.of:
        raise fault_at("/representative/of", say.ROLE_TAKES(kinds=KINDS[rule.of]), ProblemCode.WRONG_KIND)
    if subject is None or not _is_known(subject):
        raise fault_at("/representative/subject", say.IDENTITY_INCOMPLETE, ProblemCode.IDENTITY_INCOMPLETE)
    is_outside = subject.key not in {key for name, key in roles.keys.items() if name != role}
    return Acting(rule, subject, role, represented, is_outside)


def _is_known(subject: Subject) -> bool:
    is_person = subject.kind is SubjectKind.PERSON and subject.personal_id is not None
    return is_person and subject.full_name is not None and subject.birth_date is not None


def impossible(
    one: Acting, request: PrefillRequest, kinds: Sequence[str] | None, signed_in: Sequence[object],
    codes: Sequence[object], applicant: Subject | None, today: date,
) -> Denial | None:  # fmt: skip
    """Why the request contradicts itself; None when it does not. Checked before any source is asked.

    `kinds`: those of the procedure, None for any; `signed_in`: numbers of the person who signed in; `codes`: tax and
    enterprise codes of their account; `applicant`: subject of the role that signs in.
    """
    if kinds is not None and one.kind not in kinds:
        sentence = say.NOT_BY_REPRESENTATIVE(kind=one.kind)
        return _denied(
            one, RefusalReason.REPRESENTATION_NOT_POSSIBLE, sentence, "let them file for themselves"
        )
    if one.subject.key == one.represented.key:
        return _denied(
            one, RefusalReason.REPRESENTATION_IMPOSSIBLE, say.REPRESENTS_ITSELF, "leave `representative` out"
        )
    if _is_chain(one, signed_in, applicant):
        return _denied(
            one, RefusalReason.REPRESENTATION_CHAIN, say.REPRESENTATION_CHAIN,
            "let the person who signs in be the one who represents",
        )  # fmt: skip
    if one.rule.mandate == "required" and not request.mandate:
        return _denied(one, RefusalReason.MANDATE_MISSING, say.AGREED_MANDATE, "give its code in `mandate`")
    if one.rule.needs_account and tax_code_spelling(one.represented.tax_code or "") not in codes:
        sentence = say.REPRESENTATION_ACCOUNT(kind=titled(one.rule.title.vi, one.rule.title.en))
        remedy = "let the representative sign in with the account of the organisation"
        return _denied(one, RefusalReason.REPRESENTATION_ACCOUNT, sentence, remedy)
    return _of_ages(one, today)


def _is_chain(one: Acting, signed_in: Sequence[object], applicant: Subject | None) -> bool:
    """Whether a third person takes part: the account, the login or the role that signs in belongs to another person."""
    if any(number and number != one.subject.personal_id for number in signed_in):
        return True
    return applicant is not None and applicant.key not in (one.subject.key, one.represented.key)


def _of_ages(one: Acting, today: date) -> Denial | None:
    representative_born, represented_born, years = (
        one.subject.birth_date,
        one.represented.birth_date,
        one.rule.younger_than,
    )
    if representative_born is None:
        return None
    if years is not None and represented_born is not None:
        if _is_older(str(represented_born), str(representative_born)):
            return _denied(
                one, RefusalReason.REPRESENTATION_IMPOSSIBLE, say.CHILD_OLDER, "correct the birth dates"
            )
        if represented_born.age_on(today)[0] >= years:
            remedy = "let them file for themselves, or name a mandate"
            return _denied(one, RefusalReason.REPRESENTED_OF_AGE, say.REPRESENTED_OF_AGE(years=years), remedy)
    if representative_born.age_on(today)[1] < _OF_AGE:
        sentence, remedy = say.REPRESENTATIVE_MINOR(years=_OF_AGE), "name a representative who is of age"
        return _denied(one, RefusalReason.REPRESENTATIVE_MINOR, sentence, remedy)
    return None


def _is_older(child: str, parent: str) -> bool:
    """Whether the child was born before the parent or on the same day; False when a date is not precise enough."""
    known = min(len(child), len(parent))
    return child[:known] < parent[:known] or (child == parent and known == _DAY)


def _denied(one: Acting, code: RefusalReason, sentence: Sentence, remedy: str) -> Denial:
    return Denial(one.rule_id, code, sentence, remedy)
