"""What a list of a record denies of what its state says: then nobody knows which of the two is wrong."""

from collections.abc import Callable, Mapping

from gateway.mapping.transforms import Unreadable, date_vn, is_hollow, numbered, text

#: whether the second part denies the first
Denies = Callable[[object, object], bool]

#: kind of the doubt of attributes whose answer contradicts itself
ANSWER_DIFFERS = "answer_differs"
#: states of the civil-status extract (`tinhTrang`)
_NEVER_MARRIED, _MARRIED, _DIVORCED, _WIDOWED = "1", "2", "3", "4"
#: state -> the end (`lyDo`) that the latest marriage cannot have then
_OTHER_END = {_DIVORCED: "chet", _WIDOWED: "lyHon"}


def marriages_deny_state(state: object, marriages: object) -> bool:
    """`[tinhTrang, ketHon]`: never married beside a marriage, married where none or several last, ended where one does.

    An end that says nothing denies every state. An empty list denies nothing: the register does not say that it lists
    marriages of old books and of other countries.
    """
    rows = marriages if isinstance(marriages, list) else [marriages]
    if state == _MARRIED and len(rows) == 1:  # most have one marriage, and it lasts
        one = rows[0]
        if (
            type(one) is dict
            and one.get("chamDut") is None
            and type(one.get("so")) is str
            and one["so"].strip()
        ):
            return False
    entries = [one for one in rows if not is_hollow(one)]
    ends = [one.get("chamDut") if isinstance(one, dict) else None for one in entries]
    if any(not is_hollow(end) and not _is_end(end) for end in ends):
        return True
    lasting = [one for one, end in zip(entries, ends, strict=True) if is_hollow(end)]
    said = _said(state)
    if said == _MARRIED:
        return bool(entries) and (not lasting or any(one != lasting[0] for one in lasting))
    return bool(entries) if said == _NEVER_MARRIED else said in _OTHER_END and bool(lasting)


def _is_end(end: object) -> bool:
    """Whether it says why, when or by which paper a marriage ended."""
    if not isinstance(end, dict):
        return False
    try:
        is_numbered = type(numbered(end.get("so"))) is str
        return (
            is_numbered
            or _said(end.get("lyDo")) in _OTHER_END.values()
            or date_vn(end.get("ngay")) is not None
        )
    except ValueError:
        return False


def end_denies_state(state: object, end: object) -> bool:
    """`[tinhTrang, chamDut]`: married where the latest marriage ended, or another end of it than the state says."""
    if end is None:
        return False
    said = _said(state)
    if said == _MARRIED:
        return not is_hollow(end)
    return isinstance(end, dict) and said in _OTHER_END and _said(end.get("lyDo")) == _OTHER_END[said]


def _said(value: object) -> str | None:
    """A word; one that cannot be read denies nothing, and its own attribute is in doubt."""
    try:
        return text(value)
    except Unreadable:
        return None


#: name in mappings -> the check
DENIALS: Mapping[str, Denies] = {one.__name__: one for one in (end_denies_state, marriages_deny_state)}
