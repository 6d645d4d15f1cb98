"""What differs between the texts of two sides: place by place, where a text is that of an answer in JSON.

A place is written as `answer.papers[licence_copy].state`: members of lists stand under their code or name where they
have one, of records under their phase. Numbers of placeholders and names of pieces of evidence (`e2`) are left out:
one call more shifts them all. What is no JSON is compared line by line.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PARTS = re.compile(r"\n(?=calls: |record: |no record)")
#: a placeholder that stands for a number
_BARE = re.compile(r'(?<=":)(\s*)(<[^">]*>)')
#: a token that was opened: the only text with quotes in it
_SIGNED = '"<signed '
_DECODER = json.JSONDecoder(strict=False)
_NUMBERED = re.compile(r"<(call|digest|hash|id|handle|pending|key|token id) \d+>")
_EVIDENCE = re.compile(r"\be(\d+)\b")
#: by which members an item of a list is known
_KEYS = ("code", "subject", "role", "source", "data_service", "operation", "name", "pointer")
#: what stands behind the last answer of a connection
_ENDS = ("\nclosed", "\nkept open")
MISSING = "(missing)"


@dataclass(frozen=True, slots=True)
class Difference:
    """One place, and what stands there at both sides; `MISSING` where nothing does."""

    place: str
    before: object
    now: object

    def __str__(self) -> str:
        """One line."""
        return f"{self.place}: {_short(self.before)} -> {_short(self.now)}"


def differences(before: str, now: str) -> Iterator[Difference]:
    """All places that differ."""
    left, right = _read(before), _read(now)
    for place in dict.fromkeys((*left, *right)):
        one, other = left.get(place, MISSING), right.get(place, MISSING)
        if one != other:
            yield Difference(place, one, other)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 160 else f"{text[:157]}…"


def _read(text: str) -> dict[str, object]:
    """Place -> value."""
    told, *rest = _PARTS.split(text)
    places: dict[str, object] = {}
    for number, answer in enumerate(re.split(r"\n(?=HTTP/)", told)):
        places |= _answer("answer" if number == 0 else f"answer#{number + 1}", answer)
    for part in rest:
        word, _, said = part.partition(": ")
        if word == "calls":
            name, _, count = said.rpartition(" ")
            places[f"calls[{name}]"] = count
        elif word == "record":
            places |= _records(said)
    return places


def _answer(name: str, told: str) -> dict[str, object]:
    head, _, body = told.partition("\n\n")
    status, *fields = head.split("\n")
    places: dict[str, object] = {f"{name}.status": status}
    places |= {f"{name}.header.{line.partition(': ')[0]}": line for line in fields}
    if body.startswith("event: "):
        for number, event in enumerate(body.strip().split("\n\n")):
            kind, _, data = event.partition("\ndata: ")
            tree = _parsed(data)
            said = (
                _flat(f"{name}.event[{number}]", tree, _names(tree))
                if tree
                else {f"{name}.event[{number}]": data}
            )
            places |= {f"{name}.event[{number}].kind": kind, **said}
        return places
    if body.endswith(_ENDS):
        body, _, places[f"{name}.connection"] = body.rpartition("\n")
    tree = _parsed(body)
    if tree is not None:
        return places | _flat(name, tree, _names(tree))
    return places | {f"{name}.line[{number}]": line for number, line in enumerate(_without(body).split("\n"))}


def _records(said: str) -> dict[str, object]:
    places: dict[str, object] = {}
    counted: dict[str, int] = {}
    for line in re.split(r"\n(?=\{)", said):
        record = _parsed(line)
        if not isinstance(record, dict):
            places[f"record.line[{len(places)}]"] = _without(line)
            continue
        phase = str(record.get("phase", ""))
        counted[phase] = counted.get(phase, 0) + 1
        name = phase if counted[phase] == 1 else f"{phase}#{counted[phase]}"
        places |= _flat(f"record[{name}]", record, {})
    return places


def _parsed(text: str) -> object:
    """JSON with its placeholders; None where it is none."""
    quoted = _BARE.sub(r'\1"\2"', _without(text).replace("\n  ", ""))
    try:
        return _DECODER.decode(_opened(quoted))
    except (ValueError, IndexError):
        return None


def _opened(text: str) -> str:
    """Tokens that `placeholders.py` opened (header, claims and disclosures) as JSON of their own."""
    while (start := text.find(_SIGNED)) >= 0:
        parts: list[object] = []
        at = start + len(_SIGNED)
        while text[at] != ">":
            part, at = _DECODER.raw_decode(text, at)
            parts.append(part)
            while text[at] in "], ":
                at += 1
        pairs = zip(map(str, parts[2::2]), parts[3::2], strict=True)
        token = {"header": parts[0], "claims": parts[1], "disclosed": dict(pairs)}
        text = text[:start] + json.dumps(token, ensure_ascii=False) + text[at + 2 :]
    return text


def _without(text: str) -> str:
    return _NUMBERED.sub(r"<\1>", text)


def _names(tree: object) -> Mapping[str, str]:
    """Name of a piece of evidence -> what it is: subject, source and data service."""
    evidence = tree.get("evidence") if isinstance(tree, dict) else None
    if not isinstance(evidence, dict):
        return {}
    return {
        name: f"{one.get('subject')}/{one.get('source')}.{one.get('data_service')}"
        for name, one in evidence.items()
        if isinstance(one, dict)
    }


def _flat(place: str, value: object, names: Mapping[str, str]) -> dict[str, object]:
    if isinstance(value, dict) and value:
        found: dict[str, object] = {}
        for name, one in value.items():
            found |= _flat(f"{place}.{names.get(name, name)}", one, names)
        return found
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        found = {}
        for name, one in _named(value):
            found |= _flat(f"{place}[{name}]", one, names)
        return found
    if isinstance(value, str) and names:
        return {place: _EVIDENCE.sub(lambda found: names.get(found.group(), found.group()), value)}
    if isinstance(value, list) and names:
        return {place: [names.get(one, one) if isinstance(one, str) else one for one in value]}
    return {place: value}


def _named(items: list[dict[str, object]]) -> Iterator[tuple[str, dict[str, object]]]:
    counted: dict[str, int] = {}
    for number, one in enumerate(items):
        known = [str(one[key]) for key in _KEYS if isinstance(one.get(key), str) and one[key]]
        name = "/".join(known) or str(number)
        counted[name] = counted.get(name, 0) + 1
        yield (name if counted[name] == 1 else f"{name}#{counted[name]}"), one
