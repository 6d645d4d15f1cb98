"""Masks: the form of a message without its values, and texts of a provider as text that does nothing.

A mask keeps names of the contract, lengths of numbers, and the signs between digits. Words become `xxx`, however many
and however long they are: lengths would tell `nam` from `nữ`. Other signs become `·`: they tell `A+` from `A-`. It
gives away which places are blank, and the form of dates and numbers; so a place that nobody may read has one mask,
whatever stands there (`HIDDEN`). What comes from a provider is hostile: nothing
here fails, nothing is longer than its bound, and every text is read once from its start to its end.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from urllib.parse import unquote_plus

import orjson

from gateway.domain.source_trace import MOST_BYTES

#: characters of one message, of one value, and digits of one number
MOST, MOST_OF_A_VALUE, _MOST_DIGITS = MOST_BYTES, 1_000, 16
#: patterns have no repetition within another, and none whose end may be missing
_PART = re.compile(r"(?P<word>[^\W\d_]+)|(?P<digits>\d+)|[\W_]+")
#: signs that make the form of a date, a time or a number
_BETWEEN_DIGITS = frozenset("-/.:,")
_JOINING = frozenset("_'’")
#: a name that this gateway wrote; data that stand where names stand (a number, a person's name) are none
_NAME = re.compile(r"[A-Za-z_@$][A-Za-z0-9_.:-]*")
_FOUR_DIGITS = re.compile(r"\d{4}")
_LONGEST_NAME = 64
#: a shorter one may be part of any word
_LONG_SECRET = 6
_PREFIX = re.compile(r"(?:[A-Za-z]{1,2}|ns|tns|soap|soapenv|env|xsd|xsi|xml|wsse|wsu)\d{0,2}", re.IGNORECASE)
_MARKUP = re.compile(
    r"(?P<quiet><!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z))|<!\[CDATA\[(?P<data>.*?)(?:\]\]>|\Z)"
    r"|<(?P<tag>[^\s<>!?][^<>]*)>|(?P<text>[^<]+|<)",
    re.DOTALL,
)
_OF_TAG = re.compile(r"\"[^\"]*\"?|'[^']*'?|[^\s=\"'/]+|=")
_PAIR = re.compile(r"([^&=]*)(=?)([^&]*)(&?)")
#: Envelope, Body and the element of the message
_ABOVE = 3
#: JSON is read as far down as this
_DEEPEST = 50
#: names of SOAP 1.1 and 1.2, RFC 9457, RFC 6749 and HTML; namespaces of SOAP and XML Schema
_STANDARD = frozenset(
    "Envelope Header Body Fault faultcode faultstring faultactor detail Code Subcode Value Reason Text Node Role"
    " type title status instance error error_description error_uri code message nil lang xmlns"
    " html head body h1 h2 p br hr div span center pre meta link style script"
    " http://schemas.xmlsoap.org/soap/envelope/ http://www.w3.org/2003/05/soap-envelope"
    " http://www.w3.org/2001/XMLSchema http://www.w3.org/2001/XMLSchema-instance"
    " http://www.w3.org/XML/1998/namespace http://www.w3.org/1999/xhtml".split()
)
#: what an answer may be; another one is data
_MEDIA_TYPES = frozenset(
    "application/json application/problem+json application/xml text/xml application/soap+xml text/html text/plain"
    " text/csv application/octet-stream application/zip application/pdf multipart/related multipart/mixed"
    " multipart/form-data application/x-www-form-urlencoded application/xop+xml application/hal+json"
    " application/fhir+json application/geo+json".split()
)
Mask = Callable[[str], str]
#: at a place outside the agreement: a value, a blank, a list and an object look alike
HIDDEN = "•••"
#: names on the way to a value, without positions in lists
PlaceSteps = tuple[str, ...]


class ShownPlaces:
    """The places of an answer whose values have masks of their own; what stands at any other one is `HIDDEN`."""

    def __init__(self, paths: Collection[PlaceSteps], parts: Collection[PlaceSteps] = ()) -> None:
        """`paths`: from the root of JSON, or from the element in a SOAP body on; `*` is any name.

        `parts`: below them, what stands at no such place is left out: that it is there would tell something.
        """
        self._paths = [tuple(map(_local, path)) for path in paths]
        self._parts = [tuple(map(_local, path)) for path in parts]

    def have(self, steps: PlaceSteps) -> bool:
        """Whether one of them stands here, below or above."""
        return any(
            all(one in ("*", step) for one, step in zip(path, steps, strict=False)) for path in self._paths
        )

    def leave_out(self, steps: PlaceSteps) -> bool:
        """Whether this place is below one of the parts, and none that may be shown."""
        is_below = any(
            len(steps) > len(part) and all(one in ("*", step) for one, step in zip(part, steps, strict=False))
            for part in self._parts
        )
        return is_below and not self.have(steps)


def _local(name: str) -> str:
    """A name of a path or of a document, without namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2].replace(".", "_")


