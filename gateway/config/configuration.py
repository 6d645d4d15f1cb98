"""Typed settings: everything under `config/`, read strictly and frozen.

Secrets are references (`secret: {file: …}` or `{env: …}`); only the sandbox profile may write them in the file. `--set
a.b=c` and the environment `MOTLAN_A__B=c` override single values before typing.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from gateway.config.access import RequesterSettings
from gateway.config.agreement import Agreement
from gateway.config.consents import ConsentSettings, HolidayFile
from gateway.config.gateway import GatewaySettings, Label, Limits, WordList
from gateway.config.identity import IdentityProviderSettings
from gateway.config.logins import LoginFile
from gateway.config.overrides import as_written, from_environment, put, unknown_word
from gateway.config.portals import PortalSettings
from gateway.config.strict_yaml import Document, misnamed, moved, read
from gateway.config.values import Day, Moved, NonBlankText, Settings
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults, near

#: names joined by dots, or nothing
_NAMES = r"^([^.\[\]\s]+(\.[^.\[\]\s]+)*)?$"
#: what an error may mean: as `adapters.sources.fault_options` reads it
_MEANING: dict[str, Any] = {
    "oneOf": [
        {"enum": ["refused", "unavailable", "busy", "invalid", "no_match", "not_found"]},
        {
            "type": "object",
            "required": ["outcome"],
            "additionalProperties": False,
            "properties": {"outcome": {"type": "string"}, "reason": {"type": "string"}},
        },
    ]
}
#: words of `options` that REST and SOAP share, for editors: the adapter reads and checks them
_SHARED_OPTIONS: dict[str, Any] = {
    "http": {
        "description": "error status of HTTP -> what it means",
        "type": "object",
        "propertyNames": {"pattern": "^[45][0-9]{2}$"},
        "additionalProperties": _MEANING,
    },
    "faults": {
        "description": "fault code, or type of a problem (RFC 9457) -> what it means; * any other",
        "type": "object",
        "additionalProperties": _MEANING,
    },
    "fault_code": {"description": "place of the code in a SOAP fault or in a JSON body", "type": "string"},
    "fault_blank": {"description": "what a JSON body without a code means", "enum": ["found", "invalid"]},
    "fault_texts": {
        "description": "places of a fault's texts (JSON; SOAP: from the fault on), which say nothing about a person",
        "type": ["string", "array"],
        "items": {"type": "string"},
    },
}
#: words of `options` of a SOAP source, for editors, as above
_SOAP_OPTIONS: dict[str, Any] = {
    "wsdl": {"description": "a WSDL 1.1 below the data root", "type": "string"},
    "port": {"description": "port, or Service.Port, where several offer an operation", "type": "string"},
    "soap_version": {"description": "default: that of the WSDL", "enum": ["1.1", "1.2"]},
    "addressing": {
        "description": "WS-Addressing; default: as the WSDL demands",
        "oneOf": [
            {"enum": ["true", "false", True, False]},
            {
                "type": "object",
                "required": ["to"],
                "additionalProperties": False,
                "properties": {"to": {"type": "string"}},
            },
        ],
    },
    "soap_action": {"description": "instead of the one that the WSDL names", "type": "string"},
    "content_type": {"description": "what the request declares", "type": "string"},
}


class PagingSettings(Settings):
    """A service that gives its list in pages."""

    #: how the next page is named: its number, the number of rows before it, a cursor, an address in the body or in Link
    by: Literal["number", "offset", "cursor", "next", "link"]
    #: names from the answer's root to the list; blank: the answer is the list
    list_at: str = Field("", pattern=_NAMES)
    #: place of the request for number, rows before or cursor
    place: str = Field("", pattern=_NAMES)
    #: place of the request for the size of a page, and that size
    size_place: str = Field("", pattern=_NAMES)
    size: int = Field(100, ge=1, le=1_000)
    #: number of the first page
    first: int = Field(1, ge=0, le=1)
    #: path of the cursor or address of the next page
    next_at: str = Field("", pattern=_NAMES)
    #: path of the number of all rows
    total_at: str = Field("", pattern=_NAMES)
    #: path of true or false: whether there are more
    more_at: str = Field("", pattern=_NAMES)
    most_pages: int = Field(10, ge=1, le=100)
    most_rows: int = Field(1_000, ge=1, le=1_000)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Each way needs its own words."""
        given = {word for word in ("place", "next_at") if getattr(self, word)}
        wanted = {
            "number": {"place"}, "offset": {"place"}, "cursor": {"place", "next_at"}, "next": {"next_at"},
        }.get(self.by, set())  # fmt: skip
        for word in sorted(wanted - given):
            raise ValueError(f"'by: {self.by}' needs '{word}'", f"add '{word}: …'")
        for word in sorted(given - wanted):
            raise ValueError(
                f"'by: {self.by}' has no use for '{word}'", f"take '{word}' out, or write another 'by'"
            )
        if "size" in self.model_fields_set and not self.size_place:
            raise ValueError("'size' is asked for nowhere", "add 'size_place: …', or take 'size' out")
        return self


