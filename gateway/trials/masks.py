"""Masks: the form of a message without its values, and texts of a provider as text that does nothing.

A mask keeps names of elements and members, punctuation and lengths of numbers. Words become `xxx`, however many and
however long they are: lengths would tell `nam` from `nữ`. It gives away which places are blank, and the form of dates
and numbers. What comes from a provider is hostile: nothing here fails, and nothing is longer than its bound.
"""

import re
import unicodedata
from collections.abc import Callable, Collection
from urllib.parse import unquote_plus

import orjson

#: characters of one message, of one value, and digits of one number
MOST, MOST_OF_A_VALUE, _MOST_DIGITS = 16_384, 1_000, 16
_WORDS = re.compile(r"[^\W\d_]+(?:[\s_'’]*[^\W\d_]+)*")
_DIGITS = re.compile(r"\d+")
#: what is neither of them, nor seen by everybody
_OTHER = re.compile(r"[^ -~\n…]+")
#: a name of the contract; data that stand where names stand (a number, a person's name) are none
_NAME = re.compile(r"(?!.*\d{4})[A-Za-z_@$][A-Za-z0-9_.:-]{0,63}")
_ADDRESS = re.compile(r"(?!.*\d{9})(?:https?://|urn:)[!-;=?-~]{1,200}")
_MARKUP = re.compile(
    r"(?P<quiet><!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z))|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)"
    r"|<(?P<end>/?)(?P<name>[^\s<>/!?]+)(?P<more>[^<>]*)>|(?P<text>[^<]+|<)",
    re.DOTALL,
)
_MEMBER = re.compile(r"([^\s=\"'/]+)\s*=\s*(?:\"([^\"]*)\"?|'([^']*)'?)")
_PAIR = re.compile(r"([^&=]*)(=?)([^&]*)(&?)")
#: JSON is read as far down as this
_DEEPEST = 50
Mask = Callable[[str], str]


def mask(text: str) -> str:
    """The form of a text."""
    words = _WORDS.sub("xxx", unicodedata.normalize("NFC", text))
    numbers = _DIGITS.sub(lambda found: "0" * min(len(found[0]), _MOST_DIGITS), words)
    return _cut(_OTHER.sub("·", numbers), MOST_OF_A_VALUE)


def visible(text: str) -> str:
    """A text with every character that is not seen written out."""
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


def masked(value: object, known: Collection[str] = (), depth: int = 0, *, is_written: bool = False) -> object:
    """A value of JSON whose texts, numbers and truth values are masks; the names of its members stay.

    `known`: names of the contract in any script. `is_written`: masks of what is no text get no quotes.
    """
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return "…"
    if isinstance(value, dict):
        members: dict[str, object] = {}
        for name, inner in value.items():
            shown = name_of(str(name), known)
            shown = f"{shown} ({len(members)})" if shown in members else shown  # none gets lost
            members[shown] = masked(inner, known, depth + 1, is_written=is_written)
        return members
    if isinstance(value, list):
        return [masked(inner, known, depth + 1, is_written=is_written) for inner in value]
    if value is None:
        return None
    # `true` and `false` are words
    return orjson.Fragment(mask(str(value))) if is_written and type(value) is not str else mask(str(value))


def name_of(text: str, known: Collection[str] = ()) -> str:
    """A name of the contract as it is, other text masked; `known`: names in any script."""
    return text if text.rpartition(":")[2] in known or _NAME.fullmatch(text) else mask(text)


def message(raw: bytes, how: Mask, known: Collection[str] = ()) -> str:
    """A message as text, each value by `how`: JSON, XML and forms by their form, anything else as one value.

    `known`: names of the contract in any script.
    """
    text = raw.decode("utf-8", "replace")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        written = _json(raw, how, known)
        if written is not None:
            return _cut(written, MOST)
    if start == "<":
        return _cut(_markup(text, how, known), MOST)
    return _cut(pairs(text, how) if re.match(r"[A-Za-z0-9_.%-]+=", text) else how(text), MOST)


def _json(raw: bytes, how: Mask, known: Collection[str]) -> str | None:
    """None: it is none, or was cut."""
    try:
        tree = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    shown = masked(tree, known, is_written=True) if how is mask else tree
    return visible(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode())


def _markup(text: str, how: Mask, known: Collection[str]) -> str:
    """Elements and attributes with their names, one in a line; comments and instructions are left out."""
    out: list[str] = []
    depth, was_end = 0, False
    for found in _MARKUP.finditer(text):
        if found["name"] is not None:
            is_end, more = bool(found["end"]), found["more"]
            depth -= is_end
            if not is_end or was_end:
                out.append(f"\n{'  ' * max(0, min(depth, _DEEPEST))}")
            members = "".join(_member(one[1], one[2], one[3], how) for one in _MEMBER.finditer(more))
            was_end = is_end or more.rstrip().endswith("/")
            name = name_of(found["name"], known)
            out.append(f"<{found['end']}{name}{members}{'/' if was_end and not is_end else ''}>")
            depth += not was_end
        elif (value := found["data"] or found["text"] or "") and not value.isspace():
            out.append(how(value))
    return "".join(out).lstrip("\n")


def _member(name: str, double: str | None, single: str | None, how: Mask) -> str:
    value = double if double is not None else single or ""
    is_space = name.partition(":")[0] == "xmlns" and _ADDRESS.fullmatch(value)
    return f' {name_of(name)}="{value if is_space else how(value)}"'


def pairs(text: str, how: Mask) -> str:
    """`name=value&…`, the values by `how`; masks are those of what is written there."""
    plain = unquote_plus if how is mask else str
    return _PAIR.sub(
        lambda one: (
            f"{name_of(one[1])}{one[2]}{how(plain(one[3])) if one[3] else ''}{one[4]}" if one[0] else ""
        ),
        text,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
