"""What differs on purpose since the base (`BASE` in `__main__.py`), by class; `make replay` lists the rest.

A class says what changed, where, and takes no more than that: papers that are asked for now, not papers that are cut
now; values that are written otherwise, not other values. With the next release the list begins anew.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tests.replay.differing import MISSING, Difference

_CUT = frozenset({"replaced", "reusable", "not_applicable", "replaceable"})
_ANSWER = re.compile(r"^answer(#\d+)?(\.event\[\d+\])?")
_SCALARS = (str, int, float, bool, type(None))


class Seen(NamedTuple):
    """One difference of a request, with its place as in the first of several answers."""

    request: str
    place: str
    before: object
    now: object


def _any(_seen: Seen) -> bool:
    return True


def _added(seen: Seen) -> bool:
    return seen.before == MISSING


def _asked_for(seen: Seen) -> bool:
    """The state of a paper: asked for where it was cut. What else is said of papers may change with it."""
    return not seen.place.endswith(".state") or (seen.before in _CUT and seen.now == "required")


def _more(seen: Seen) -> bool:
    """More of the same: a longer list, a text with more words, a larger number."""
    before, now = ("" if one == MISSING else one for one in (seen.before, seen.now))
    if isinstance(before, int) and isinstance(now, int):
        return now > before
    if isinstance(before, list) and isinstance(now, list):
        return all(one in now for one in before)
    if isinstance(before, str) and isinstance(now, str) and now.isdigit():
        return int(now) > int(before or 0)
    return isinstance(before, str) and isinstance(now, str) and {*_words(before)} <= {*_words(now)}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def _fewer(seen: Seen) -> bool:
    return isinstance(seen.before, int) and isinstance(seen.now, int) and seen.now < seen.before


def _ground(seen: Seen) -> bool:
    return seen.before in (MISSING, "") and isinstance(seen.now, str)


def _asked_now(seen: Seen) -> bool:
    """It was skipped, and is asked."""
    return seen.before in ("skipped", None, False, "no_such_person", "not_asked")


def _same_letters(seen: Seen) -> bool:
    return _letters(seen.before) == _letters(seen.now) != ""


def _letters(value: object) -> str:
    return "".join(filter(str.isalnum, value.casefold())) if isinstance(value, str) else ""


def _reworded(seen: Seen) -> bool:
    return _added(seen) or (isinstance(seen.before, _SCALARS) and isinstance(seen.now, str))


@dataclass(frozen=True, slots=True)
class Meant:
    """One class: which requests, which places (both found whole), and what of them."""

    name: str
    places: str
    takes: Callable[[Seen], bool] = _any
    requests: str = ".*"

    def has(self, seen: Seen) -> bool:
        """Whether the difference is one of these."""
        return (
            re.fullmatch(self.requests, seen.request) is not None
            and re.fullmatch(self.places, seen.place) is not None
            and self.takes(seen)
        )


_FILLED_NOW = (
    r"TTHN_LyHon_\w+\.(?:soBanAn|ngayCap)|trangThaiSong|nksHoTen|(?:chuHo_|nguoiNop_)?(?:dienThoai|email)"
    r"|(?:\w*_)?(?:ngay|noi)CapGiayTo|(?:nyc)?N(?:gay|oi)Cap\w*"
)
_FORM = r"(?:answer\.(?:fields|form|passport\.disclosed)|record\[[^]]*\]\.fields)\."
_GRANTED = r"(?:refused: no agreement for the procedure|explain 1\.002809 to one gate)"

#: in the order in which they are tried
CLASSES = (
    Meant(
        "papers: asked for where they were cut; marks, basis, scopes, reasons",
        r"answer\.papers\b.*",
        _asked_for,
    ),
    Meant("papers: fewer replaced", r"answer\.saved\.papers", _fewer),
    Meant("warnings", r"answer\.warnings.*"),
    Meant(
        "marks of attributes", r"answer\.(?:evidence|passport\.disclosed)\..*\.attribute_marks\..*", _added
    ),
    Meant("addresses as people write them", _FORM + r".*", _same_letters),
    Meant("addresses: the original stands beside", _FORM + r".*\.original(\..*)?", _added),
    Meant("fields that were left empty are filled", _FORM + rf"(?:{_FILLED_NOW})(?:\..*)?"),
    Meant("fields: more filled", r"answer\.saved\.fields", _more),
    Meant("fields: more disclosed", r"answer\.passport\.claims\.fields\._sd"),
    Meant("life status, state, heads of household are asked for: calls", r"calls\[.*", _more),
    Meant("… attributes", r".*\.(?:attributes|wanted|accepted|refused|emptied|published_scopes)", _more),
    Meant(
        "… evidence, sources, records",
        r"(?:answer\.(?:evidence|sources|uses|records)|record\[[^]]*\]\.calls\[).*",
        _added,
    ),
    Meant(
        "… no longer skipped",
        r"(?:answer\.sources|record\[[^]]*\]\.calls)\[.*\.(?:outcome|call|first|reason)",
        _asked_now,
    ),
    Meant("alive answers", r"answer\.predicates\.alive\..*"),
    Meant("the report of hours has a grid", r"answer\.grid.*", _added),
    Meant(
        "problems: words out of a closed table",
        r"answer(?:\..*)?\.(?:detail(?:_vi)?|error_description)",
        _reworded,
    ),
    Meant(
        "records that have no place yet are found",
        r"(?:answer|record\[lookup\])\..*",
        requests=r"records of an exchange|identify",
    ),
    Meant("doors of 2026: what one_gate may ask", r".*", requests=_GRANTED),
    Meant("doors of 2026: rules of the counter", r"(?:record\[[^]]*\]|answer)\.rules", _more, r".*one gate"),
    Meant(
        "doors of 2026: level of the account",
        r"record\[[^]]*\]\.notes(?:\.account_level)?",
        requests=r"shape: .*",
    ),
    Meant(
        "doors of 2026: agency of the counter", r"record\[refusal\]\.agency", requests=r"refused: no official"
    ),
    Meant("doors of 2026: legal basis of the counter", r"answer\..*\.legal_basis", _more, r".*one gate.*"),
    Meant(
        "refusals name their legal ground",
        r"(?:answer(?:\.records\[.*\])?\.legal_basis|record\[refusal\]\.basis)",
        _ground,
    ),
    Meant("refusals at the door name the configuration", r"record\[refusal\]\.config", _ground),
    Meant("… and the agency of the requester", r"record\[refusal\]\.agency", _ground, r"refused: .*"),
    Meant(
        "what was answered is known at once",
        r"answer\.(?:header\.)?retry.after",
        requests=r"attest by another",
    ),
    Meant(
        "sources that doors reach now",
        r"answer\.sources\[(?:household_business|judicial_record|vehicle|catalogues)\]\..*",
        requests=r"(?:sources|breaker, sources).*",
    ),
    Meant(
        "papers rest on more than the consent names",
        r"answer\.late",
        requests=r"consent ends before it is fetched.*",
    ),
    Meant(
        "procedures that are new",
        r".*",
        requests=r"(?:2\.000720|9\.00000[23]) .*|(?:procedure|form) (?:2\.000720|9\.00000[23])",
    ),
    Meant("guesses are counted by the person alone", r"answer\.limits\[.*"),
    Meant(
        "a login that is none is a wrong value",
        r"answer\.(?:status|type|title|title_vi|code|errors\[.*)",
        requests=r"refused: a login",
    ),
    Meant(
        "corrections are queued",
        r"(?:answer\.(?:state|advice\..*)|record\[delivery.*)",
        requests=r"correction",
    ),
    Meant(
        "merged units: a divided commune is not chosen",
        r"answer\.(?:form|fields)\.NoiCuTru_BenNam_TrongNuoc\..*",
        requests=r".*divided_b.*",
    ),
    Meant(
        "id_paper is not asked for because social insurance spells otherwise",
        r"answer\.(?:papers\[id_paper\]\.state|saved\.papers)",
        requests=r"9\.000001 name_differs|preview, card.*",
    ),
    Meant(
        "codes of the card gateway",
        r".*(?:noiKCB|health_card).*",
        requests=r"9\.000001 .*|health_card does fault200",
    ),
    Meant("sandbox: licence classes of their time", _FORM + r"hang(?:\..*)?"),
    Meant("sandbox: land uses as a list", _FORM + r"DSuDungVaoMucDich7(?:\..*)?"),
    Meant("sandbox: communes that were there", _FORM + r"CDiaChi4.*", requests=r"1\.012753 old_commune.*"),
    Meant(
        "sandbox: people with insurance, a lodger",
        r".*",
        requests=r"1\.014027 two_surnames|9\.000001 soldier|1\.004194 director",
    ),
    Meant("sandbox: null_field empties another member", r".*", requests=r".* does null_field"),
    Meant(
        "explanations: what may be asked now", r"answer\.fields\..*\.(?:from.*|rule)", requests=r"explain .*"
    ),
    Meant("titles of requesters", r"answer\.uses\[.*\]\.requester\.title", _same_letters),
    Meant(
        "the contract itself: git diff of schemas/api/openapi.json",
        r".*",
        requests=r"get /openapi\.json|get /docs",
    ),
    Meant(
        "descriptions: what was added or said otherwise",
        r".*",
        _reworded,
        r"(?:get|procedure|form|sources|head|breaker, sources).*",
    ),
    Meant("descriptions: longer lists", r".*", _more, r"(?:get|procedure|form|sources|breaker, sources).*"),
)


def sorted_out(name: str, found: Sequence[Difference]) -> Iterator[tuple[str, Difference]]:
    """Each difference of a request with its class; an empty class for what nobody meant."""
    for one in found:
        seen = Seen(name, _ANSWER.sub("answer", one.place), one.before, one.now)
        yield next((known.name for known in CLASSES if known.has(seen)), ""), one
