"""An agreement as written: `config/agreements/<id>.yaml`.

Every word only grants within `services`, or narrows; unknown words are refused when the file is read.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, PositiveInt

from gateway.config.gateway import AS_LIST, Label, Rate, WordList
from gateway.config.values import Settings
from gateway.domain.access import Relation, WithoutNumber

#: of trials of sources (`motlan try-source`), which fill no form
TRIAL_PURPOSE = "source_trial"
#: of citizens who look at their own papers in the paper store (`/me/papers/stored`), which fills no form
OWN_PAPERS_PURPOSE = "own_papers"

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class AgreedService(Settings):
    """The grant of one agreement at one data service: attributes of its evidence, `*` for all."""

    attributes: WordList


class DossierRule(Settings):
    """Data are only given for a dossier: the form of its code, and who confirms that it is alive."""

    required: bool = True
    #: patterns of codes; `*` matches any characters
    patterns: WordList = ("*",)
    #: a code must have its date of reception (`H31.14-260105-0007`), and the dossier is alive for so many days
    days: PositiveInt | None = None
    #: `claim`: the requester states it; `relay`: the gateway must know the dossier as alive
    checked_by: Literal["claim", "relay"] = "claim"


class AccountRule(Settings):
    """The request shows the account that signed in, at a sufficient assurance level."""

    required: bool = True
    #: claim of the account -> sufficient values: each of these claims that an account has must have one of them
    levels: dict[str, WordList] = {}


class QuotaRule(Settings):
    """How often an agreement may be used, as `300/hour`; above it requests get 429."""

    requester: Rate | None = None
    #: per named official
    official: Rate | None = None
    #: per person asked about
    subject: Rate | None = None


class Agreement(Settings):
    """`config/agreements/<id>.yaml`: attributes, purposes and procedures, with the legal basis.

    Everything below `services` only narrows: left out, it requires nothing.
    """

    agreement: str
    title: Label
    #: law and article; a legal basis of consent needs `consent: required`
    legal_basis: str
    document: str
    valid_from: str
    valid_until: str | None = None
    #: national procedure codes, `*` for all
    procedures: WordList
    purposes: WordList
    services: dict[str, AgreedService]
    #: predicates that it permits without the values: `age_at_least:18`, or `age_at_least` for any parameter
    predicates: WordList = ()
    #: of the request's official; `*` for all
    agencies: WordList = ("*",)
    #: `named`: the request names its official; the duty official does not count
    official: Literal["any", "named"] = "any"
    #: `required`: only for requests with a message signature (RFC 9421)
    signed: Literal["required", "optional"] = "optional"
    #: `required`: the legal basis is the person's consent, so only a valid consent opens it
    consent: Literal["required", "not_required"] = "not_required"
    #: the permitted relations of subjects to the applicant
    relations: Annotated[tuple[Relation, ...], AS_LIST] = tuple(Relation)
    #: `required`: a representative names the document that allows it; `proven`: the request states the representation
    #: in `representative`, and a source proves it
    mandate: Literal["required", "proven", "not_checked"] = "not_checked"
    #: permitted kinds of representation (`mappings/representations`), `*` for all; a source must prove it
    represents: WordList = ()
    #: persons without any number (name, birth date, gender or place), at data services that take them: `fill`: their
    #: data fill fields in doubt and cut no paper; `cut`: papers too, where the data service says the same
    without_number: WithoutNumber = "no"
    dossier: DossierRule = DossierRule(required=False)
    #: the account that signs in at a portal; an official at a counter has none
    account: AccountRule = AccountRule(required=False)
    #: in Việt Nam time, as `07:00-18:00`
    hours: str | None = Field(None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")
    weekdays: Annotated[tuple[Weekday, ...], AS_LIST] = get_args(Weekday)
    quota: QuotaRule = QuotaRule()