class ServiceSettings(Settings):
    """One data service at its address. `valid_seconds` 0: never cached."""

    enabled: bool = True
    path: str = ""
    method: Literal["GET", "POST"] = "POST"
    #: where the request tree is sent
    body: Literal["json", "query", "form"] = "json"
    valid_seconds: int = Field(0, ge=0, le=900)
    legal_basis: str = ""
    #: values for `service.<parameter>` of the mapping
    parameters: dict[str, str] = {}
    #: code list from procedure codes to the provider's service code (`service.procedure_code`)
    procedure_codes: dict[str, str] = {}
    #: attributes of the mapping that this provider leaves out: another service is asked for them
    lacks: WordList = ()
    #: it gives a list in pages (REST)
    pages: PagingSettings | None = None


class SourceSettings(Settings):
    """`config/sources/<source>.yaml`: the address of a provider and its protocol."""

    moved: ClassVar[Moved] = {
        "http": (
            "'options.http'",
            "write it under 'options'; its six-digit codes are codes of 'options.faults'",
        )
    }

    source: str
    adapter: str = Field(pattern=r"^adapters\.")
    title: Label
    provider: str
    mark: Literal["seen", "memory", "sandbox"]
    url: str = ""
    #: request profile of the mapping
    request_profile: str = ""
    #: read and checked by the adapter (`kind` names the profile)
    auth: dict[str, Any] = {"kind": "none"}
    #: further settings, read and checked by the adapter
    options: dict[str, Any] = Field(
        {}, json_schema_extra={"properties": {**_SHARED_OPTIONS, **_SOAP_OPTIONS}}
    )
    limits: Limits = Limits()
    services: dict[str, ServiceSettings]

    @property
    def is_draft(self) -> bool:
        """Whether it has services and none is enabled: it is only tried, and never asked otherwise."""
        return bool(self.services) and not any(service.enabled for service in self.services.values())

    def alone(self, operation: str) -> "SourceSettings":
        """The same with one of its services, enabled: as a trial opens a draft."""
        enabled = self.services[operation].model_copy(update={"enabled": True})
        return self.model_copy(update={"services": {operation: enabled}})

    def unsigned(self) -> "SourceSettings":
        """The same without what proves who asks and who answers: nobody is asked."""
        options = {word: one for word, one in self.options.items() if word != "tls"}
        return self.model_copy(update={"auth": {"kind": "none"}, "options": options})


class Agency(Settings):
    """An agency of the province, and its duty official for citizens who fill their own forms."""

    code: NonBlankText
    title: Label
    #: code of the agency above it; blank: none
    parent: str = ""
    #: code of the commune-level unit (`mappings/codes/hung_yen_units.yaml`); blank: none
    unit: str = Field("", pattern=r"^([0-9]{5})?$")
    #: the last day on which its officials act (`2025-06-30`): it was dissolved or merged
    until: Day | None = None
    #: personal id, twelve digits
    duty_official: str | None = Field(None, pattern=r"^[0-9]{12}$")
    duty_account: str = ""


class Purpose(Settings):
    """An entry of `config/purposes.yaml`."""

    title: Label
    legal_basis: NonBlankText
    #: national codes of the procedures with this purpose; `*` for all
    procedures: WordList = ("*",)


class PublishedScope(Settings):
    """An entry of `config/published_scopes.yaml`: data that their owner declared usable instead of papers."""

    scope: str
    service: str
    attributes: WordList
    document: str
    published_on: str
    #: how well it is known; the answer shows it
    mark: Literal["seen", "memory", "sandbox"]


class RefusalGround(Settings):
    """An entry of `config/refusal_grounds.yaml`: the law of refusals with one code."""

    legal_basis: NonBlankText
    mark: Literal["seen", "memory", "sandbox"]


