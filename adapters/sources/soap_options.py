"""`options` of a SOAP source, checked: its WSDL, what its faults mean, what its requests declare."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from adapters.sources.fault_options import BLANK_WORD, FAULT_WORDS, FaultOptions
from adapters.transport.wsdl import WsdlOperation, load
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import Faults, near

if TYPE_CHECKING:
    from gateway.config.configuration import SourceSettings

_CONTENT_TYPES = {"1.1": "text/xml; charset=utf-8", "1.2": "application/soap+xml; charset=utf-8"}
_WORDS = ("wsdl", *FAULT_WORDS, "soap_version", "content_type", "soap_action", "tls")
_NAME = re.compile(r"[^.\[\]\s:/]+")


class SoapOptions:
    """`options` of a SOAP source, checked."""

    def __init__(self, settings: "SourceSettings", root: Path, faults: Faults) -> None:
        """What cannot be used is noted in `faults`."""
        self._source = settings.source
        self._faults = faults
        options = settings.options
        for word in sorted(set(options) - set(_WORDS)):
            remedy = near(word, _WORDS, f"write {', '.join(_WORDS)}")
            if word == BLANK_WORD:
                remedy = "take it out: a SOAP fault without a code is a fault, by '*' of 'faults'"
            self._note(f"'options' has the unknown word '{word}'", remedy, word)
        self.wsdl = root / str(options.get("wsdl", ""))
        version = str(options.get("soap_version", "1.1"))
        if version not in _CONTENT_TYPES:
            self._note(
                f"'options.soap_version: {version}' is not known", 'write "1.1" or "1.2"', "soap_version"
            )
        self.version: Literal["1.1", "1.2"] = "1.2" if version == "1.2" else "1.1"
        for word in ("content_type", "soap_action"):
            if not str(options.get(word, "")).isprintable():
                self._note(f"'options.{word}' cannot stand in a header", "write it on one line", word)
        self._content_type = options.get("content_type")
        self._action = options.get("soap_action")
        self.meanings = FaultOptions(settings, faults).read(None)
        place = str(options.get("fault_code") or "")
        #: names from the fault on, to where its code stands
        self.fault_code = tuple(place.split(".")) if place else ()
        if not all(_NAME.fullmatch(name) for name in self.fault_code):
            remedy = "write names from the fault on, without prefixes, joined by dots: 'detail.Fout.Code'"
            self._note(f"'options.fault_code: {place}' is no place in a fault", remedy, "fault_code")

    def headers(self, action: str) -> dict[str, str]:
        """Of one operation, whose binding names `action`: a header in SOAP 1.1, a parameter of the type in 1.2."""
        if self._action is not None:
            action = str(self._action)
        kind = _CONTENT_TYPES[self.version] if self._content_type is None else str(self._content_type)
        if self.version == "1.1":
            return {"Content-Type": kind, "SOAPAction": f'"{action}"'}
        named = action and self._content_type is None
        return {"Content-Type": f'{kind}; action="{action}"' if named else kind}

    def error(self, what: str, remedy: str, *place: str) -> ConfigError:
        """An error about a place of this source's settings."""
        return ConfigError([Problem(f"config/sources/{self._source}.yaml", 0, what, remedy, place=place)])

    def operations(self, root: Path) -> Mapping[str, WsdlOperation]:
        """What the WSDL offers; ConfigError at `options.wsdl` when it is not there or cannot be read."""
        if self.wsdl == root:
            raise self.error("'options.wsdl' is missing", "write 'wsdl: schemas/sources/…'", "options")
        name = self.wsdl.relative_to(root) if self.wsdl.is_relative_to(root) else self.wsdl
        try:
            if self.wsdl.is_file():
                return load(self.wsdl)
        except ConfigError as error:
            fault = error.problems[0]
            if fault.line:
                at = str(name.parent / fault.file)
                raise ConfigError([Problem(at, fault.line, fault.what, fault.remedy)]) from None
            what, remedy = f"'{name}': {fault.what}", fault.remedy
        else:
            what, remedy = f"there is no file '{name}'", f"name a WSDL; paths begin at {root}"
        raise self.error(what, remedy, "options", "wsdl") from None

    def _note(self, what: str, remedy: str, *place: str) -> None:
        self._faults.add(self.error(what, remedy, "options", *place).problems)
