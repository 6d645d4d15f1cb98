"""What an answer of the national bus says (national-portal.md A.3, A.11): the one table of its codes and words.

Promises: only a known success is a success, and only an answer in the form of the profile is one at all. Texts are
compared without case; what they say of a message that was not taken is for its operators alone.
"""

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from adapters.transport.strict_json import parse

_NUMBER = re.compile(r"\s*([+-]?[0-9]{1,9})\s*")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
#: the most letters of a message that are looked at
_LOOKED_AT = 4_000


class BusVerdict(StrEnum):
    """What the bus says of a call. The words of `options.errors` are these."""

    DONE = "done"
    #: the dossier is there already: it is to be updated
    EXISTS = "exists"
    #: the dossier is not there
    NOT_THERE = "not_there"
    #: our session is over
    SESSION = "session"
    #: our account may not do this, or the service does not exist: the message is not at fault
    ACCESS = "access"
    #: the bus is in trouble
    FAULT = "fault"
    #: it judged the message
    REFUSED = "refused"
    #: a code that says no, for an unknown reason
    UNKNOWN_CODE = "unknown_code"
    #: no code, or a success without its word
    UNCLEAR = "unclear"


#: codes that are seen in clients; where a text says more, the text counts
_EXISTING: Final = frozenset({"0", "3", "-3"})
_SUCCESS = "thành công"
_NO_SUCCESS: Final = ("không thành công", "chưa thành công", "thất bại")
_EXISTS = "đã tồn tại"
_SESSION: Final = ("session", "phiên làm việc", "phiên đăng nhập", "hết phiên")
_IS_NOT_THERE: Final = ("không tồn tại", "không tìm thấy", "chưa tồn tại", "chưa có", "chưa được đồng bộ")
#: texts of no publication: matched as parts, the first line that fits counts
_TEXTS: Final[tuple[tuple[BusVerdict, tuple[str, ...]], ...]] = (
    (
        BusVerdict.FAULT,
        (
            "lỗi hệ thống", "hệ thống bận", "hệ thống đang bận", "thử lại", "bảo trì", "quá thời gian", "gián đoạn",
            "timeout", "timed out", "exception", "system error", "internal error", "connection",
        ),
    ),
    (
        BusVerdict.ACCESS,
        ("không có quyền", "chưa được cấp quyền", "chưa được phân quyền", "không có dịch vụ", "sai tài khoản",
         "sai mật khẩu", "access denied", "unauthorized"),
    ),
    (
        BusVerdict.REFUSED,
        (
            "bắt buộc", "không hợp lệ", "không đúng", "sai định dạng", "không nằm trong", "không theo", "không phải",
            "không đủ", "vượt quá", "quá dài", "dài quá", "để trống", "thiếu", "không có", *_IS_NOT_THERE, _EXISTS,
            "invalid", "required",
        ),
    ),
)  # fmt: skip


class NotAnAnswer(ValueError):
    """It is JSON, and not an answer of the bus."""


class BusAnswer(NamedTuple):
    """An answer, unwrapped. `code` is a number as text, blank when there is none."""

    code: str
    message: str
    #: None: the answer has none
    result: Any = None
    session: str = ""
    #: all members
    members: Mapping[str, Any] = MappingProxyType({})


def read_plain(body: bytes) -> BusAnswer:
    """An answer of the bus itself. Raises ValueError when it is no such."""
    return _answer_in(parse(body))


def read_wrapped(body: bytes) -> BusAnswer:
    """An answer of a provincial platform: in `message` there may be the text of the original answer (parsed once).

    Both codes must be zero for a success: one that is not is the code of the answer. Raises ValueError.
    """
    outer = _answer_in(parse(body))
    if not outer.message.lstrip().startswith("{"):
        return outer
    inner = _answer_in(parse(outer.message.encode()))
    return (
        inner if outer.code == "0" else inner._replace(code=outer.code if inner.code == "0" else inner.code)
    )


def _answer_in(tree: object) -> BusAnswer:
    if not isinstance(tree, dict):
        raise NotAnAnswer
    message, session = tree.get("message"), tree.get("session")
    return BusAnswer(
        code_in(tree.get("error_code")),
        message if isinstance(message, str) else "",
        tree.get("result"),
        session if isinstance(session, str) else "",
        tree,
    )


def code_in(value: object) -> str:
    """An error code in one form: "00", " 0", 0 and "+0" are "0". Blank for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ""
    found = _NUMBER.fullmatch(str(value))
    return str(int(found[1])) if found else ""


def judged(
    answer: BusAnswer, *, is_push: bool, dossier: str = "", codes: Mapping[str, str] = MappingProxyType({})
) -> BusVerdict:
    """What the bus says. `dossier`: the code that the call is about; `codes`: `options.errors` of the settings."""
    code, text = answer.code, answer.message[:_LOOKED_AT].casefold()
    if not code or code in codes:
        return BusVerdict(codes[code]) if code else BusVerdict.UNCLEAR
    if code in _EXISTING and is_push and _EXISTS in text:
        return BusVerdict.EXISTS
    return _success(text, is_push=is_push) if code == "0" else _refusal(text, dossier.casefold())


def _success(text: str, *, is_push: bool) -> BusVerdict:
    """A code of success: a push says so in words as well (A.11)."""
    if any(words in text for words in _NO_SUCCESS):
        return BusVerdict.UNCLEAR
    return BusVerdict.DONE if not is_push or _SUCCESS in text else BusVerdict.UNCLEAR


def _refusal(text: str, dossier: str) -> BusVerdict:
    """A code that is not zero: by what the text speaks of."""
    if any(words in text for words in _SESSION):
        return BusVerdict.SESSION
    is_about_dossier = "hồ sơ" in text or (dossier and dossier in text)
    if is_about_dossier and any(words in text for words in _IS_NOT_THERE):
        return BusVerdict.NOT_THERE
    verdicts = (verdict for verdict, words in _TEXTS if any(one in text for one in words))
    return next(verdicts, BusVerdict.UNKNOWN_CODE)


def field_in(answer: BusAnswer, names: Collection[str]) -> str:
    """The first of our own field names that the message names; blank: none."""
    return field_of(answer.message, names)


def field_of(message: str, names: Collection[str]) -> str:
    """The first of `names` in a foreign text; blank: none."""
    return next((word for word in _WORD.findall(message[:_LOOKED_AT]) if word in names), "")


def names_in(tree: object) -> Collection[str]:
    """Every member's name in a message that we send."""
    names: set[str] = set()
    rest = [tree]
    while rest:
        one = rest.pop()
        if isinstance(one, Mapping):
            names.update(one)
            rest.extend(one.values())
        elif isinstance(one, list | tuple):
            rest.extend(one)
    return names
