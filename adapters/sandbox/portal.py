"""The state of the simulated national portal and its neighbours: one object per running sandbox, in memory.

Promises: everything that a receiver took is in a ledger; a restart of the sandbox forgets it all.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from adapters.sandbox.arrived import ArrivedMessages
from adapters.sandbox.ledger import Ledger
from adapters.sandbox.sent import SentDossiers
from adapters.sandbox.served_files import ServedFiles
from gateway.config.strict_yaml import read

PORTAL = Path("config/sandbox/portal.yaml")
#: peers that take dossiers; `lgsp` and `lgsp_query` lead to the books of `national_bus`
BUS = "national_bus"
LGSP = "lgsp"
LGSP_QUERY = "lgsp_query"
MINISTRY = "ministry_portal"
INTERLINKED = "interlinked"
VNEID = "vneid_records"
RECEIVERS = (BUS, MINISTRY, INTERLINKED, VNEID)
#: peers whose messages are kept as they arrive
ARRIVING = frozenset({*RECEIVERS, LGSP, LGSP_QUERY})
SESSION_SECONDS = 600


class _CatalogueRow(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PortalAgency(_CatalogueRow):
    """An agency of `LayDanhMucCoQuan`."""

    code: str
    title: str
    level: str


class PortalField(_CatalogueRow):
    """A field (lĩnh vực) of `LayDanhMucLinhVuc`."""

    code: str
    title: str
    branch: str


class PortalPaper(_CatalogueRow):
    """A paper that a procedure demands, and the result code that can stand for it."""

    code: str
    title: str
    replaced_by: str = ""


class PortalResult(_CatalogueRow):
    """A paper that a procedure issues."""

    code: str
    title: str


class PortalProcedure(_CatalogueRow):
    """A procedure of the catalogue; `days`: working days."""

    code: str
    title: str
    field: str
    days: str
    papers: tuple[PortalPaper, ...] = ()
    results: tuple[PortalResult, ...] = ()


class PortalQuestion(_CatalogueRow):
    """A citizen's question, without its author; `answer` is empty while there is none."""

    id: str
    field: str
    text: str
    answer: str = ""


class PortalCatalogue(_CatalogueRow):
    """`config/sandbox/portal.yaml`."""

    version: str
    unit: str
    agencies: tuple[PortalAgency, ...]
    fields: tuple[PortalField, ...]
    procedures: tuple[PortalProcedure, ...]
    questions: tuple[PortalQuestion, ...]

    def procedure(self, code: str) -> PortalProcedure | None:
        """The procedure with this code; a suffix of a unit is left out of the comparison."""
        bare = ".".join(code.split(".")[:2])
        return next((one for one in self.procedures if one.code == bare), None)

    def field_title(self, code: str) -> str:
        """The title of a field, empty for an unknown code."""
        return next((one.title for one in self.fields if one.code == code), "")


def load_portal(data_root: Path) -> PortalCatalogue:
    """Read the catalogue below the project root; ConfigError when something in the file is wrong."""
    return read(data_root / PORTAL, data_root).read_as(PortalCatalogue)


class PortalBehaviour(BaseModel):
    """How the simulated portal behaves where the facts leave it open."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)

    #: error codes as JSON text, as numbers, or one after the other
    codes_as: Literal["text", "int", "mixed"] = "text"
    exists_code: Literal["3", "-3"] = "3"
    session_seconds: float = Field(default=SESSION_SECONDS, gt=0)
    #: whether the fields of 2022 and later are demanded
    fields_since_2022: bool = True
    #: whether a status notice of an unknown dossier is refused
    known_notices_only: bool = True


@dataclass(slots=True)
class SimulatedPortal:
    """Books and settings of the portal's side."""

    catalogue: PortalCatalogue
    settings: PortalBehaviour = field(default_factory=PortalBehaviour)
    now: Callable[[], float] = time.time
    ledgers: dict[str, Ledger] = field(default_factory=dict)
    sent: SentDossiers = field(default_factory=SentDossiers)
    #: what arrived, word for word
    arrived: ArrivedMessages = field(default_factory=ArrivedMessages)
    files: ServedFiles = field(default_factory=ServedFiles)
    #: operation -> items taken of evaluations and of the Q&A set
    pushes: dict[str, list[str]] = field(default_factory=dict)
    #: fields of messages that the facts do not know, by name
    strange_fields: Counter[str] = field(default_factory=Counter)
    #: what the ministry portal numbered: `<unit>-<day>` -> last number
    numbers: Counter[str] = field(default_factory=Counter)
    #: files at the ministry portal: id -> (digest, bytes)
    uploads: dict[str, tuple[str, int]] = field(default_factory=dict)
    interlinked: Sequence[dict[str, Any]] = ()
    _turn: int = 0

    def __post_init__(self) -> None:
        """Empty books."""
        self.forget_all()

    def forget_all(self) -> None:
        """As at the start of the sandbox, but for served files and dossiers to offer."""
        self.settings = PortalBehaviour()
        self.ledgers = {name: Ledger(self.today) for name in RECEIVERS}
        self.sent = SentDossiers(self.now())
        self.pushes = {}
        self.strange_fields.clear()
        self.numbers.clear()
        self.uploads.clear()
        self.arrived.forget()

    @property
    def bus(self) -> Ledger:
        """The national portal's own book."""
        return self.ledgers[BUS]

    def code(self, code: str) -> str | int:
        """An error code in the JSON type that the settings say."""
        self._turn += 1
        as_number = self.settings.codes_as == "int" or (self.settings.codes_as == "mixed" and self._turn % 2)
        return int(code) if as_number else code

    def today(self) -> str:
        """The day in Vietnam, yyyyMMdd."""
        return self.stamp()[:8]

    def stamp(self) -> str:
        """The time in Vietnam (UTC+7), yyyyMMddHHmmss."""
        return time.strftime("%Y%m%d%H%M%S", time.gmtime(self.now() + 7 * 3600))
