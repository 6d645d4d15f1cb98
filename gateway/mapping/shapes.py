"""Whether a message that was written has the shape that its receiver reads.

What fits no place is in `more` and is written as it came, so that nothing is lost. A text where a list of objects
belongs, a word where a code belongs, or a day that cannot be would be refused by every receiver for ever.
"""

from collections.abc import Mapping
from typing import Any

from gateway.domain import sentences as say
from gateway.mapping.codecs import read_time
from gateway.mapping.messages import MessageFault, WireFields, WireList, WireObject, WireSpread, WireValue
from gateway.mapping.transforms import Unreadable


def check_shape(fields: WireFields, wire: Mapping[str, Any]) -> None:
    """Raises MessageFault for the first member of another shape than its field."""
    for node in fields.nodes:
        raw, kind = wire.get(node.name), type(node)
        if raw is None or raw == "":
            continue
        # most members are texts, and each dossier that comes passes here
        if kind is WireValue and type(raw) is str and _takes_texts(node):  # type: ignore[arg-type]
            continue
        match node:
            case WireValue():
                _check_value(node, raw)
            case WireObject():
                _check_object(node.name, node.fields, raw)
            case WireSpread():
                _check_list(node.name, "", node.fields, raw)
            case WireList():
                _check_list(node.name, node.place.text, node.fields, raw)


def _check_list(name: str, path: str, fields: WireFields, raw: object) -> None:
    if not isinstance(raw, list):
        raise MessageFault(name, path, say.OBJECTS_EXPECTED())
    for at, one in enumerate(raw):
        _check_object(f"{name}[{at}]", fields, one, f"{path}[{at}]" if path else "")


def _check_object(name: str, fields: WireFields, raw: object, path: str = "") -> None:
    if not isinstance(raw, Mapping):
        raise MessageFault(name, path, say.OBJECT_EXPECTED())
    try:
        check_shape(fields, raw)
    except MessageFault as fault:
        raise fault.within(name, path) from None


def _takes_texts(node: WireValue) -> bool:
    return node.codec.read is not read_time and (not node.required or node.table is None)


def _check_value(node: WireValue, raw: object) -> None:
    if isinstance(raw, list | Mapping):
        if node.places:
            raise MessageFault(node.name, node.path, say.WIRE_VALUE_UNREADABLE)
        return
    if node.codec.read is read_time:
        _check_time(node, raw)
    # a code that nobody knows is sent as it came; a word where all codes are numbers is none
    codes = node.table.write.values() if node.table is not None and node.required else ()
    if codes and all(map(_is_number, codes)) and not _is_number(str(raw)):
        raise MessageFault(node.name, node.path, say.NO_FOREIGN_CODE)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _check_time(node: WireValue, raw: object) -> None:
    """A time that cannot be is kept as it came, and no portal takes it."""
    try:
        read_time(raw)
    except Unreadable:
        raise MessageFault(node.name, node.path, say.NO_TIME) from None
