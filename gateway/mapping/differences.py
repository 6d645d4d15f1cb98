"""What a form says otherwise than the request and the sources: typed by the citizen, taken out, or held by the portal.

Such data prove nothing for this form. An official would see two addresses, two states or two people and ask.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from gateway.domain.evidence import Outcome, SourceAnswer
from gateway.domain.parties import Subject
from gateway.domain.reasons import Reason
from gateway.mapping import agreeing
from gateway.mapping.checking import same
from gateway.mapping.confirming import chain, parents
from gateway.mapping.found_people import dependency, found_subject, people_in_evidence
from gateway.mapping.plan import Pick, Plan, PlannedField
from gateway.mapping.procedure import FORM, TYPED, Ref, leaves
from gateway.mapping.same_objects import IDENTIFIES, IDENTITY, NUMBERS, OBJECTS, covers, folded

Answers = list[SourceAnswer | None]


def differing(plan: Plan, answers: Answers, typed: Mapping[str, object]) -> dict[tuple[int, str], str]:
    """Query and attribute -> the form field that holds another value than each source of it, or none any more.

    Fields that name the object of a paper are left to its rule (`same`), which says how they are compared.
    """
    found: dict[tuple[int, str], str] = {}
    objects = _objects(plan) if typed else ()
    for planned in plan.fields if typed else ():
        key = planned.field.key
        if key in typed and key not in objects and not is_confirmed(planned, answers, typed[key]):
            asked = ((query, attribute) for query, attribute, *_ in planned.asked)
            found.update(
                dict.fromkeys((one for one in asked if not _restates(plan, planned, answers, *one)), key)
            )
    return found


def differing_records(plan: Plan, answers: Answers, typed: Mapping[str, object]) -> dict[int, str]:
    """Query -> a form field with another value than its record, or emptied. Facts of a person are no one record.

    A field in which the applicant may ask for a change says nothing here; one that names the object of another paper
    (a class of a licence that a health check is for) differs from its own record all the same.
    """
    found: dict[int, str] = {}
    for planned in plan.fields if typed else ():
        key = planned.field.key
        is_compared = key in typed and not planned.field.rule.change
        if is_compared and not is_confirmed(planned, answers, typed[key]):
            for query, *_ in planned.asked:
                if plan.queries[query].service.evidence not in IDENTIFIES:
                    found.setdefault(query, key)
    return found


def _objects(plan: Plan) -> set[str]:
    """Form fields that name the object of a paper."""
    proofs = (paper.replaced_by for paper in plan.papers.values() if paper.replaced_by is not None)
    places = (
        one for proof in proofs for leaf in leaves(proof) for ones in leaf.bound.values() for one in ones
    )
    return {place.removeprefix(TYPED).removeprefix(FORM) for place in places}


def _restates(plan: Plan, planned: PlannedField, answers: Answers, query: int, attribute: str) -> bool:
    """Whether a field makes something else of an identity attribute, and contradicts no identity."""
    answer = answers[query]
    raw = None if answer is None else answer.values.get(attribute)
    if raw is None or attribute not in IDENTITY or plan.queries[query].service.evidence not in IDENTIFIES:
        return False
    return not _names(planned, attribute, str(raw))


def is_confirmed(planned: PlannedField, answers: Answers, value: object) -> bool:
    """Whether a source gives the value of the form; True where none gives one that the form has words for."""
    found = [one for one, *_ in agreeing.field_values(planned, answers)]
    given = [one for one in found if not isinstance(one, agreeing.OpenValue)] or [
        value for one in found for value in agreeing.readings(one)
    ]
    if not given or any(same(value, one) or (bool(value) and covers(one, value)) for one in given):
        return True
    return bool(planned.field.rule.renamed and value) and _is_renamed(planned, answers, value)


def _is_renamed(planned: PlannedField, answers: Answers, value: object) -> bool:
    """Whether the form names entries of a source's list only, by old names or new ones."""
    renamed = planned.field.rule.renamed
    asked = ((answers[query], attribute) for query, attribute, *_ in planned.asked)
    lists = (answer.values.get(attribute) for answer, attribute in asked if answer is not None)
    return any(
        covers([*one, *(renamed[entry] for entry in one if entry in renamed)], value)
        for one in lists
        if isinstance(one, list)
    )


def named_otherwise(
    plan: Plan, answers: Answers, named: Mapping[str, Subject], typed: Mapping[str, object], role: str
) -> str | None:
    """The form field with another number, name or birth date than that of the role's subject, or emptied."""
    slot = plan.slots.get(role, role)
    roles = {slot, *(name for name, first in plan.slots.items() if first == slot)}
    compared = _identity(plan, answers, named.get(slot), typed, roles)
    return next((key for key, _, is_same in compared if not is_same), None)


