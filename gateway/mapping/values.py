"""One compiled value of a source mapping: a place of the request, an attribute of the answer."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from operator import attrgetter

from gateway.domain.dates import PartialDate
from gateway.domain.evidence import NOTHING, AttributeDoubt, SourceQuery
from gateway.domain.parties import SUBJECT_WORDS, Official
from gateway.mapping.codes import Codes
from gateway.mapping.model import AttributeRule, RequestValue
from gateway.mapping.paths import Orders, Paths, steps_of
from gateway.mapping.transforms import AS_THEY_ARE, Doubtful, Transform, text

#: values of a query without a prefix
QUERY_WORDS = ("call_id", "procedure", "purpose", "dossier", "result_codes", "channel")

#: values of a query that are attributes of it
_ATTRIBUTES = frozenset({
    "call_id", "procedure", "purpose", "dossier",
    *(f"subject.{word}" for word in SUBJECT_WORDS),
    *(f"official.{one.name}" for one in fields(Official)),
})  # fmt: skip
#: a code that is not in its list
_UNKNOWN = Doubtful(None, AttributeDoubt(kind="code_unknown", rule="codes:unknown"))

ValueStep = Callable[[object], object]
PickValue = Callable[[SourceQuery, Mapping[str, str]], object]


class Place:
    """One place of the request; `value(query, parameters)` gives its value, None to leave it out.

    Simple places have a direct form: `constant` (always the same value), `attribute(query)` (an attribute of the query)
    or `parameters[parameter]` (a parameter of the data service, if it is not blank).
    """

    __slots__ = (
        "attribute",
        "constant",
        "names",
        "parameter",
        "place",
        "profiles",
        "unless",
        "value",
        "variants",
    )

    def __init__(self, place: str, rule: RequestValue, codes: Codes, named: Mapping[str, Transform]) -> None:
        """Raises ValueError with the fault of `rule`."""
        if (rule.value is None) == (rule.from_ is None):
            raise ValueError(f"request place '{place}' needs either 'value' or 'from'")
        self.place = place
        self.names = tuple(place.split("."))
        self.profiles = rule.profiles
        self.unless = rule.unless
        self.constant = rule.value
        #: request profile -> how the same place is written there
        self.variants: Mapping[str, Place] = {
            profile: Place(
                place, rule.model_copy(update={"transform": words, "transform_in": {}}), codes, named
            )
            for profile, words in rule.transform_in.items()
        }
        word = "" if rule.else_ or rule.codes or rule.transform else rule.from_ or ""
        self.attribute = attrgetter(word) if word in _ATTRIBUTES else None
        self.parameter = word.removeprefix("service.") if word.startswith("service.") else ""
        steps = _steps(rule.codes, rule.transform, codes, named)
        self.value: PickValue = _written(rule, steps) if rule.value is None else lambda *_: rule.value


def _written(  # noqa: C901 -- one loop over the words: a call for each would cost more than its lines
    rule: RequestValue, steps: list[ValueStep]
) -> PickValue:
    picks = [
        (attrgetter(word) if word.startswith("subject.") and word in _ATTRIBUTES else None, _picker(word))
        for word in (rule.from_, *rule.else_)
        if word
    ]
    default = rule.blank

    def written(query: SourceQuery, parameters: Mapping[str, str]) -> object:
        value: object = None
        for attribute, pick in picks:
            value = pick(query, parameters) if attribute is None else attribute(query)
            if type(value) is PartialDate:
                value = value.text
            if (type(value) is str and value and not value.isspace()) or not (value is None or blank(value)):
                break
        else:
            value = None if len(picks) > 1 else value
        for step in steps:
            if value is None:
                break
            value = step(value)
        if type(value) is str:
            return value if value and not value.isspace() else default
        if type(value) is Doubtful:
            value = value.value
        return default if value is None or blank(value) else value

    return written


def _picker(word: str) -> PickValue:
    head, _, rest = word.partition(".")
    if head == "service":
        return lambda _query, parameters: parameters.get(rest)
    if head in {"subject", "citizen"}:
        return lambda query, _parameters: _plain(getattr(getattr(query, head), rest, None))
    if head == "official":
        return lambda query, _parameters: getattr(query.official, rest, None) or None
    if head == "account":
        return lambda query, _parameters: query.account.get(rest)
    if word == "result_codes":
        return lambda query, _parameters: [{"MaKetQua": code, "SoKyHieu": ""} for code in query.result_codes]
    if word in QUERY_WORDS:
        return lambda query, _parameters: getattr(query, word)
    raise ValueError(f"'from: {word}' is not a value of a query")


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, str) else str(value)


def _steps(
    codes_name: str | None, words: tuple[str, ...], codes: Codes, named: Mapping[str, Transform]
) -> list[ValueStep]:
    steps: list[ValueStep] = []
    for word in words:
        if word not in named:
            raise ValueError(f"transform '{word}' does not exist; there are {', '.join(sorted(named))}")
        steps.append(named[word])
    if codes_name is not None:
        if codes_name not in codes.lists:
            raise ValueError(f"code list '{codes_name}' does not exist in mappings/codes")
        steps.insert(0, _translate(codes.lists[codes_name]))
    return steps


def _clean(table: Mapping[str, str | None]) -> Mapping[str, str | None]:
    return {code: to for code, to in table.items() if text(code) == code}


def _translate(table: Mapping[str, str | None]) -> ValueStep:
    clean = _clean(table)

    def translate(value: object) -> object:
        if type(value) is str and value in clean:
            return clean[value]
        code = text(value)
        if code is None:
            return None
        if code in clean:
            return clean[code]
        return _UNKNOWN

    return translate


class Attribute:
    """How one attribute is read: the first of its paths that has a value after all steps.

    `step` converts the value at a path (None: blank; or a `Doubtful` value); `default` is its result for a blank.
    For many texts that is known without a call of it: those in `known` become another text, those that `is_kept` finds
    stay as they are.
    """

    __slots__ = ("default", "is_kept", "known", "parts", "paths", "step")

    def __init__(
        self, rule: AttributeRule, codes: Codes, named: Mapping[str, Transform], orders: Orders = NOTHING
    ) -> None:
        """Raises ValueError with the fault of `rule`."""
        self.paths = [steps_of(path, orders) for path in (rule.path, *rule.else_)]
        self.parts = [steps_of(part) for part in rule.parts]
        steps = _steps(rule.codes, rule.transform or (() if rule.codes else ("text",)), codes, named)
        self.step = steps[0] if len(steps) == 1 else _all_of(steps)
        self.default = self.step(None)
        self.known = _clean(codes.lists[rule.codes]) if rule.codes and len(steps) == 1 else NOTHING
        self.is_kept = AS_THEY_ARE.get(self.step)

    def slots(self, paths: Paths, record: int) -> list[int]:
        """Where the value of each path will be, from the record's slot on."""
        if not self.parts:
            return [paths.add(steps, record) for steps in self.paths]
        return [paths.together(self.parts, paths.passing(steps, record)) for steps in self.paths]


def _all_of(steps: list[ValueStep]) -> ValueStep:
    def convert(value: object) -> object:
        for step in steps:
            if type(value) is Doubtful:
                break
            value = step(value)
        return value

    return convert


def wire_text(value: object) -> object:
    """A number, true or false as a text of XML, an address or a form has it; anything else as it is."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def blank(value: object) -> bool:
    """None, empty, or only spaces."""
    return value is None or value in ("", [], {}) or (isinstance(value, str) and not value.strip())
