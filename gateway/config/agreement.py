"""An agreement as it is written: `config/agreements/<id>.yaml`.

Every word only grants within `services`, or narrows; a word that is not known is refused when it is read.
"""

from typing import Annotated, Literal, get_args

from pydantic import Field, PositiveInt

from gateway.config.gateway import AS_LIST, Label, Rate, Words
from gateway.config.values import Settings
from gateway.domain.access import Relation

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class AgreedService(Settings):
    """What one agreement grants at one data service: attributes of its evidence, `*` for all."""

    attributes: Words


class DossierRule(Settings):
    """That data are only given for a dossier: what its code must look like, and who says that it is alive."""

    required: bool = True
    #: what codes look like; `*` stands for any signs
    patterns: Words = ("*",)
    #: a code must carry its day of reception (`H31.14-260105-0007`), and is alive for so many days
    days: PositiveInt | None = None
    #: `claim`: the requester says so; `relay`: the gateway must have seen it and know it alive
    checked_by: Literal["claim", "relay"] = "claim"


class AccountRule(Settings):
    """That the request shows the account of who signs in, and how surely that account is his."""

    required: bool = True
    #: claim of the account -> its values that are enough: of those that an account has, each must be one of them
    levels: dict[str, Words] = {}


class QuotaRule(Settings):
    """How often an agreement may be used, as `300/hour`; beyond it requests are answered with 429."""

    requester: Rate | None = None
    #: by each official in whose name is asked
    official: Rate | None = None
    #: about each person who is asked about
    subject: Rate | None = None


class Agreement(Settings):
    """`config/agreements/<id>.yaml`: which attributes, for which purposes and procedures, on which ground.

    Everything below `services` only narrows: left out, it asks for nothing.
    """

    agreement: str
    title: Label
    #: law and article; one that speaks of consent needs `consent: required`
    legal_basis: str
    document: str
    valid_from: str
    valid_until: str | None = None
    #: national procedure codes, `*` for all
    procedures: Words
    purposes: Words
    services: dict[str, AgreedService]
    #: questions that it lets ask without the values: `age_at_least:18`, or `age_at_least` for any parameter
    predicates: Words = ()
    #: of the officials in whose name is asked; `*` for all
    agencies: Words = ("*",)
    #: `named`: the request names its official, nobody on duty stands in
    official: Literal["any", "named"] = "any"
    #: `required`: only for requests that their requester signed (RFC 9421)
    signed: Literal["required", "optional"] = "optional"
    #: `required`: the ground is the person's own yes, so that only a valid consent of his opens it
    consent: Literal["required", "not_required"] = "not_required"
    #: whom it may be about
    relations: Annotated[tuple[Relation, ...], AS_LIST] = tuple(Relation)
    #: `required`: who acts for somebody else names the document that lets him; `proven`: the request says in
    #: `representative` who acts as what, and a source proves it
    mandate: Literal["required", "proven", "not_checked"] = "not_checked"
    #: as what people may act for others (`mappings/representations`), `*` for all; a source must prove it
    represents: Words = ()
    dossier: DossierRule = DossierRule(required=False)
    #: of who signs in at a portal; an official at a counter has none
    account: AccountRule = AccountRule(required=False)
    #: of a day in Việt Nam, as `07:00-18:00`
    hours: str | None = Field(None, pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$")
    weekdays: Annotated[tuple[Weekday, ...], AS_LIST] = get_args(Weekday)
    quota: QuotaRule = QuotaRule()