def find_strangers(
    plan: Plan, answers: Answers, named: Mapping[str, Subject], typed: Mapping[str, object]
) -> dict[str, str]:
    """Roles for which the form names another person -> the form field that says so.

    Another number, or another name and birth date; beside another value, an emptied field counts like one. A form
    that asks for no birth date of a role names another person by another name. Each role of a person is compared by
    its own fields.
    """
    found = {}
    for role, subject in {**people_in_evidence(plan, answers), **named}.items():
        compared = [*_identity(plan, answers, subject, typed, {role})]
        is_confirmed = any(name == "personal_id" and is_same for _, name, is_same in compared)
        other = {name: key for key, name, is_same in compared if not is_same}
        given = {name: key for name, key in other.items() if typed[key]}
        is_another = len(other) > 1 or not _asks_birth(plan, role)
        if "personal_id" in given or (given and is_another and not is_confirmed):
            found[role] = given.get("personal_id") or next(iter(given.values()))
    return found


def _asks_birth(plan: Plan, role: str) -> bool:
    refs = (ref for field in plan.procedure.fields for ref in field.refs if ref.evidence in IDENTIFIES)
    return any(ref.role == role and ref.attribute == "birth_date" for ref in refs)


def without_strangers(
    plan: Plan, answers: Answers, named: Collection[str], strangers: Mapping[str, str]
) -> Plan:
    """The plan that reads nothing of what was found about `strangers`, and about people found through them.

    A field reads nothing from its first reference about such a person on: the next ones would say the same of them. It
    reads nothing at all where that person is found in evidence: its other references speak of who was found, unless the
    field is of a thing, which evidence about another role may be about.
    A source that was silent stays silent. Papers compare a person whom evidence names by their own rule (`same`).
    """
    begins = _begins(plan, named, strangers)
    sources = [query.service.source for query in plan.queries]
    fields = []
    for planned in plan.fields:
        keys = [_key_of(begins, f"{ref.role}:{ref}") for ref in planned.refs]
        at = next((at for at, key in enumerate(keys) if key), len(keys))
        key = keys[at] if at < len(keys) else ""
        roles = (ref.role for ref, one in zip(planned.refs, keys, strict=True) if one)
        is_found = any(plan.procedure.roles[role].found_in for role in roles)
        if is_found:
            at = 0
        spared = is_found and planned.field.thing is not None
        picks = [
            pick if spared and not one else blank_pick(pick, key, answers)
            for pick, one in zip(planned.picks[at:], keys[at:], strict=True)
        ]
        changed = PlannedField(planned.field, planned.refs, (*planned.picks[:at], *picks), sources)
        fields.append(changed if picks else planned)
    begins = _begins(plan, named, {role: key for role, key in strangers.items() if role in named})
    own, read = plan.procedure.signs_in, {}
    for word, pick in plan.picks.items():
        key = _key_of(begins, word if ":" in word else f"{own}:{word}")
        read[word] = blank_pick(pick, key, answers) if key else pick
    return replace(plan, fields=tuple(fields), picks=read)


def _begins(plan: Plan, named: Collection[str], strangers: Mapping[str, str]) -> dict[str, str]:
    """Begin of a reference that speaks of a stranger, or of who is found through one -> the form field."""
    roles, found = plan.procedure.roles, {}
    before = {role: of for role, of in parents(roles, {}).items() if roles[role].through or role not in named}
    for name in {**roles, **dict.fromkeys(named)}:
        if (
            key := next((strangers[one] for one in chain(name, before) if one in strangers), None)
        ) is not None:
            found[f"{name}:"] = key
            if name in roles and (place := roles[name].found_in) is not None:
                found[f"{place}."] = key
    return found


def _key_of(begins: Mapping[str, str], word: str) -> str:
    return next((key for begin, key in begins.items() if word.startswith(begin)), "")


def blank_pick(
    pick: Pick, key: str, answers: Answers, place: str = FORM, reason: Reason = Reason.DATA_DO_NOT_MATCH
) -> Pick:
    """The pick without its value, which does not match what the form or the request says at this place."""
    answer = None if pick.query is None else answers[pick.query]
    if answer is None or answer.outcome is not Outcome.FOUND:
        return pick
    return Pick(None, pick.attribute, pick.name, reason, f"same:{place}{key}")


