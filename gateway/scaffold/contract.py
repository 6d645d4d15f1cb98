"""What a provider's own description says: request, answer, address, sign-in. From a WSDL or one sample answer."""

import csv
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gateway import registry
from gateway.config.gateway import is_http
from gateway.domain.errors import ConfigError
from gateway.domain.faults import near
from gateway.scaffold.leaves import Leaf, NotScaffolded, Walk, read_sample

#: largest description, with all that it imports; largest sample
MOST_BYTES, MOST_SAMPLE_BYTES = 20_000_000, 5_000_000
_MOST_FILES, _ROWS_READ = 200, 100
#: where nothing says where the provider is
NOWHERE = "https://provider.example"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}", re.ASCII)
_ENDINGS = frozenset({".wsdl", ".xsd", ".xml"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One operation of a provider."""

    adapter: str
    operation: str
    answer: list[Leaf]
    #: lists of the answer that hold several items, so that none of them is the record
    several: frozenset[tuple[str, ...]] = frozenset()
    request: list[Leaf] = field(default_factory=list)
    #: False: a sample says nothing of it
    is_request_known: bool = True
    url: str = NOWHERE
    #: where it offers the operation as well
    other_urls: tuple[str, ...] = ()
    #: words of the service in config/sources
    service: Mapping[str, str] = field(default_factory=dict)
    auth: Mapping[str, Any] = field(default_factory=lambda: {"kind": "none"})
    options: Mapping[str, str] = field(default_factory=dict)
    #: files of the contract itself: path below the data root -> content
    copies: Mapping[str, bytes] = field(default_factory=dict)
    #: what the person who connects the source must know
    remarks: tuple[str, ...] = ()


def read_bounded(path: Path, most: int, what: str) -> bytes:
    """The file; NotScaffolded where it is larger, looked at before it is read."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        raw = b"" if size > most else file.read(most + 1)
    if size > most or len(raw) > most:
        raise NotScaffolded(
            f"{what} is larger than {most // 1_000_000} MB", "give the part that is about one operation"
        )
    return raw


def of_sample(path: Path, url: str) -> Contract:
    """A REST source by one answer, at an address that may be blank; how it is asked is a guess."""
    walk = read_sample(read_bounded(path, MOST_SAMPLE_BYTES, "the sample"))
    remarks = ["a sample does not say how the source is asked: see 'path', 'method', 'auth' and 'request'"]
    lists = (".".join(one).removesuffix("[0]") for one in sorted(walk.several))
    remarks += [
        f"'{one}' is a list of several: where it comes in pages, write 'pages' at the service"
        for one in lists
    ]
    if walk.rows > 1:
        remarks.append(
            f"the sample has {walk.rows} rows, which may be {walk.rows} people: an answer of several is refused, unless"
            " 'tells_apart' says which is meant"
        )
    where = urlsplit(url)
    service = {"path": where.path or "/", "method": "POST", "body": "json"}
    return Contract(
        adapter="adapters.sources.rest",
        operation="lookup",
        answer=walk.leaves,
        several=frozenset(walk.several),
        is_request_known=False,
        url=f"{where.scheme}://{where.netloc}" if url else NOWHERE,
        service=service,
        remarks=tuple(remarks),
    )


def of_csv(path: Path, source: str) -> Contract:
    """A register that is dropped as a CSV (RFC 4180), by its first rows, which may be few."""
    raw = read_bounded(path, MOST_SAMPLE_BYTES, "the sample")
    try:
        text = io.StringIO(raw.decode("utf-8-sig"), newline="")
        rows = [*islice(csv.DictReader(text, strict=True), _ROWS_READ)]
    except (ValueError, csv.Error):
        raise NotScaffolded("the sample is no CSV in UTF-8", "save the header and a few rows of it") from None
    if not rows or any(None in row or None in row.values() for row in rows):
        raise NotScaffolded(
            "the sample has no row, or one of another length", "give the header and a few rows"
        )
    walk = Walk()
    walk.records([*rows])
    name = path.name if _NAME.fullmatch(path.name) else f"{source}.csv"
    return Contract(
        adapter="adapters.sources.folder_csv",
        operation="lookup",
        answer=walk.leaves,
        is_request_known=False,
        url="",
        service={"path": name},
        options={"folder": f"/srv/drops/{source}"},
        remarks=(
            f"a file '{name}' with its marker '{name}.ok' is expected in /srv/drops/{source} each night, sorted by the"
            " column that 'request' names: see adapters/README.md and 'options'",
        ),
    )


def of_wsdl(path: Path, operation: str, source: str) -> Contract:
    """An operation of a SOAP service. Raises NotScaffolded where the WSDL cannot be used."""
    path = path.resolve()
    read_bounded(path, MOST_BYTES, "the WSDL")
    load: Callable[..., Any] = registry.resolve("adapters.transport.wsdl", "load")
    try:
        return _of_operations(load(path, within=path.parent.parent), path.parent, operation, source)
    except ConfigError as error:  # of a file that is not in the configuration
        (one, *_) = error.problems
        where = f"{one.file}:{one.line}" if one.line else one.file
        raise NotScaffolded(
            f"{where}: {one.what}", one.remedy or "ask the provider for another one"
        ) from None


def _of_operations(operations: Any, folder: Path, operation: str, source: str) -> Contract:  # noqa: ANN401 -- of adapters
    copies = _copies([folder / one for one in operations.files], source)
    if operation not in operations or not _NAME.fullmatch(operation):
        known = sorted(operations)
        what = (
            f"the WSDL has no operation '{operation}' that can be named"
            if operation
            else "say which --operation"
        )
        raise NotScaffolded(what, near(operation, known, f"it has {', '.join(known)}"))
    found, sides = operations[operation], (Walk(), Walk())
    for walk, shape in zip(sides, (found.request, found.answer), strict=True):
        if (fault := shape.content.fault) is not None:
            raise ConfigError([fault])
        walk.element(shape)
    if found.header is not None:
        sides[0].element(found.header, (found.header.name,))
    addresses = [one for one in operations.addresses(operation) if is_http(one)]
    return Contract(
        adapter="adapters.sources.soap",
        operation=operation,
        request=sides[0].leaves,
        answer=sides[1].leaves,
        url=addresses[0] if addresses else NOWHERE,
        options={"wsdl": next(iter(copies))},
        copies=copies,
        other_urls=tuple(addresses[1:]),
    )


def _copies(paths: list[Path], source: str) -> dict[str, bytes]:
    """The WSDL and the files that it was read from, the WSDL first: place below the data root -> content."""
    found = dict.fromkeys(path.resolve() for path in paths)
    if len(found) > _MOST_FILES:
        raise NotScaffolded(f"the WSDL imports more than {_MOST_FILES} files", "give a smaller one")
    for path in found:
        if path.suffix.lower() not in _ENDINGS:
            raise NotScaffolded(f"the WSDL imports '{path.name}'", "name it .xsd or .wsdl, there too")
    base = Path(os.path.commonpath([path.parent for path in found]))
    return {
        f"schemas/sources/{source}/{path.relative_to(base)}": read_bounded(path, MOST_BYTES, "the WSDL")
        for path in found
    }