class RefusalFile(Settings):
    """`config/refusal_grounds.yaml`."""

    refusals: dict[str, RefusalGround]

    @field_validator("refusals")
    @classmethod
    def _of_any(cls, found: dict[str, RefusalGround]) -> dict[str, RefusalGround]:
        """Every refusal needs a legal basis."""
        if "*" not in found:
            raise ValueError("a refusal of another code has no legal ground", "write one for '*' as well")
        return found


class PurposeFile(Settings):
    """`config/purposes.yaml`."""

    purposes: dict[str, Purpose]


class ScopeFile(Settings):
    """`config/published_scopes.yaml`."""

    scopes: tuple[PublishedScope, ...]


class AgencyFile(Settings):
    """`config/agencies.yaml`, and `config/communes.yaml`, which is generated from the list of units."""

    agencies: tuple[Agency, ...]


class RefusedApplication(Settings):
    """A refusal in writing (NĐ 47/2020, art. 35(3); NĐ 194/2025, art. 16)."""

    on: Day
    reason: NonBlankText
    legal_basis: NonBlankText


class Application(Settings):
    """An application for an account; granted by a file in `requesters/`."""

    #: the name of that file
    requester: str = Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")
    agency: NonBlankText
    #: number and day of the application
    document: NonBlankText
    asked_on: Day
    refused: RefusedApplication | None = None


class ApplicationFile(Settings):
    """`config/applications.yaml`."""

    applications: tuple[Application, ...]


