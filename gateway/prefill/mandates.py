"""Mandates of logins: a person who signs in may act for a child, a ward, a company, or by a mandate.

The proof is that of a prefill with a representative: the same rules (`mappings/representations`), the same records.
A system may offer the kinds that its `login.mandates` names.
"""

from dataclasses import dataclass
from datetime import date

from gateway.config.configuration import Configuration
from gateway.domain import sentences as say
from gateway.domain.dates import legal_day
from gateway.domain.errors import Unprocessable, fault_at
from gateway.domain.exchange import Phase
from gateway.domain.identifiers import ExchangeId
from gateway.domain.login import Login, Mandate
from gateway.domain.parties import Requester, Subject, SubjectKind
from gateway.domain.problems import ProblemCode
from gateway.exchange_log.recorder import Recorder
from gateway.mapping.load import Catalogue
from gateway.mapping.questions import SUBJECT, representing
from gateway.mapping.representation import RepresentationMapping
from gateway.prefill.admission import Admission
from gateway.prefill.case import Case
from gateway.prefill.request import PrefillRequest, Representative
from gateway.prefill.service import PrefillSteps
from gateway.prefill.signed_in import acting_person

PURPOSE = "representation"


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateWanted:
    """For whom somebody wants to act, in the words of the one who signed in."""

    kind: str
    #: a person with number, name and birth date, or an organisation with its tax code; personal data
    represented: Subject
    #: code of the document that gives the right; blank where the kind needs none
    document: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateProofs:
    """Proves mandates."""

    configuration: Configuration
    catalogue: Catalogue
    steps: PrefillSteps
    recorder: Recorder

    def kinds(self, requester: str) -> list[RepresentationMapping]:
        """The kinds that this system offers, in its own order."""
        settings = self.configuration.requesters.get(requester)
        offered = settings.login.mandates if settings is not None and settings.login is not None else ()
        known = self.catalogue.representations
        return [known[kind] for kind in offered if kind in known]

    async def prove(
        self, wanted: MandateWanted, login: Login, requester: Requester, exchange: ExchangeId, deadline: float
    ) -> Mandate:
        """The mandate, when the databases prove it. `deadline` is loop time.

        Raises Unprocessable (kind, person, document), Refused and Throttled (both recorded), LogUnavailable.
        """
        rule = next((one for one in self.kinds(requester.id) if one.representation == wanted.kind), None)
        if rule is None:
            known = ", ".join(one.representation for one in self.kinds(requester.id))
            raise fault_at("/kind", say.REPRESENTATION_KINDS(known=known), ProblemCode.UNKNOWN_REPRESENTATION)
        case = self._case(wanted, rule, login, requester)
        admission: Admission = self.steps.admission
        if (denial := case.impossible(self._today())) is not None:
            raise await admission.refused(denial, case, requester, exchange)
        await admission.counted(case, requester, exchange)
        case = await self.steps.represented(case, requester, exchange, deadline)
        proof, by, is_checked = case.proof
        mandate = Mandate(
            kind=wanted.kind, represented=wanted.represented, document=wanted.document,
            proven_at=self.recorder.clock.now().timestamp(), exchange=proof, proven_by=by,
            is_document_checked=is_checked,
        )  # fmt: skip
        header = case.header(exchange, requester, rule.legal_basis, case.keys)
        notes: dict[str, str | int | bool] = {
            "provider": login.provider,
            "level": login.level,
            **case.who_asks,
        }
        rules = (f"representation:{wanted.kind}",)
        await self.recorder.write(header, Phase.LOGIN, "mandate_proven", rules=rules, notes=notes)
        return mandate

    def _case(
        self, wanted: MandateWanted, rule: RepresentationMapping, login: Login, requester: Requester
    ) -> Case:
        if wanted.represented.kind is not rule.of:
            raise _fault("/represented", rule.of)
        claims = {"SoDinhDanh": login.personal_id, "SoCMND": login.old_id, "MaSoThue": login.tax_code}
        request = PrefillRequest(
            procedure="", subjects={SUBJECT: wanted.represented}, mandate=wanted.document or None, login=login,
            representative=Representative(kind=wanted.kind, of=SUBJECT, subject=acting_person(login)),
            account={name: one for name, one in claims.items() if one},
        )  # fmt: skip
        procedure = representing(rule.of, PURPOSE)
        return self.steps.cases.fit(request, procedure, request.subjects, requester)

    def _today(self) -> date:
        return legal_day(self.recorder.clock.now())


def _fault(place: str, kind: SubjectKind) -> Unprocessable:
    sentence = say.KIND_ORGANISATION if kind is SubjectKind.ORGANISATION else say.KIND_PERSON
    return fault_at(place, say.ROLE_TAKES(kinds=sentence), ProblemCode.WRONG_KIND)
