"""Strict YAML (a subset of YAML 1.2): every scalar stays text, duplicate keys and tags are refused.

A document remembers the line of every value, so that a failed validation names file, line and remedy. The pydantic
model that reads the document does the typing. Only at the places that a model names in `typed` is an unquoted number,
`true` or `false` one of JSON.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from gateway.domain.errors import ConfigError, Problem
from gateway.domain.faults import near

_Model = TypeVar("_Model", bound=BaseModel)
_NULLS = frozenset({"", "~", "null"})
_MAX_BYTES = 4_000_000
_MAX_DEPTH = 30
#: values with repeated anchors; the largest own file has a tenth of it
_MAX_VALUES = 500_000
#: tags of nodes without their own
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("str", "seq", "map"))
#: a number, true or false as JSON writes it (RFC 8259), without an exponent
_BARE = re.compile(r"true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
#: letters of a number that every JSON reader keeps: 15 digits and a sign
_LONGEST_NUMBER = 16
#: model -> its file in schemas/config
_SCHEMAS = {
    "GatewaySettings": "gateway",
    "AgencyFile": "agencies",
    "SourceSettings": "source",
    "PortalSettings": "portal",
    "IdentityProviderSettings": "identity_provider",
    "RequesterSettings": "requester",
    "Agreement": "agreement",
    "PurposeFile": "purposes",
    "ScopeFile": "published_scopes",
    "SourceMapping": "source_mapping",
    "ProcedureMapping": "procedure_mapping",
    "FieldGroup": "field_group",
    "QuestionMapping": "predicate_mapping",
    "PortalMapping": "portal_mapping",
    "CodeList": "code_list",
    "UnitFile": "units",
    "IdentifierKind": "identifier",
}

Loc = tuple[str | int, ...]

_MAPPING = ("must be a mapping of words to values", "write a mapping ('word: value' lines)")
_LIST = ("must be a list", "write a list: [a, b], or lines that begin with '- '")
_WHOLE = ("must be a whole number", "write digits")
_YES_NO = ("must be true or false", 'write "true" or "false"')
#: kind of a fault of the form -> what it must be, what to write
_FORMS = {
    "model_type": _MAPPING, "dict_type": _MAPPING, "tuple_type": _LIST, "list_type": _LIST,
    "string_type": ("must be one text", "write text, in quotes"), "int_type": _WHOLE, "int_parsing": _WHOLE,
    "float_type": ("must be a number", "write a number"), "float_parsing": ("must be a number", "write a number"),
    "string_pattern_mismatch": ("is not written as it must be", ""),
    "bool_type": _YES_NO, "bool_parsing": _YES_NO,
}  # fmt: skip
_BOUNDS = {"gt": "above", "ge": "of at least", "lt": "below", "le": "of at most"}


class Document:
    """One YAML file: plain data (dict, list, str, None) and the line of every value."""

    __slots__ = ("bare", "data", "lines", "name", "path")

    def __init__(
        self,
        path: Path,
        name: str,
        data: Any,  # noqa: ANN401 -- YAML
        lines: dict[Loc, int],
        bare: Sequence[Loc] = (),
    ) -> None:
        """`name` is the file's name in messages; `bare`: places of numbers, true and false without quotes."""
        self.bare = bare
        self.path = path
        self.name = name
        self.data = data
        self.lines = lines

    def line(self, loc: Iterable[str | int]) -> int:
        """The line of the value at `loc`, or of the nearest one around it."""
        place = tuple(loc)
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def located(self, problem: Problem) -> Problem:
        """The problem with the line of its place."""
        return self.problem(problem.place, problem.what, problem.remedy, *problem.rests_on)

    def problem(self, loc: Iterable[str | int], what: str, remedy: str = "", *rests_on: str) -> Problem:
        """A problem at `loc`; `rests_on` as in `Problem`."""
        return Problem(self.name, self.line(loc), what, remedy, rests_on=rests_on)

    def read_as(self, model: type[_Model]) -> _Model:
        """The document as `model`. Raises ConfigError with one problem per fault."""
        try:
            return model.model_validate(self._typed(model))
        except ValidationError as error:
            faults = error.errors()
            strange = [fault["loc"] for fault in faults if fault["type"] == "extra_forbidden"]
            certain = [fault for fault in faults if not _is_mistyped(fault, strange)]
            raise ConfigError([self._explain(fault, model) for fault in certain]) from None

    def _typed(self, model: type[BaseModel]) -> Any:  # noqa: ANN401 -- YAML
        """The data with unquoted numbers, true and false where the model wants them (`typed`: words, `*` any)."""
        places: tuple[Loc, ...] = getattr(model, "typed", ())
        data = self.data
        for loc in self.bare if places else ():
            if any(
                len(loc) == len(place)
                and all(one in ("*", word) for one, word in zip(place, loc, strict=True))
                for place in places
            ):
                data = self._with_number(data, loc, loc)
        return data

    def _with_number(self, data: Any, loc: Loc, rest: Loc) -> Any:  # noqa: ANN401 -- YAML
        """A copy of mappings along `rest`, with the number at its end."""
        if rest:
            return {**data, rest[0]: self._with_number(data[rest[0]], loc, rest[1:])}
        if data in ("true", "false"):
            return data == "true"
        number = float(data) if "." in data else int(data[: _LONGEST_NUMBER + 1])
        if len(data) > _LONGEST_NUMBER or str(number) != data:
            what = f"'{'.'.join(map(str, loc))}' is a number that JSON would write in another way"
            remedy = "write at most 15 digits, without zeros at the end; or text, in quotes"
            raise ConfigError([self.problem(loc, what, remedy)])
        return number

    def _explain(self, fault: Any, model: type[BaseModel]) -> Problem:  # noqa: ANN401 -- pydantic's TypedDict
        loc = tuple(
            part for part in fault["loc"] if not (isinstance(part, str) and part.startswith("function-"))
        )
        key = ".".join(str(part) for part in loc) or "the document"
        kind = fault["type"]
        if kind == "missing":
            remedy = "add one more to the list" if isinstance(loc[-1], int) else f"add '{loc[-1]}:' here"
            return self.problem(loc, f"'{key}' is missing", remedy)
        if kind == "extra_forbidden" and (advice := moved(key, model)) is not None:
            return self.problem(loc, *advice)
        if kind == "extra_forbidden":
            words = words_at(model, loc[:-1])
            remedy = near(str(loc[-1]), words, f"remove it; known here: {', '.join(sorted(words))}")
            return self.problem(loc, f"'{key}' is not a known word", remedy)
        if kind == "value_error":
            what, *more = fault["ctx"]["error"].args
            return self.problem(loc, f"'{key}': {what}", *more[:1])
        what, remedy = _FORMS.get(kind, ("", ""))
        return self.problem(
            loc, f"'{key}' {what}" if what else f"'{key}': {fault['msg']}", _remedy(fault, model, remedy)
        )