class CarriedSecrets:
    """What the requests carried to prove who asks. A provider may repeat it anywhere, in capitals or not."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        """A short one counts where it is a word of its own."""
        written = [
            re.escape(one) if len(one) >= _LONG_SECRET else rf"(?<!\w){re.escape(one)}(?!\w)"
            for one in sorted(filter(str.strip, secrets), key=len, reverse=True)
        ]
        self._pattern = re.compile("|".join(written), re.IGNORECASE) if written else None

    def without(self, text: str) -> str:
        """The text with `HIDDEN` for each of them."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)

    def are_in(self, value: object) -> bool:
        """Whether a text, or one inside of a list or an object, repeats one."""
        if isinstance(value, dict | list):
            return any(map(self.are_in, value.values() if isinstance(value, dict) else value))
        return self._pattern is not None and self._pattern.search(str(value)) is not None


class ShownNames:
    """The names that a message may show. Any other one is its number in brackets, the same in the whole message."""

    def __init__(
        self, known: Collection[str] = (), *, is_own: bool = False, is_fault: bool = False,
        secrets: CarriedSecrets = CarriedSecrets(),  # noqa: B008 -- it changes nothing
    ) -> None:  # fmt: skip
        """`known`: names and namespaces of the contract, in any script. `is_own`: this gateway wrote the message.

        `is_fault`: the message is a fault of the provider; its names that look like names of a contract are shown,
        without `secrets`.
        """
        self._secrets = secrets
        # in XML an attribute `@unit` of a path is written `unit`
        self._known = _STANDARD.union(known, (one[1:] for one in known if one.startswith("@")))
        self._is_own = is_own
        self._is_open = is_own or is_fault
        self._numbers: dict[str, int] = {}
        #: names and namespaces that were shown
        self.shown: set[str] = set()

    def of(self, text: str) -> str:
        """A name, with its prefix."""
        prefix, colon, local = text.rpartition(":")
        is_open = self._is_open and _looks_like_a_name(text) and not self._secrets.are_in(text)
        if text in self._known or is_open:
            self.shown |= {text, local}
            return text
        prefix = prefix if _PREFIX.fullmatch(prefix) or prefix in self._known else self._number(prefix)
        is_prefix = prefix == "xmlns" and _PREFIX.fullmatch(local)
        return f"{prefix}{colon}{local if local in self._known or is_prefix else self._number(local)}"

    def space(self, text: str) -> bool:
        """Whether a namespace may be shown."""
        if self._is_own:
            self.shown.add(text)
        return self._is_own or text in self._known

    def _number(self, text: str) -> str:
        return f"[{self._numbers.setdefault(text, len(self._numbers) + 1)}]" if text else ""


def _looks_like_a_name(text: str) -> bool:
    return len(text) <= _LONGEST_NAME and bool(_NAME.fullmatch(text)) and not _FOUR_DIGITS.search(text)


