"""Places in a canonical message, by name: `applicant.ids[kind=tax_code].number` (`gateway/domain/dossier.py`).

A place knows its type from the model, so a mapping with an unknown name is refused before the gateway starts.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel, TypeAdapter, create_model

from gateway.mapping.codecs import clean_json

#: plain JSON
Json = dict[str, Any]
#: what a message has no place for
MORE = "more"
#: path of the value itself where the items of a list are values
VALUE = "value"


class _CanonicalStep(NamedTuple):
    """A member, or the item of a list whose member `key` has a value."""

    name: str
    key: str = ""
    word: str = ""


class CanonicalPath:
    """A place in a canonical message: `applicant.name`, `applicant.ids[kind=tax_code].number`, `more.<name>`.

    Raises ValueError (what, remedy) when the model has no such place.
    """

    __slots__ = ("default", "fits", "most", "must", "steps", "text", "words")

    def __init__(self, text: str, model: type[BaseModel]) -> None:
        """`model`: what the path starts from."""
        self.text = text
        self.steps = tuple(_steps(text))
        found = _located(self.steps, model, text)
        #: value where nothing stands
        self.default: Any = ""
        #: the message cannot be without it
        self.must = False
        self.fits: Callable[[object], object] = clean_json
        self.most = 0
        #: the closed list of its words; none: it is open
        self.words: tuple[str, ...] = ()
        if found is not None:
            info = found.model_fields[self.steps[-1].name]
            self.must = info.is_required() and len(self.steps) == 1
            self.default = "" if info.is_required() else _plain(info.default)
            self.fits = _validator(found, self.steps[-1].name)
            self.most = next((one.max_length for one in info.metadata if isinstance(one, MaxLen)), 0)
            self.words = tuple(str(one) for one in _enum(info.annotation))

    def get(self, part: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- plain JSON
        """The value; None when nothing stands there."""
        found: Any = part
        for name, key, word in self.steps:
            # mostly a dict; for the abstract type each look costs as much as the rest
            if found.__class__ is dict or isinstance(found, Mapping):
                found = found.get(name)
            else:
                return None
            if key:
                found = next((one for one in found or () if str(one.get(key)) == word), None)
        return found

    def put(self, part: Json, value: object) -> None:
        """Set the value; objects and items on the way are made."""
        for name, key, word in self.steps[:-1]:
            if not key:
                part = part.setdefault(name, {})
                continue
            items = part.setdefault(name, [])
            found = next((one for one in items if one.get(key) == word), None)
            if found is None:
                items.append(found := {key: word})
            part = found
        part[self.steps[-1].name] = value

    def own_value(self, part: Mapping[str, Any]) -> Any:  # noqa: ANN401 -- plain JSON
        """The value, where something other than its default stands there; else None."""
        found = self.get(part)
        return None if found is None or found in ("", self.default) else found

    def has(self, part: Mapping[str, Any]) -> bool:
        """Whether something other than its default stands there."""
        return self.own_value(part) is not None


@cache
def _validator(model: type[BaseModel], name: str) -> Callable[[object], object]:
    """Whether a value fits a member: raises ValidationError."""
    info = model.model_fields[name]
    kind: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
    return TypeAdapter(kind).validate_python


def _steps(text: str) -> Iterator[_CanonicalStep]:
    for word in text.split("."):
        name, selected, inside = word.partition("[")
        key, _, value = inside.removesuffix("]").partition("=")
        if not name or (selected and not (key and value and inside.endswith("]"))):
            raise ValueError(
                f"'{text}' is not a path", "write it like 'applicant.name' or 'ids[kind=tax_code].number'"
            )
        yield _CanonicalStep(name, key, value)


def _located(steps: Sequence[_CanonicalStep], model: type[BaseModel], text: str) -> type[BaseModel] | None:
    """The model whose field the last step is; None below `more`, where any name may stand."""
    if steps[-1].key:
        raise ValueError(f"'{text}' ends with an item", "name a member of the item behind it")
    for name, key, _ in steps[:-1]:
        if name == MORE and MORE in model.model_fields:
            return None
        inner = _model_of(_field_of(name, model, text))
        if inner is None:
            raise ValueError(f"'{text}': '{name}' has no members", "end the path there")
        if key and key not in inner.model_fields:
            raise ValueError(
                f"'{text}': an item has no '{key}'", f"use one of {', '.join(inner.model_fields)}"
            )
        model = inner
    _field_of(steps[-1].name, model, text)
    return model


def _field_of(name: str, model: type[BaseModel], text: str) -> object:
    if name not in model.model_fields:
        known = ", ".join(model.model_fields)
        raise ValueError(f"'{text}': there is no '{name}' in {model.__name__}", f"use one of {known}")
    return model.model_fields[name].annotation


def _model_of(annotation: object) -> type[BaseModel] | None:
    """The model of an object, or of the items of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in get_args(annotation) if (found := _model_of(one))), None)


def _enum(annotation: object) -> Sequence[object]:
    """Members of an enumeration; none for any other type."""
    if get_origin(annotation) in (Union, UnionType):
        return next(
            (found for one in get_args(annotation) if one is not NoneType and (found := _enum(one))), ()
        )
    members = getattr(annotation, "__members__", None)
    return tuple(members.values()) if members else ()


def _plain(default: object) -> object:
    return str(default) if isinstance(default, str) else () if isinstance(default, BaseModel) else default


def item_of(place: CanonicalPath, model: type[BaseModel]) -> tuple[type[BaseModel], bool]:
    """The model of a list's items, and whether they are values. Raises ValueError when the path leads to no list."""
    annotation: object = model
    for step in place.steps:
        annotation = _field_of(step.name, _model_of(annotation) or model, place.text)
    if get_origin(annotation) is not tuple:
        raise ValueError(f"'{place.text}' is no list", "name a list of the canonical message")
    inner = get_args(annotation)[0]
    found = _model_of(inner)
    return (found, False) if found is not None else (_value_model(inner), True)


@cache
def _value_model(kind: Any) -> type[BaseModel]:  # noqa: ANN401 -- any type of a member
    """A model of items that are values."""
    return create_model("ListValue", value=(kind, ...))
