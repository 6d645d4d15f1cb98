"""`options` of a portal's settings, typed: every fault with its place and a remedy."""

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from gateway.config.portals import PortalSettings
from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near

_Options = TypeVar("_Options", bound=BaseModel)


def options_of(settings: PortalSettings, model: type[_Options]) -> _Options:
    """The options as `model`. Raises ConfigError with all faults."""
    return read_options(settings.options, f"config/portals/{settings.portal}.yaml", model)


def read_options(options: Mapping[str, Any], file: str, model: type[_Options]) -> _Options:
    """The options of a file as `model`. Raises ConfigError with all faults."""
    try:
        return model.model_validate(options)
    except ValidationError as error:
        faults = error.errors()
        strange = [str(one["loc"][-1]) for one in faults if one["type"] == "extra_forbidden"]
        problems = [
            _problem(one, model, file)
            for one in faults
            # what is only misspelt is not missing as well
            if one["type"] != "missing" or not difflib.get_close_matches(str(one["loc"][-1]), strange, 1)
        ]
        raise ConfigError(problems) from None


def _problem(fault: Mapping[str, Any], model: type[BaseModel], file: str) -> Problem:
    loc = tuple(fault["loc"])
    word = ".".join(map(str, ("options", *loc)))
    place = ("options", *loc)
    match fault["type"]:
        case "extra_forbidden":
            what, remedy = f"'{word}' is not known here", near(str(loc[-1]), model.model_fields, "")
            remedy = remedy or f"use {', '.join(sorted(model.model_fields))}"
        case "missing":
            what, remedy = f"'{word}' is missing", f"add '{loc[-1]}:' under 'options'"
        case "value_error":
            what, remedy = (*fault["ctx"]["error"].args, "")[:2]
            what = f"'{word}' {what}"
        case _:
            what, remedy = f"'{word}': {fault['msg']}", "adapters/README.md says what it takes"
    return Problem(file, 0, what, remedy, place=place)