def mask(text: str) -> str:
    """The form of a text."""
    parts = list(_PART.finditer(unicodedata.normalize("NFC", text)))
    out: list[str] = []
    for at, part in enumerate(parts):
        if part["digits"]:
            out.append("0" * min(len(part[0]), _MOST_DIGITS))
        elif part["word"]:
            out.append("xxx")
        else:
            around = parts[max(at - 1, 0) : at + 2 : 2] if at else []
            out.append(
                _sign(part[0], is_between_digits=len(around) == 2 and all(one["digits"] for one in around))
            )
    return _cut("".join(_joined(out)), MOST_OF_A_VALUE)


def _sign(text: str, *, is_between_digits: bool) -> str:
    """What stands between words and numbers."""
    if is_between_digits and text in _BETWEEN_DIGITS:
        return text
    if text.isspace():
        return " "
    return "" if all(one in _JOINING or one.isspace() or unicodedata.combining(one) for one in text) else "·"


def _joined(parts: list[str]) -> Iterator[str]:
    """Words with nothing but a blank between them are one."""
    was_word, blank = False, ""
    for part in parts:
        if part in ("", " "):
            blank = part or blank
            continue
        is_word = part == "xxx"
        if is_word and was_word:
            blank = ""
            continue
        yield f"{blank}{part}"
        was_word, blank = is_word, ""
    yield blank


def media_type(text: str) -> str | None:
    """Type and subtype of a `Content-Type`, where it is one of the known; `other` else; None: blank."""
    found = text.partition(";")[0].strip().lower()
    return (found if found in _MEDIA_TYPES else "other") if text.strip() else None


