"""What a list of a record denies of what its state says: then nobody knows which of the two is wrong."""

from collections.abc import Callable, Mapping

from gateway.mapping.transforms import Unreadable, is_hollow, text

#: whether the second part denies the first
Denies = Callable[[object, object], bool]

#: kind of the doubt of attributes whose answer contradicts itself
ANSWER_DIFFERS = "answer_differs"
#: states of the civil-status extract (`tinhTrang`)
_NEVER_MARRIED, _MARRIED, _DIVORCED, _WIDOWED = "1", "2", "3", "4"
#: state -> the end (`lyDo`) that the latest marriage cannot have then
_OTHER_END = {_DIVORCED: "chet", _WIDOWED: "lyHon"}


def marriages_deny_state(state: object, marriages: object) -> bool:
    """`[tinhTrang, ketHon]`: never married beside a marriage, married where all ended, ended where one lasts.

    An empty list denies nothing: the register does not say that it lists marriages of old books and of other countries.
    """
    rows = marriages if isinstance(marriages, list) else [marriages]
    if state == _MARRIED:  # most have a marriage that lasts
        for one in rows:
            if (
                type(one) is dict
                and one.get("chamDut") is None
                and type(one.get("so")) is str
                and one["so"].strip()
            ):
                return False
    entries = [one for one in rows if not is_hollow(one)]
    if not entries:
        return False
    ended = [isinstance(one, dict) and not is_hollow(one.get("chamDut")) for one in entries]
    said = _said(state)
    if said == _MARRIED:
        return all(ended)
    return said == _NEVER_MARRIED or (said in _OTHER_END and not all(ended))


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