class Configuration(Settings):
    """All of `config/`, typed, with the documents it came from (for messages with file and line)."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    root: Path
    gateway: GatewaySettings
    agencies: dict[str, Agency]
    sources: dict[str, SourceSettings]
    requesters: dict[str, RequesterSettings]
    agreements: dict[str, Agreement]
    purposes: dict[str, Purpose]
    scopes: tuple[PublishedScope, ...]
    documents: dict[str, Document]
    portals: dict[str, PortalSettings] = {}
    identity_providers: dict[str, IdentityProviderSettings] = {}
    #: code of a refusal -> its legal basis; `*` for any other
    refusals: dict[str, RefusalGround] = {}
    consents: ConsentSettings = ConsentSettings()
    #: None: no holidays are known
    holidays: HolidayFile | None = None
    #: None: no applications
    applications: ApplicationFile | None = None
    #: None: no identity provider is trusted
    logins: LoginFile | None = None


def load(root: Path, overrides: Mapping[str, str] | None = None) -> Configuration:
    """Read `root` (the folder `config/`). Raises ConfigError with every problem found at once."""
    faults = Faults()
    configuration = survey(root, overrides or {}, faults)
    faults.finish()
    return configuration


def is_overridden(name: str, overrides: Mapping[str, str]) -> bool:
    """Whether an option or the environment overrides a value, such as `gateway.log.url`."""
    return name in overrides or name in from_environment(os.environ)


def survey(root: Path, overrides: Mapping[str, str], faults: Faults) -> Configuration:
    """Every readable part of `root`; faults go to `faults`. Raises ConfigError when it is no such folder."""
    if not (root / "gateway.yaml").exists() and not (root / "sources").is_dir():
        what = "is no configuration: neither gateway.yaml nor sources/ is there"
        raise ConfigError([Problem(str(root), 0, what, "give the folder that holds gateway.yaml")])
    reader = _FolderReader(root, from_environment(os.environ), overrides, faults)
    configuration: dict[str, Any] = {
        "gateway": reader.one("gateway.yaml", GatewaySettings) or GatewaySettings(),
        "agencies": {one.code: one for one in reader.agencies()},
        "sources": reader.many("sources", SourceSettings, "source"),
        "portals": reader.many("portals", PortalSettings, "portal"),
        "identity_providers": reader.many("identity_providers", IdentityProviderSettings, "provider"),
        "requesters": reader.many("requesters", RequesterSettings, "requester"),
        "agreements": reader.many("agreements", Agreement, "agreement"),
        "purposes": getattr(reader.one("purposes.yaml", PurposeFile), "purposes", {}),
        "refusals": getattr(reader.one("refusal_grounds.yaml", RefusalFile), "refusals", {}),
        "scopes": getattr(reader.one("published_scopes.yaml", ScopeFile), "scopes", ()),
    }
    for name, model in _OPTIONAL.items():
        found = reader.one(f"{name}.yaml", model) if (root / f"{name}.yaml").exists() else None
        configuration |= {} if found is None else {name: found}
    reader.finish()
    return Configuration(root=root, documents=reader.documents, **configuration)


#: agencies written by hand, and optional generated ones
AGENCY_FILES = ("agencies.yaml", "communes.yaml")
_IN_GATEWAY = "write 'gateway.{}': it is a word of gateway.yaml"
_FOLDERS = ("sources", "portals", "identity_providers", "requesters", "agreements")
#: optional files
_OPTIONAL: Mapping[str, type[Settings]] = {
    "consents": ConsentSettings,
    "holidays": HolidayFile,
    "logins": LoginFile,
    "applications": ApplicationFile,
}


class _FolderReader:
    """Collects faults over all files, so that one run reports all of them."""

    def __init__(
        self, root: Path, environment: Mapping[str, str], given: Mapping[str, str], faults: Faults
    ) -> None:
        self.root = root
        self.overrides = {**environment, **given}
        self.given = given
        self.faults = faults
        faults.add(misnamed(root, root.parent))
        self.documents: dict[str, Document] = {}
        self._prefixes: list[str] = []

    def agencies(self) -> Iterator[Agency]:
        """The agencies of all existing files; `check-config` reports duplicates."""
        for name in AGENCY_FILES:
            if name == AGENCY_FILES[0] or (self.root / name).exists():
                yield from getattr(self.one(name, AgencyFile), "agencies", ())

    def one(self, name: str, model: type[Settings], prefix: str = "") -> Any:  # noqa: ANN401 -- the caller's model
        prefix = prefix or Path(name).stem
        self._prefixes.append(prefix)
        path, shown = self.root / name, f"{self.root.name}/{name}"
        self.documents[name] = Document(path, shown, None, {})
        with self.faults.noted(shown) as reading:
            document = self.documents[name] = read(path, self.root.parent)
            self._override(document, prefix, model)
            reading.append(document.read_as(model))
        return reading[0] if reading else None

    def many(self, folder: str, model: type[Settings], key: str) -> dict[str, Any]:
        out: dict[str, Any] = {}
        self.faults.add(misnamed(self.root / folder, self.root.parent))
        for path in sorted((self.root / folder).glob("*.yaml")):
            name = f"{folder}/{path.name}"
            item = self.one(name, model, f"{folder}.{path.stem}")
            if item is None:
                continue
            if getattr(item, key) != path.stem:
                what = f"'{key}' is '{getattr(item, key)}' but the file is called '{path.stem}'"
                self.faults.add([self.documents[name].problem((key,), what, f"write '{key}: {path.stem}'")])
            out[path.stem] = item
        return out

    def finish(self) -> None:
        """An override that names no file is a fault too."""
        for name in self.overrides:
            if not any(name.startswith(prefix + ".") for prefix in self._prefixes):
                file = ".".join(name.split(".")[: 2 if "." in name and name.split(".")[0] in _FOLDERS else 1])
                remedy = near(file, self._prefixes, f"begin with one of {', '.join(self._prefixes)}")
                if file in GatewaySettings.model_fields:
                    remedy = _IN_GATEWAY.format(name)
                self.faults.add([self._refused(name, f"'{file}' is no file of {self.root.name}/", remedy)])

    def _override(self, document: Document, prefix: str, model: type[Settings]) -> None:
        kind = self.overrides.get(f"{prefix}.auth.kind")
        if kind and isinstance(document.data, dict) and kind != (document.data.get("auth") or {}).get("kind"):
            document.data["auth"] = {}  # the words of another kind are invalid for this one
        for name, value in self.overrides.items():
            if not name.startswith(prefix + ".") or not isinstance(document.data, dict):
                continue
            path = name[len(prefix) + 1 :].split(".")
            if name not in self.given:
                path = as_written(path, document.data)
            unknown = unknown_word(path, model, document.data)
            if unknown is None:
                put(document.data, path, value)
                continue
            word, words = unknown
            remedy = near(word, words, f"there are {', '.join(sorted(words))}")
            if unknown_word(name.split("."), GatewaySettings, {}) is None:
                remedy = _IN_GATEWAY.format(name)
            advice = moved(word, model) or (f"'{word}' is not a word of {document.name}", remedy)
            self.faults.add([self._refused(name, *advice)])

    def _refused(self, name: str, what: str, remedy: str) -> Problem:
        shown = f"--set {name}" if name in self.given else "MOTLAN_" + name.upper().replace(".", "__")
        return Problem(shown, 0, what, remedy)
