"""Structured fields (RFC 9651) for message signatures: http-sf reads and writes them; here with a size limit.

A signature covers the canonical form.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from http_sf import StructuredFieldError, parse, ser
from http_sf.types import BareItemType as Bare

from gateway.domain import sentences as say
from gateway.messages.faults import SignatureBroken

_LARGEST = 8_192

Params = Mapping[str, Bare]


class Item(NamedTuple):
    """A value and its parameters."""

    value: Bare
    params: Params


class InnerList(NamedTuple):
    """Items in parentheses, and the parameters of the whole."""

    items: list[Item]
    params: Params


def dictionary(text: str) -> dict[str, Item | InnerList]:
    """The members of a dictionary in order. Raises SignatureBroken, also for a duplicate name."""
    if len(text) > _LARGEST or not text.isascii():
        raise SignatureBroken(say.STRUCTURED_LONG)
    try:
        found: Any = parse(text.encode(), tltype="dictionary", on_duplicate_key=_refuse)
    except StructuredFieldError:
        raise SignatureBroken(say.STRUCTURED_UNREADABLE) from None
    return {name: _member(*one) for name, one in found.items()}


def written(value: Item | InnerList) -> str:
    """The canonical form."""
    one: Any = value
    return ser([one])


def _refuse(_name: str, where: str) -> None:
    """Refuse a duplicate: parsers differ in which one counts."""
    raise SignatureBroken(say.STRUCTURED_LABEL_TWICE if where == "dictionary" else say.PARAMETER_TWICE)


def _member(value: Any, params: Params) -> Item | InnerList:  # noqa: ANN401 -- a list, or a value
    return (
        InnerList([Item(*one) for one in value], params) if isinstance(value, list) else Item(value, params)
    )