def visible(text: str) -> str:
    """A text with every character that is not seen written out."""
    return "".join(one if one.isprintable() or one == "\n" else _escaped(one) for one in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


def masked(
    value: object, names: ShownNames, depth: int = 0, *, is_written: bool = False,
    places: ShownPlaces | None = None, steps: PlaceSteps = (),
) -> object:  # fmt: skip
    """A value of JSON whose texts, numbers and truth values are masks; it keeps the names that may be shown.

    `is_written`: masks of what is no text get no quotes. `places` None: all of them.
    """
    if places is not None and not places.have(steps):
        return HIDDEN
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return "…"
    if isinstance(value, dict):
        return {
            names.of(str(name)): masked(
                inner,
                names,
                depth + 1,
                is_written=is_written,
                places=places,
                steps=(*steps, _local(str(name))),
            )
            for name, inner in value.items()
            if places is None or not places.leave_out((*steps, _local(str(name))))
        }
    if isinstance(value, list):
        return [
            masked(inner, names, depth + 1, is_written=is_written, places=places, steps=steps)
            for inner in value
        ]
    if value is None:
        return None
    # `true` and `false` are words
    return orjson.Fragment(mask(str(value))) if is_written and type(value) is not str else mask(str(value))


def message(raw: bytes, how: Mask, names: ShownNames, places: ShownPlaces | None = None) -> str:
    """A message as text, each value by `how`: JSON, XML and forms by their form, anything else as one value.

    `places`: of a message that is masked; None: all of them.
    """
    text = raw.decode("utf-8", "replace")
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start in ("{", "["):
        written = _json(raw, how, names, places)
        if written is not None:
            return _cut(written, MOST)
    if start == "<":
        return _cut(_markup(text, how, names, places), MOST)
    return _cut(pairs(text, how, names) if re.match(r"[A-Za-z0-9_.%-]+=", text) else how(text), MOST)


def _json(raw: bytes, how: Mask, names: ShownNames, places: ShownPlaces | None) -> str | None:
    """None: it is none, or was cut."""
    try:
        tree = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
    form = masked(
        tree, names, is_written=True, places=places
    )  # where values are shown too: it learns the names
    return visible(orjson.dumps(form if how is mask else tree, option=orjson.OPT_INDENT_2).decode())


def _markup(text: str, how: Mask, names: ShownNames, places: ShownPlaces | None) -> str:
    """Elements and attributes with their names, one in a line; comments and instructions are left out."""
    out: list[str] = []
    depth, was_end = 0, False
    for tag, value, steps in _pieces(text, places):
        if tag:
            is_end, is_whole = tag.startswith("/"), tag.rstrip().endswith("/")
            name, members = _of_tag(tag, how, names, None if steps is None else places, steps or ())
            depth -= is_end
            if not is_end or was_end:
                out.append(f"\n{'  ' * max(0, min(depth, _DEEPEST))}")
            was_end = is_end or is_whole
            out.append(f"<{'/' if is_end else ''}{name}{members}{'/' if is_whole and not is_end else ''}>")
            depth += not was_end
        elif value and not value.isspace():
            out.append(value if value == HIDDEN else how(value))
    return "".join(out).lstrip("\n")


def _pieces(text: str, places: ShownPlaces | None) -> Iterator[tuple[str, str, PlaceSteps | None]]:
    """Tags and texts of a document, a tag with its steps.

    An element outside of `places` holds `HIDDEN` alone, or is left out.
    """
    at, hidden, is_left_out = _ElementTrail(), 0, False
    for found in _MARKUP.finditer(text):
        tag = found["tag"]
        if tag is None:
            if not hidden:
                yield "", found["data"] or found["text"] or "", None
            continue
        is_end, is_whole = tag.startswith("/"), tag.rstrip().endswith("/")
        if hidden:
            hidden += -1 if is_end else int(not is_whole)
            if hidden:
                continue
        steps = at.after(tag, is_end=is_end, is_whole=is_whole)
        if places is None or steps is None or is_end or places.have(steps):
            yield from () if is_left_out else ((tag, "", steps),)
            is_left_out = False
            continue
        hidden, name = int(not is_whole), tag.rstrip("/ ").split()[0]
        if places.leave_out(steps):
            is_left_out = not is_whole  # with its end
            continue
        yield from ((name, "", steps), ("", HIDDEN, None), *((f"/{name}", "", steps),) * is_whole)


class _ElementTrail:
    """Where a document stands below the element in a SOAP body."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def after(self, tag: str, *, is_end: bool, is_whole: bool) -> PlaceSteps | None:
        """The steps to the element of this tag; None: it is not below that element."""
        if is_end:
            steps = tuple(self._open)
            del self._open[-1:]
        else:
            steps = (*self._open, _local((tag.rstrip("/").split() or [""])[0]))
            self._open += () if is_whole else steps[-1:]
        return steps[_ABOVE:] if steps[1:2] == ("Body",) and len(steps) >= _ABOVE else None


def _of_tag(
    tag: str, how: Mask, names: ShownNames, places: ShownPlaces | None, steps: PlaceSteps
) -> tuple[str, str]:
    """Name of the element, and its attributes as they are shown; `places` None: all of them."""
    first, *parts = _OF_TAG.findall(tag) or [""]
    # the element in a SOAP body of an answer that was read is one of the contract
    is_contract = places is not None and not steps and _looks_like_a_name(first)
    name, last = first if is_contract else names.of(first), ""
    out: list[str] = []
    for part in parts:
        if part[0] in "\"'" and last:
            value = part[1:].removesuffix(part[0])
            is_shown = last.partition(":")[0] == "xmlns" and names.space(value)
            is_hidden = places is not None and not is_shown and not places.have((*steps, f"@{_local(last)}"))
            text = value if is_shown else HIDDEN if is_hidden else how(value)
            out.append(f' {names.of(last)}="{text}"')
            last = ""
        elif part != "=":
            last = part
    return name, "".join(out)


def pairs(text: str, how: Mask, names: ShownNames) -> str:
    """`name=value&…`, the values by `how`; masks are those of what is written there."""
    plain = unquote_plus if how is mask else str
    return _PAIR.sub(
        lambda one: (
            f"{names.of(one[1])}{one[2]}{how(plain(one[3])) if one[3] else ''}{one[4]}" if one[0] else ""
        ),
        text,
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"