def moved(word: str, model: type[BaseModel]) -> tuple[str, str] | None:
    """The fault and remedy for a renamed word of the document; None when it never existed."""
    known: Mapping[str, tuple[str, str]] = getattr(model, "moved", {})
    return (f"'{word}' is now {known[word][0]}", known[word][1]) if word in known else None


def _is_mistyped(fault: Any, strange: list[Any]) -> bool:  # noqa: ANN401 -- pydantic's TypedDict
    """Whether a word is missing only because it is misspelt; the misspelt word is reported."""
    if not fault["loc"]:
        return False
    *around, word = fault["loc"]
    there = [str(loc[-1]) for loc in strange if list(loc[:-1]) == around]
    return fault["type"] == "missing" and near(str(word), there, "") != ""


def _remedy(fault: Any, model: type[BaseModel], otherwise: str) -> str:  # noqa: ANN401 -- pydantic's TypedDict
    context = fault.get("ctx", {})
    schema = f"schemas/config/{_SCHEMAS.get(model.__name__, 'README')}.schema.json"
    if "expected" in context:
        return f"write {context['expected']}"
    if "pattern" in context:
        shown = {r"\S": "that says something"}.get(context["pattern"], f"that matches {context['pattern']}")
        return f"write text {shown}"
    bounds = [f"{word} {context[name]}" for name, word in _BOUNDS.items() if name in context]
    if bounds:
        return f"write a number {' and '.join(bounds)}"
    return f"{otherwise or 'write what is accepted'}, see {schema}"


