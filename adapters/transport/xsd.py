"""XML Schema 1.0 as far as messages need it: which elements and attributes stand where. Part of the child's work.

`Schemas.index_of` gives the number of a type's content in `rows`; `Schemas.finish` fills the rows that were asked for
and those below them. What is missing or cannot be read is a fault of the one content that needs it. Simple types are
text, whatever they are called; wildcards are passed over.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Union

from lxml import etree

from adapters.transport.shapes import TEXT, UNBOUNDED, ContentRow, DerivedType, Run, Slot
from adapters.transport.xml_files import NAME, TOO_MUCH, XS, UnusableWsdl, XmlFiles, line_of, name_of

_XML = "http://www.w3.org/XML/1998/namespace"
_ENCODED = "http://schemas.xmlsoap.org/soap/encoding/"
#: namespaces whose schemas nobody lays beside a WSDL
_KNOWN_SPACES = frozenset(
    {XS, _XML, _ENCODED, "http://www.w3.org/2003/05/soap-encoding", "http://www.w3.org/2005/05/xmlmime"}
)
_LISTS = frozenset({"NMTOKENS", "IDREFS", "ENTITIES"})
#: types that say more of a text than that it is one
_TEXT_KINDS = {
    **{name: name for name in ("date", "dateTime")},
    "boolean": "boolean",
    **dict.fromkeys(("decimal", "float", "double"), "number"),
    **dict.fromkeys(
        "byte int integer long negativeInteger nonNegativeInteger nonPositiveInteger positiveInteger short"
        " unsignedByte unsignedInt unsignedLong unsignedShort".split(),
        "integer",
    ),
}

_MOST_MEMBERS = 250_000
#: of an enumeration, for who writes a mapping
_MOST_WORDS = 50
_DEEPEST = 60


@dataclass(frozen=True, slots=True, eq=False)
class _SchemaText:
    """One schema document; an included one without a namespace has that of the one which includes it."""

    root: etree._Element
    path: Path
    file: str
    space: str

    def is_qualified(self, node: etree._Element, word: str) -> bool:
        form = node.get("form") or self.root.get(word) or "unqualified"
        return form.strip() == "qualified"


class _Declaration(NamedTuple):
    """A declaration and its document."""

    node: etree._Element
    schema: _SchemaText


class _ElementUse(NamedTuple):
    """An element in a content: what it is called, how often it stands there, by which types it may be filled."""

    tag: str
    prefix: str
    least: int
    most: int
    nillable: bool
    types: "tuple[_Type, ...]"


class _ModelGroup(NamedTuple):
    """A sequence or `all`, or a choice."""

    is_choice: bool
    least: int
    most: int
    items: "tuple[_Particle, ...]"


_Particle = Union[_ElementUse, _ModelGroup]  # noqa: UP007 -- the second names it in turn
#: a declared type, `list`, or blank: a text
_Type = _Declaration | str


@dataclass(slots=True)
class _TypeModel:
    """What a complex type holds; `text` is blank, `text` or `list`."""

    particles: list[_Particle] = field(default_factory=list)
    #: tag -> name in paths, required, types
    attributes: dict[str, tuple[str, bool, tuple[_Type, ...]]] = field(default_factory=dict)
    text: str | None = None


class Schemas:
    """All schemas of a WSDL."""

    def __init__(self, files: XmlFiles) -> None:
        """No schema yet."""
        self._files = files
        self._declared: dict[tuple[str, str, str], _Declaration] = {}
        self._read: set[tuple[object, str]] = set()
        self._wanted: list[tuple[etree._Element, str, str, Path]] = []
        self._spaces: set[str] = set(_KNOWN_SPACES)
        self._substitutes: dict[str, list[str]] = {}
        self._derived: dict[tuple[str, str], list[_Declaration]] = {}
        self._models: dict[tuple[object, ...], _TypeModel] = {}
        self._groups: dict[tuple[object, ...], tuple[bool, tuple[_Particle, ...]]] = {}
        self._numbers: dict[tuple[object, ...], int] = {}
        self._waiting: list[tuple[int, tuple[_Type, ...]]] = []
        self._members = 0
        self.rows: list[ContentRow] = []

    # ------------------------------------------------------------------------------------------- documents

    def add(self, root: etree._Element, path: Path, space: str | None = None) -> None:
        """A schema and all that it imports and includes. `space` is that of the schema which includes it."""
        waiting = [(root, path, space)]
        while waiting:
            root, path, space = waiting.pop()
            own = root.get("targetNamespace", "").strip()
            schema = _SchemaText(root, path, self._files.name(path), own or space or "")
            if (root, schema.space) in self._read:
                continue
            self._read.add((root, schema.space))
            self._spaces.add(schema.space)
            for node in root:
                waiting += self._note(node, schema)

    def _note(
        self, node: etree._Element, schema: _SchemaText
    ) -> list[tuple[etree._Element, Path, str | None]]:
        """A child of a schema: a declaration, or schemas to read too."""
        kind = etree.QName(node).localname
        if node.get("name") is not None:
            name = name_of(node, schema.file)
            self._declare(
                kind.replace("simpleType", "type").replace("complexType", "type"),
                name,
                _Declaration(node, schema),
            )
            return []
        if kind in {"redefine", "override"}:
            what = f"has xs:{kind}, which is not read"
            raise UnusableWsdl(
                schema.file, line_of(node), what, "write the types there as they become, and include the rest"
            )
        if kind not in {"import", "include"}:
            return []
        location = node.get("schemaLocation")
        found = self._files.beside(location, schema.path) if location else None
        if found is not None:
            root = self._files.read(found)
            if root.tag == f"{{{XS}}}schema":
                return [(root, found, schema.space if kind == "include" else None)]
            what, remedy = "is no XML Schema", "lay the schema there that is named"
            raise UnusableWsdl(self._files.name(found), 0, what, remedy)
        if location:
            space = node.get("namespace", "") if kind == "import" else None
            if space is None or not space:
                raise self._files.missing(node, location, schema.path)
            self._wanted.append((node, location, space, schema.path))
        return []

    def _declare(self, kind: str, name: str, declared: _Declaration) -> None:
        node, schema = declared
        if self._declared.setdefault((kind, schema.space, name), declared) is not declared:
            return
        if kind == "element" and (head := node.get("substitutionGroup")):
            for one in head.split():
                space, local = self._qname(node, one, schema)
                self._substitutes.setdefault(_tag(space, local), []).append(_tag(schema.space, name))
        if kind == "type":
            for step in node.iterfind(f"{{{XS}}}complexContent/*[@base]"):
                self._derived.setdefault(self._qname(step, step.get("base", ""), schema), []).append(declared)

    def check_imports(self) -> None:
        """UnusableWsdl for the first schema that is named, not there, and declared nowhere else."""
        for node, location, space, path in self._wanted:
            if space not in self._spaces:
                raise self._files.missing(node, location, path)

    def _qname(self, node: etree._Element, text: str, schema: _SchemaText) -> tuple[str, str]:
        prefix, _, name = text.strip().rpartition(":")
        space = node.nsmap.get(prefix or None)
        if space is None and prefix:
            what = f"has the prefix '{prefix}', which is declared nowhere"
            raise UnusableWsdl(schema.file, line_of(node), what, f'declare it: xmlns:{prefix}="…"')
        if space is None and not schema.root.get("targetNamespace"):
            space = schema.space
        if not NAME.fullmatch(name):
            raise UnusableWsdl(
                schema.file, line_of(node), f"names '{text[:40]}', which is no name", "mend it"
            )
        return space or "", name

    def _find(
        self, kind: str, name: tuple[str, str], node: etree._Element, schema: _SchemaText
    ) -> _Declaration:
        found = self._declared.get((kind, *name))
        if found is None:
            what = f"names the {kind} '{name[1]}' of '{name[0]}', which is declared nowhere"
            remedy = "declare what is missing in the WSDL, or in a schema beside it that it imports"
            raise UnusableWsdl(schema.file, line_of(node), what, remedy)
        return found

    # ------------------------------------------------------------------------------------------- contents

    def element(self, name: tuple[str, str], node: etree._Element, file: str) -> tuple[str, bool, int]:
        """Tag, nillable and number of the content of a global element, named by a WSDL."""
        found = self._declared.get(("element", *name))
        if found is None:
            what = f"names the element '{name[1]}' of '{name[0]}', which is declared nowhere"
            remedy = "declare what is missing in the WSDL, or in a schema beside it that it imports"
            raise UnusableWsdl(file, line_of(node), what, remedy)
        return _tag(*name), _true(found.node, "nillable"), self._index(self._types_of(found))

    def index_of(self, name: tuple[str, str], node: etree._Element, file: str) -> int:
        """The number of the content of a type, named by a WSDL."""
        if name[0] == XS:
            return self._index((_simple(name[1]),))
        found = self._declared.get(("type", *name))
        if found is None:
            what = f"names the type '{name[1]}' of '{name[0]}', which is declared nowhere"
            remedy = "declare what is missing in the WSDL, or in a schema beside it that it imports"
            raise UnusableWsdl(file, line_of(node), what, remedy)
        return self._index((found,))

    def made(self, row: ContentRow) -> int:
        """The number of a content made by hand."""
        self.rows.append(row)
        return len(self.rows) - 1

    def finish(self) -> None:
        """Fill the rows that were asked for, and those below them."""
        while self._waiting:
            number, types = self._waiting.pop()
            try:
                self.rows[number] = self._row(types)
            except UnusableWsdl as error:
                file = error.file or self._files.first
                self.rows[number] = ContentRow((), fault=(file, error.line, error.what, error.remedy))

    def _index(self, types: tuple[_Type, ...]) -> int:
        key = tuple(one if isinstance(one, str) else (one.node, one.schema.space) for one in types)
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = self.made(ContentRow(None))
            self._waiting.append((number, types))
        return number

    def _types_of(self, declared: _Declaration) -> tuple[_Type, ...]:
        """The types of an element or an attribute: its own, or that of the head of its substitution group."""
        for _ in range(_DEEPEST):
            node, schema = declared
            if name := node.get("type"):
                return self._types_named(self._qname(node, name, schema), node, schema)
            inline = node.find(f"{{{XS}}}complexType")
            inline = node.find(f"{{{XS}}}simpleType") if inline is None else inline
            if inline is not None:
                return (_Declaration(inline, schema),)
            head = node.get("substitutionGroup")
            if head is None:
                return ("",)
            declared = self._find("element", self._qname(node, head.split()[0], schema), node, schema)
        return ("",)

    def _types_named(
        self, name: tuple[str, str], node: etree._Element, schema: _SchemaText
    ) -> tuple[_Type, ...]:
        """A type, and those that may stand for it by `xsi:type`."""
        if name[0] == XS:
            return (_simple(name[1]),)
        if name[0] == _ENCODED:
            what = f"has the SOAP-encoded type '{name[1]}'"
            raise UnusableWsdl(
                schema.file, line_of(node), what, "ask the provider for a document/literal service"
            )
        found = {name: self._find("type", name, node, schema)}
        waiting = [name]
        while waiting:
            for one in self._derived.get(waiting.pop(), ()):
                key = (one.schema.space, one.node.get("name", "").strip())
                if key not in found:
                    found[key] = one
                    waiting.append(key)
                    self._count(1)
        return tuple(found.values())

    def _row(self, types: tuple[_Type, ...]) -> ContentRow:
        declared = [one for one in types if not isinstance(one, str)]
        for one in declared:
            if etree.QName(one.node).localname in {"element", "attribute"}:
                self._types_of(one)  # says what is missing
        complexes = [one for one in declared if _is(one.node, "complexType")]
        if not complexes:
            texts = {one or "text" if isinstance(one, str) else self._simple_text(one) for one in types}
            return _text_row(texts, self._words(declared[0]) if len(types) == len(declared) == 1 else ())
        models = [self._model(one) for one in complexes]
        if len(models) == 1 and models[0].text is not None and not models[0].attributes:
            return _text_row({models[0].text})
        own = [self._members_of(model) for model in models]
        children = _merged(own)
        names = _names(children, len(own[0]))
        rows = [
            (one.tag, names[one.tag], one.most > 1, one.least > 0, one.nillable, self._index(one.types))
            for one in children
        ]
        orders = [_order(model, names) for model in models]
        kinds = tuple(
            DerivedType(
                *_kind_name(one, is_first=not number), frozenset(names[m.tag] for m in members), order
            )
            for number, (one, members, order) in enumerate(zip(complexes, own, orders, strict=True))
            if len(complexes) > 1 and not _true(one.node, "abstract") and (not number or one.node.get("name"))
        )
        is_open = any(_has_any(one.node) for one in complexes)
        return ContentRow(rows, order=None if kinds else orders[0], kinds=kinds, is_open=is_open)

    def _members_of(self, model: _TypeModel) -> list[_ElementUse]:
        """Elements, text and attributes, each once, with how often it may stand there in all."""
        merged: dict[str, _ElementUse] = {}
        for one in _flat(model.particles):
            self._count(1)
            known = merged.get(one.tag)
            merged[one.tag] = one if known is None else known._replace(types=_joined(known.types, one.types))
        counted = _counts(_ModelGroup(False, 1, 1, tuple(model.particles)))
        members = [one._replace(least=counted[tag][0], most=counted[tag][1]) for tag, one in merged.items()]
        if model.text is not None:
            members.append(_ElementUse(TEXT, "", 0, 1, False, ("" if model.text == "text" else model.text,)))
        for tag, (prefix, required, types) in model.attributes.items():
            members.append(_ElementUse(tag, prefix, int(required), 1, False, types))
        return members

    def _count(self, more: int) -> None:
        self._members += more
        if self._members > _MOST_MEMBERS:
            raise UnusableWsdl("", 0, f"has more than {_MOST_MEMBERS} members of types", TOO_MUCH)

    def _simple_text(self, declared: _Declaration) -> str:
        """`list`, `text` or a kind of text of a simple type."""
        for _ in range(_DEEPEST):
            node, schema = declared
            if node.find(f"{{{XS}}}list") is not None:
                return "list"
            step = node.find(f"{{{XS}}}restriction")
            if step is None:
                return "text"
            if (inline := step.find(f"{{{XS}}}simpleType")) is not None:
                declared = _Declaration(inline, schema)
                continue
            name = self._qname(step, step.get("base", ""), schema)
            if name[0] == XS:
                return _simple(name[1]) or "text"
            found = self._declared.get(("type", *name))
            if found is None or not _is(found.node, "simpleType"):
                return "text"
            declared = found
        return "text"

    def _words(self, declared: _Declaration) -> tuple[str, ...]:
        """What a simple type lists (`enumeration`); blank where it lists nothing."""
        for _ in range(_DEEPEST):
            node, schema = declared
            step = node.find(f"{{{XS}}}restriction")
            if step is None:
                return ()
            listed = [one.get("value", "") for one in step.iterfind(f"{{{XS}}}enumeration")]
            if listed:
                return tuple(listed[:_MOST_WORDS])
            inline = step.find(f"{{{XS}}}simpleType")
            base = self._declared.get(("type", *self._qname(step, step.get("base", ""), schema)))
            if inline is not None:
                base = _Declaration(inline, schema)
            if base is None:
                return ()
            declared = base
        return ()

    def _model(self, declared: _Declaration, deep: int = 0) -> _TypeModel:
        key = (declared.node, declared.schema.space)
        known = self._models.get(key)
        if known is None:
            known = self._models[key] = self._read_model(declared, deep)
        return known

    def _read_model(self, declared: _Declaration, deep: int) -> _TypeModel:
        node, schema = declared
        if deep > _DEEPEST:
            what = f"is derived more than {_DEEPEST} times, or from itself"
            raise UnusableWsdl(schema.file, line_of(node), what, "mend its base")
        model = _TypeModel()
        inner = next(
            (one for one in node if etree.QName(one).localname in {"simpleContent", "complexContent"}), None
        )
        step = node if inner is None else next((one for one in inner if one.get("base")), None)
        if step is None:
            return model
        if inner is not None:
            self._take_base(model, step, schema, deep, is_simple=_is(inner, "simpleContent"))
        for child in step:
            self._take(model, child, schema)
        self._count(len(model.particles) + len(model.attributes))
        return model

    def _take_base(
        self, model: _TypeModel, step: etree._Element, schema: _SchemaText, deep: int, *, is_simple: bool
    ) -> None:
        """What a derived type has of the one that it is derived from."""
        name = self._qname(step, step.get("base", ""), schema)
        if name[0] == XS:
            model.text = (_simple(name[1]) or "text") if is_simple else None
            return
        if name[0] == _ENCODED:
            raise UnusableWsdl(
                schema.file,
                line_of(step),
                f"has the SOAP-encoded type '{name[1]}'",
                "ask the provider for a document/literal service",
            )
        base = self._find("type", name, step, schema)
        if _is(base.node, "simpleType"):
            model.text = self._simple_text(base)
            return
        above = self._model(base, deep + 1)
        model.attributes, model.text = dict(above.attributes), above.text
        if _is(step, "extension"):
            model.particles = list(above.particles)

    def _take(self, model: _TypeModel, child: etree._Element, schema: _SchemaText) -> None:
        """A child of a complex type, of its extension or of its restriction."""
        kind = etree.QName(child).localname
        if kind in {"sequence", "choice", "all", "group"}:
            if (particle := self._particle(child, schema, 0)) is not None:
                model.particles.append(particle)
        elif kind in {"attribute", "attributeGroup"}:
            self._attribute(model, child, schema, 0)

    def _particle(self, node: etree._Element, schema: _SchemaText, deep: int) -> _Particle | None:
        """The parts of a content; None for a part that is skipped."""
        least, most = _occurs(node, schema)
        kind = etree.QName(node).localname
        if most == 0 or kind not in {"element", "sequence", "choice", "all", "group"}:
            return None
        if kind == "element":
            return self._element(node, schema, least, most)
        if kind == "group":
            is_choice, items = self._named_group(node, schema, deep)
            return _ModelGroup(is_choice, least, most, items) if items else None
        items = tuple(one for child in node if (one := self._particle(child, schema, deep)) is not None)
        self._count(len(items) + 1)
        has_any = any(_is(child, "any") for child in node)
        if kind == "choice" and has_any:
            least = 0
        return _ModelGroup(kind == "choice", least, most, items) if items else None

    def _named_group(
        self, node: etree._Element, schema: _SchemaText, deep: int
    ) -> "tuple[bool, tuple[_Particle, ...]]":
        """Whether a named group is a choice, and its parts; each group is read once."""
        found = self._find("group", self._qname(node, node.get("ref", ""), schema), node, schema)
        key = (found.node, found.schema.space)
        known = self._groups.get(key)
        if known is None:
            if deep > _DEEPEST:
                what = f"has groups more than {_DEEPEST} deep, or within themselves"
                raise UnusableWsdl(schema.file, line_of(node), what, "mend the group")
            inner = [
                self._particle(child, found.schema, deep + 1) for child in found.node if _is_group(child)
            ]
            top = inner[0] if inner else None
            known = (top.is_choice, top.items) if isinstance(top, _ModelGroup) else (False, ())
            self._groups[key] = known
        return known

    def _element(self, node: etree._Element, schema: _SchemaText, least: int, most: int) -> _Particle | None:
        ref = node.get("ref")
        if ref is None:
            name = name_of(node, schema.file)
            space = schema.space if schema.is_qualified(node, "elementFormDefault") else ""
            types = self._lazily(_Declaration(node, schema))
            return _ElementUse(
                _tag(space, name), _prefix(node, space), least, most, _true(node, "nillable"), types
            )
        head = self._qname(node, ref, schema)
        if head[0] == XS:
            return None
        found = self._find("element", head, node, schema)
        names = self._standing_for(_tag(*head))
        items: list[_Particle] = []
        for tag, one in names.items():
            if not _true(one.node, "abstract"):
                prefix = _prefix(
                    node if one is found else one.node, tag[1:].partition("}")[0] if tag[0] == "{" else ""
                )
                items.append(_ElementUse(tag, prefix, 1, 1, _true(one.node, "nillable"), self._lazily(one)))
        if not items:
            return None
        if len(items) == 1:
            return items[0]._replace(least=least, most=most)
        return _ModelGroup(True, least, most, tuple(items))

    def _lazily(self, declared: _Declaration) -> tuple[_Type, ...]:
        """The types of an element; what is missing is a fault of its own content, not of the content around it."""
        try:
            return self._types_of(declared)
        except UnusableWsdl:
            return (declared,)

    def _standing_for(self, head: str) -> Mapping[str, _Declaration]:
        """The element and those of its substitution group, by their tags."""
        found: dict[str, _Declaration] = {}
        waiting = [head]
        while waiting:
            tag = waiting.pop(0)
            space, _, name = tag[1:].partition("}") if tag[0] == "{" else ("", "", tag)
            if tag not in found and (one := self._declared.get(("element", space, name))) is not None:
                found[tag] = one
                waiting += self._substitutes.get(tag, ())
                self._count(1)
        return found

    def _attribute(self, model: _TypeModel, node: etree._Element, schema: _SchemaText, deep: int) -> None:
        ref = node.get("ref")
        name = self._qname(node, ref, schema) if ref else ("", "")
        if _is(node, "attributeGroup"):
            found = self._find("attributeGroup", name, node, schema)
            for child in found.node:
                if deep < _DEEPEST and etree.QName(child).localname in {"attribute", "attributeGroup"}:
                    self._attribute(model, child, found.schema, deep + 1)
            return
        self._count(1)
        declared = _Declaration(node, schema)
        if ref:
            declared = self._declared.get(("attribute", *name), declared)
        else:
            name = (
                schema.space if schema.is_qualified(node, "attributeFormDefault") else "",
                name_of(node, schema.file),
            )
        tag = f"@{_tag(*name)}"
        if node.get("use") == "prohibited":
            model.attributes.pop(tag, None)
            return
        types = ("",) if declared.node is node and ref else self._lazily(declared)
        model.attributes[tag] = _prefix(node, name[0]), node.get("use") == "required", types


def _kind_name(declared: _Declaration, *, is_first: bool) -> tuple[str, str]:
    """Namespace and name of a type that must be said; the declared one need not be."""
    return ("", "") if is_first else (declared.schema.space, declared.node.get("name", "").strip())


def _tag(space: str, name: str) -> str:
    return f"{{{space}}}{name}" if space else name


def _simple(name: str) -> str:
    """`list`, a kind of text, or blank: any text."""
    return "list" if name in _LISTS else _TEXT_KINDS.get(name, "")


def _text_row(kinds: set[str], words: tuple[str, ...] = ()) -> ContentRow:
    """A text of these kinds, and of these words where there are any."""
    kind = next(iter(kinds)) if len(kinds) == 1 else ""
    kind = "" if kind in {"list", "text"} else kind
    return ContentRow(None, is_list="list" in kinds, kind=kind, words=words)


def _true(node: etree._Element, word: str) -> bool:
    return node.get(word, "").strip() in {"true", "1"}


def _is(node: etree._Element, name: str) -> bool:
    return etree.QName(node).localname == name


def _has_any(node: etree._Element) -> bool:
    """Whether elements that no schema describes may be in a type, its own groups included."""
    return any(_is(one, "any") or (not _is(one, "element") and _has_any(one)) for one in node)


def _is_group(node: etree._Element) -> bool:
    return etree.QName(node).localname in {"sequence", "choice", "all"}


def _prefix(node: etree._Element, space: str) -> str:
    """The prefix by which a schema calls a namespace at a place."""
    return min((one for one, known in node.nsmap.items() if one and known == space), default="")


def _occurs(node: etree._Element, schema: _SchemaText) -> tuple[int, int]:
    least, most = (node.get(word, "1").strip() for word in ("minOccurs", "maxOccurs"))
    try:
        return min(int(least), UNBOUNDED), UNBOUNDED if most == "unbounded" else min(int(most), UNBOUNDED)
    except ValueError:
        what = "has a minOccurs or maxOccurs that is no number"
        raise UnusableWsdl(
            schema.file, line_of(node), what, "write a number, or 'unbounded' for maxOccurs"
        ) from None


def _flat(particles: "list[_Particle] | tuple[_Particle, ...]") -> Iterator[_ElementUse]:
    for one in particles:
        if isinstance(one, _ElementUse):
            yield one
        else:
            yield from _flat(one.items)


def _counts(particle: _Particle) -> dict[str, tuple[int, int]]:
    """How often each element must and may stand there, in all."""
    if isinstance(particle, _ElementUse):
        return {particle.tag: (particle.least, particle.most)}
    pairs: dict[str, list[tuple[int, int]]] = {}
    for one in particle.items:
        for tag, pair in _counts(one).items():
            pairs.setdefault(tag, []).append(pair)
    found: dict[str, tuple[int, int]] = {}
    for tag, of_tag in pairs.items():
        leasts, mosts = zip(*of_tag, strict=True)
        if particle.is_choice:
            least, most = min(leasts) if len(of_tag) == len(particle.items) else 0, max(mosts)
        else:
            least, most = sum(leasts), sum(mosts)
        found[tag] = min(least * particle.least, UNBOUNDED), min(most * particle.most, UNBOUNDED)
    return found


def _joined(one: tuple[_Type, ...], other: tuple[_Type, ...]) -> tuple[_Type, ...]:
    return tuple(dict.fromkeys((*one, *other)))


def _merged(own: list[list[_ElementUse]]) -> list[_ElementUse]:
    """The members of a type and of those that may stand for it; only its own must be there."""
    found = {one.tag: one for one in own[0]}
    for members in own[1:]:
        for one in members:
            known = found.get(one.tag)
            if known is None:
                found[one.tag] = one._replace(least=0)
            else:
                most = max(known.most, one.most)
                found[one.tag] = known._replace(most=most, types=_joined(known.types, one.types))
    return list(found.values())


def _names(members: list[_ElementUse], own: int) -> dict[str, str]:
    """The names in paths, by tag. The first `own` members are the type's own: they keep their names before others."""
    alike: dict[str, list[int]] = {}
    for number, one in enumerate(members):
        mark = "@" if one.tag[0] == "@" else ""
        name = mark + one.tag.rpartition("}")[2].lstrip("@").replace(".", "_")
        alike.setdefault(name, []).append(number)
    names: dict[str, str] = {}
    for name, numbers in alike.items():
        first_keeps = len(numbers) == 1 or (numbers[0] < own <= numbers[1])
        if first_keeps:
            names[members[numbers[0]].tag] = name
        others = numbers[first_keeps:]
        prefixes = Counter(members[number].prefix for number in others)
        for place, number in enumerate(others, 1 + first_keeps):
            prefix = members[number].prefix
            mark = prefix if prefix and prefixes[prefix] == 1 and "." not in prefix else str(place)
            names[members[number].tag] = f"@{{{mark}}}{name[1:]}" if name[0] == "@" else f"{{{mark}}}{name}"
    return names


def _order(model: _TypeModel, names: Mapping[str, str]) -> Run | None:
    """How the elements stand, where that is more than one after another."""
    top = _ModelGroup(False, 1, 1, tuple(model.particles))
    tags = Counter(one.tag for one in _flat(top.items))
    if max(tags.values(), default=0) <= 1 and not _has_turns(top):
        return None
    run = _placed(top, names)
    assert isinstance(run, Run)
    return run


def _has_turns(particle: _Particle) -> bool:
    """Whether there is a choice, or a sequence of several elements that is repeated or left out as a whole."""
    if isinstance(particle, _ElementUse):
        return False
    several = len(particle.items) > 1
    if several and (particle.is_choice or particle.most > 1):
        return True
    return any(map(_has_turns, particle.items))


def _placed(particle: _Particle, names: Mapping[str, str]) -> Slot | Run:
    if isinstance(particle, _ElementUse):
        return Slot(names[particle.tag], particle.least, particle.most)
    items = tuple(_placed(one, names) for one in particle.items)
    return Run(particle.is_choice, particle.least, particle.most, items)
