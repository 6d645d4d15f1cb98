"""`options` of a SOAP source, checked: its WSDL, what its faults mean, what its requests declare."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sources.fault_options import BLANK_WORD, FAULT_WORDS, TEXTS_WORD, FaultOptions
from adapters.transport.addressing import Addressing
from adapters.transport.wsdl import Operations, Version, WsdlOperation, load
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults, near

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings

_CONTENT_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
WORDS = (
    "wsdl",
    "port",
    *FAULT_WORDS,
    TEXTS_WORD,
    "soap_version",
    "addressing",
    "content_type",
    "soap_action",
    "tls",
)
_NAME = re.compile(r"[^.\[\]\s:/]+")


class SoapOptions:
    """`options` of a SOAP source, checked."""

    def __init__(self, settings: "SourceSettings", root: Path, faults: Faults) -> None:
        """What cannot be used is noted in `faults`."""
        self._source = settings.source
        self._faults = faults
        options = settings.options
        for word in sorted(set(options) - set(WORDS)):
            remedy = near(word, WORDS, f"write {', '.join(WORDS)}")
            if word == BLANK_WORD:
                remedy = "take it out: a SOAP fault without a code is a fault, by '*' of 'faults'"
            self._note(f"'options' has the unknown word '{word}'", remedy, word)
        self.wsdl = root / str(options.get("wsdl", ""))
        self._port = str(options.get("port", ""))
        version = str(options.get("soap_version", ""))
        if version not in {"", *_CONTENT_TYPES}:
            self._note(
                f"'options.soap_version: {version}' is not known", 'write "1.1" or "1.2"', "soap_version"
            )
        #: None: as the WSDL says
        self.version: Version | None = "1.2" if version == "1.2" else "1.1" if version == "1.1" else None
        self._addressing = options.get("addressing")
        if str(self._addressing) not in {"None", "true", "false"} and not self._to:
            remedy = "write true, false, or {to: ADDRESS} where the provider wants another than that of its service"
            self._note("'options.addressing' is not understood", remedy, "addressing")
        for word in ("content_type", "soap_action"):
            if not str(options.get(word, "")).isprintable():
                self._note(f"'options.{word}' cannot be in a header", "write it on one line", word)
        self._content_type = options.get("content_type")
        self._action = options.get("soap_action")
        self.meanings = FaultOptions(settings, faults).read(None)
        place = str(options.get("fault_code") or "")
        #: names from the fault on, to where its code stands
        self.fault_code = tuple(place.split(".")) if place else ()
        if not all(_NAME.fullmatch(name) for name in self.fault_code):
            remedy = "write names from the fault on, without prefixes, joined by dots: 'detail.Fout.Code'"
            self._note(f"'options.fault_code: {place}' is no place in a fault", remedy, "fault_code")

    @property
    def _to(self) -> str:
        """The address that WS-Addressing names instead of that of the service."""
        words = self._addressing if isinstance(self._addressing, Mapping) else {}
        to = words.get("to")
        return to if set(words) == {"to"} and isinstance(to, str) and to.isprintable() else ""

    def addressing(self, operation: WsdlOperation, address: str) -> Addressing | None:
        """WS-Addressing of one operation, where the WSDL demands it or the settings say so."""
        said = str(self._addressing)
        if said == "false" or not (operation.needs_addressing or said == "true" or self._to):
            return None
        action = operation.addressing_action if self._action is None else str(self._action)
        return Addressing(action, self._to or address)

    def headers(self, operation: WsdlOperation) -> dict[str, str]:
        """Of one operation, whose binding names an action: a header in SOAP 1.1, a parameter of the type in 1.2."""
        action = operation.action if self._action is None else str(self._action)
        version = self.version or operation.version
        kind = _CONTENT_TYPES[version] if self._content_type is None else str(self._content_type)
        if version == "1.1":
            return {"Content-Type": kind, "SOAPAction": f'"{action}"'}
        named = action and self._content_type is None
        return {"Content-Type": f'{kind}; action="{action}"' if named else kind}

    def error(self, what: str, remedy: str, *place: str) -> ConfigError:
        """An error about a place of this source's settings."""
        return ConfigError([Problem(f"config/sources/{self._source}.yaml", 0, what, remedy, place=place)])

    def operations(self, root: Path) -> Operations:
        """What the WSDL offers; ConfigError at `options.wsdl` when it is not there or cannot be read."""
        if self.wsdl == root:
            raise self.error("'options.wsdl' is missing", "write 'wsdl: schemas/sources/…'", "options")
        self._name = self.wsdl.relative_to(root) if self.wsdl.is_relative_to(root) else self.wsdl
        if not self.wsdl.is_file():
            what, remedy = f"there is no file '{self._name}'", f"name a WSDL; paths begin at {root}"
            raise self.error(what, remedy, "options", "wsdl")
        try:
            return load(self.wsdl, port=self._port, version=self.version or "")
        except ConfigError as error:
            raise self._placed(error.problems[0]) from None

    def operation(self, operations: Operations, name: str) -> WsdlOperation:
        """One of them; ConfigError where it cannot be used."""
        try:
            return operations[name]
        except ConfigError as error:
            raise self._placed(error.problems[0]) from None

    def _placed(self, fault: Problem) -> ConfigError:
        """At its line in a WSDL or schema; else where the settings name the WSDL, or its port."""
        if fault.line:
            at = os.path.normpath(self._name.parent / fault.file)
            return ConfigError([Problem(at, fault.line, fault.what, fault.remedy)])
        file = os.path.normpath(self._name.parent / fault.file) if fault.file else str(self._name)
        return self.error(f"'{file}' {fault.what}", fault.remedy, "options", "wsdl")

    def _note(self, what: str, remedy: str, *place: str) -> None:
        self._faults.add(self.error(what, remedy, "options", *place).problems)