def words_at(model: object, loc: Loc) -> list[str]:
    """The known words of a place of a model's document; none where any word may be."""
    if get_origin(model) in (Annotated, Union, UnionType):
        return next((found for one in get_args(model) if (found := words_at(one, loc))), [])
    if get_origin(model) in (dict, tuple, list):
        inner = [one for one in get_args(model) if one is not Ellipsis]
        return words_at(inner[-1], loc[1:])
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    if not loc:
        return list(fields)
    return words_at(fields[str(loc[0])].annotation, loc[1:]) if loc[0] in fields else []


def misnamed(folder: Path, root: Path) -> list[Problem]:
    """Files of a folder that are ignored because of their ending."""
    what = "is not read: its name ends in .yml"
    return [
        Problem(str(path.relative_to(root)), 0, what, f"rename to .yaml ({path.stem}.yaml)")
        for path in sorted(folder.glob("*.yml"))
    ]


def read(path: Path, root: Path | None = None) -> Document:
    """Read one file. Raises ConfigError when it is missing, too large, or not strict YAML."""
    name = str(path.relative_to(root)) if root and path.is_relative_to(root) else str(path)
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # reading a pipe would not end
            raise ConfigError([Problem(name, 0, "is no file", "take it away, or write a file")])
        raw = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            [Problem(name, 0, f"cannot be read: {error.strerror}", "create the file")]
        ) from None
    if len(raw) > _MAX_BYTES:
        raise ConfigError([Problem(name, 0, f"is larger than {_MAX_BYTES} bytes", "split it")])
    return read_text(raw, path, name)


def read_text(raw: bytes, path: Path, name: str) -> Document:
    """The document in `raw`. Raises ConfigError when it is not strict YAML."""
    lines: dict[Loc, int] = {}
    bare: list[Loc] = []
    try:
        node = yaml.compose(raw.decode("utf-8"), Loader=yaml.CBaseLoader)
        data = _plain(node, (), lines, bare, name)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise ConfigError(
            [Problem(name, line, f"is not YAML: {error.problem}", "check quotes and indents")]
        ) from None
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError([Problem(name, line, "is not UTF-8 YAML", "save it as UTF-8")]) from None
    except yaml.YAMLError:
        raise ConfigError([Problem(name, 0, "is not UTF-8 YAML", "save it as UTF-8")]) from None
    return Document(path, name, data, lines, bare)


def _plain(
    node: Any,  # noqa: ANN401 -- any YAML node
    loc: Loc,
    lines: dict[Loc, int],
    bare: list[Loc],
    name: str,
) -> Any:  # noqa: ANN401 -- any YAML node
    if node is None:
        return None
    lines[loc] = node.start_mark.line + 1
    if len(loc) > _MAX_DEPTH:
        raise ConfigError([Problem(name, lines[loc], "is nested too deeply")])
    if len(lines) > _MAX_VALUES:
        what = f"holds more than {_MAX_VALUES} values, with what its anchors repeat"
        raise ConfigError([Problem(name, lines[loc], what, "split it, or write out less by '*'")])
    if node.tag not in _PLAIN_TAGS:
        raise ConfigError([Problem(name, lines[loc], f"tag {node.tag} is not allowed", "remove the tag")])
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node, loc, bare)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*loc, index), lines, bare, name) for index, item in enumerate(node.value)]
    return _mapping(node, loc, lines, bare, name)


def _scalar(node: yaml.ScalarNode, loc: Loc, bare: list[Loc]) -> str | None:
    if node.style not in (None, ""):
        return str(node.value)
    if _BARE.fullmatch(node.value):
        bare.append(loc)
    return None if node.value in _NULLS else node.value


def _mapping(
    node: Any,  # noqa: ANN401 -- YAML node
    loc: Loc,
    lines: dict[Loc, int],
    bare: list[Loc],
    name: str,
) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise ConfigError([Problem(name, line, "a key must be text", "quote the key")])
        key = key_node.value
        if key in out:
            raise ConfigError([Problem(name, line, f"key '{key}' is written twice", "keep one of the two")])
        out[key] = _plain(value_node, (*loc, key), lines, bare, name)
        lines[(*loc, key)] = line
    return out