def other_heads(plan: Plan, answers: Answers, named: Mapping[str, Subject]) -> dict[str, str]:
    """Place of a person in evidence (`found_in`) -> the role for which the caller names another one, or may do so."""
    found = {}
    for role in plan.named_heads:
        place, before = plan.procedure.roles[role].found_in, dependency(plan, role)
        answer = None if before is None else answers[before]
        there = None if answer is None else found_subject(plan, role, answer)
        subject = named.get(plan.slots[role])
        own = [*_own(plan, answers, subject, Ref(role, "person", "personal_id"))]
        if there is None or (subject is not None and there.personal_id not in own):
            found[place or ""] = role
    return found


def without_heads(plan: Plan, answers: Answers, heads: Mapping[str, str]) -> Plan:
    """The plan whose fields read nothing of these people (`other_heads`), and no relation to them."""
    begins = {f"{place}.": f"{role}.personal_id" for place, role in heads.items()}
    return _without(plan, answers, begins, "", Reason.OBJECT_DIFFERS)


def other_records(plan: Plan, answers: Answers, typed: Mapping[str, object]) -> dict[str, str]:
    """Begin of the references to a record -> the form field with another number than that of the record."""
    found: dict[str, str] = {}
    for planned in plan.fields:
        key = planned.field.key
        if typed.get(key) and not is_confirmed(planned, answers, typed[key]):
            for ref in planned.refs:
                record, _, attribute = f"{ref.role}:{ref}".rpartition(".")
                if ref.evidence not in IDENTIFIES and attribute in OBJECTS:
                    found.setdefault(f"{record}.", key)
    return found


def without_records(
    plan: Plan, answers: Answers, records: Mapping[str, str], typed: Mapping[str, object]
) -> Plan:
    """The plan whose empty fields read nothing of these records (`other_records`)."""
    return _without(plan, answers, records, FORM, Reason.OBJECT_DIFFERS, typed)


def _without(
    plan: Plan,
    answers: Answers,
    begins: Mapping[str, str],
    place: str,
    reason: Reason,
    kept: Collection[str] = (),
) -> Plan:
    sources = [query.service.source for query in plan.queries]
    fields = []
    for planned in plan.fields:
        keys = [_key_of(begins, f"{ref.role}:{ref}") for ref in planned.refs]
        if any(keys) and planned.field.key not in kept:
            both = zip(planned.picks, keys, strict=True)
            picks = tuple(
                blank_pick(pick, key, answers, place, reason) if key else pick for pick, key in both
            )
            fields.append(PlannedField(planned.field, planned.refs, picks, sources))
        else:
            fields.append(planned)
    return replace(plan, fields=tuple(fields))


def _identity(
    plan: Plan, answers: Answers, subject: Subject | None, typed: Mapping[str, object], roles: Collection[str]
) -> Iterator[tuple[str, str, bool]]:
    """Form field that names the subject of these roles, its attribute, and whether the form says the same of it.

    A field that restates the attribute names nobody.
    """
    for planned in plan.fields if subject is not None else ():
        key = planned.field.key
        for ref in planned.refs if key in typed else ():
            if ref.role in roles and ref.evidence in IDENTIFIES and ref.attribute in IDENTITY:
                own = [*_own(plan, answers, subject, ref)]
                if any(_names(planned, ref.attribute, one) for one in own):
                    yield key, ref.attribute, any(_is_same(ref.attribute, one, typed[key]) for one in own)


def _names(planned: PlannedField, attribute: str, own: str) -> bool:
    """Whether a field writes an identity attribute as it is: no kind of a number, and no tax code first."""
    is_first = planned.refs[0].evidence in IDENTIFIES
    return is_first and _is_same(attribute, own, planned.field.written(own))


def _own(plan: Plan, answers: Answers, subject: Subject | None, ref: Ref) -> Iterator[str]:
    """The values of an identity attribute in the request and in sources; each number of a person is its own."""
    names = NUMBERS if ref.attribute == "personal_id" else (ref.attribute,)
    yield from (str(one) for name in names if (one := getattr(subject, name, None)) is not None)
    slot = plan.slots.get(ref.role, ref.role)
    for query in plan.queries:
        answer = answers[query.index]
        if answer is not None and query.role == slot and query.service.evidence in IDENTIFIES:
            yield from (one for name in names if isinstance(one := answer.values.get(name), str))


def _is_same(attribute: str, own: str, value: object) -> bool:
    """Whether a form says the same: case, spaces and tone marks aside, and a date in the precision that both have."""
    if not value:
        return False
    if attribute == "birth_date":
        ours, theirs = folded(own), folded(str(value))
        return ours == theirs or ours.startswith(f"{theirs}-") or theirs.startswith(f"{ours}-")
    return same(value, own) or covers(own, value)
