"""The configuration that a scaffold is made for, and how its files come into it: all of them, or none.

Nothing is ever replaced. Files that would not pass `check-config` are not written.
"""

import json
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gateway.checks.crosscheck import crosscheck
from gateway.checks.examples import example_faults
from gateway.checks.service_examples import query_of, service_example_faults
from gateway.config.configuration import Configuration, survey
from gateway.config.strict_yaml import read
from gateway.domain.errors import Problem
from gateway.domain.faults import Faults
from gateway.exchange_log.durable import DRAFT, SHARED, sync_folder
from gateway.mapping.load import Catalogue, survey_catalogue
from gateway.mapping.model import ServiceMapping
from gateway.mapping.schema_files import survey_schemas
from gateway.mapping.source import ServicePlan
from gateway.scaffold.leaves import NotScaffolded

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*", re.ASCII)
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off"})
_LONGEST_COMMENT = 400
DraftFiles = Mapping[Path, bytes]
#: words of a draft agreement that a person must write
LEGAL_BASIS = (
    'legal_basis: "bản nháp / draft: write the law and its article"',
    'document: "chưa có / none yet"',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scaffold:
    """What is to be written, what the person must know, and what is next. Texts are Vietnamese / English."""

    files: DraftFiles
    remarks: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


class House:
    """A folder `config/` with its mappings and schemas."""

    def __init__(self, config: Path, root: Path) -> None:
        """Reads all that can be read. Raises ConfigError when `config` is no configuration."""
        self.config, self.root = config, root
        self.configuration: Configuration = survey(config, {}, Faults())
        self.catalogue: Catalogue = survey_catalogue(root, Faults())
        schemas = survey_schemas(root / "schemas" / "evidence", root, Faults())
        self.evidence = {name: dict(file.properties) for name, file in schemas.items()}

    def is_provider(self, source: str) -> bool:
        """Whether a source asks somebody: claims and own data do not."""
        return source in self.configuration.sources and bool(self.configuration.sources[source].url)

    def answered(
        self, source: str, operation: str, service: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, object]]:
        """Outcome and evidence of a new data service's first example."""
        mapping = ServiceMapping.model_validate(service)
        plan = ServicePlan(source, operation, mapping, self.catalogue.codes)
        answer = plan.read(mapping.examples[0].answer, query_of(plan, mapping.examples[0]))
        return str(answer.outcome), answer.values

    def faults(self, files: DraftFiles) -> list[Problem]:
        """What `check-config` would say of these files, tried in a copy made of links."""
        places = {"config": self.config, "mappings": self.root / "mappings", "schemas": self.root / "schemas"}
        with tempfile.TemporaryDirectory(prefix="motlan-new-") as folder:
            copy = Path(folder)
            for room, place in places.items():
                shutil.copytree(place, copy / room, copy_function=os.symlink)
            ours = set()
            for path, content in files.items():
                room = next(name for name, place in places.items() if path.is_relative_to(place))
                below = Path(room) / path.relative_to(places[room])
                ours.add(str(below))
                (copy / below).parent.mkdir(parents=True, exist_ok=True)
                (copy / below).unlink(missing_ok=True)
                (copy / below).write_bytes(content)
            return [one for one in _said_of(copy) if one.file in ours]


def _said_of(root: Path) -> list[Problem]:
    faults = Faults()
    configuration, catalogue = survey(root / "config", {}, faults), survey_catalogue(root, faults)
    crosscheck(configuration, catalogue, faults)
    if not faults.found():
        for source, plans in catalogue.services.items():
            document = read(root / f"mappings/sources/{source}.yaml", root)
            faults.add(
                document.problem(*one)
                for plan in plans.values()
                for one in service_example_faults(plan, catalogue.identifiers)
            )
        for code, procedure in catalogue.procedures.items():
            document = read(root / f"mappings/procedures/{code}.yaml", root)
            faults.add(
                document.problem(*one)
                for one in example_faults(procedure, catalogue.offers, catalogue.identifiers)
            )
    return faults.found()


def write_all(files: DraftFiles) -> None:
    """Create the files, all or none. Raises NotScaffolded when one is there, OSError when a folder refuses.

    The last one is linked last: what a killed run left before it is taken away by the next run.
    """
    *_, last = files
    for path in files if not os.path.lexists(last) else ():
        _clear_left(path)
    if there := [str(path) for path in files if os.path.lexists(path)]:
        raise NotScaffolded(f"{', '.join(there)}: there already", "choose another name, or move it away")
    new_folders = {folder for path in files for folder in path.parents if not folder.exists()}
    drafts = {path: path.with_name(f".{path.name}.{os.urandom(8).hex()}{DRAFT}") for path in files}
    linked: list[Path] = []
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            _write_draft(drafts[path], content)
        _link_all(drafts, linked)
    except FileExistsError as error:
        raise NotScaffolded(
            f"{error.filename2 or error.filename}: there already", "choose another name"
        ) from None
    finally:
        is_whole = len(linked) == len(files)
        _take_away(
            drafts.values() if is_whole else (*drafts.values(), *linked), () if is_whole else new_folders
        )
    for folder in {path.parent for path in files}:
        sync_folder(folder)


def _write_draft(draft: Path, content: bytes) -> None:
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, SHARED), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _link_all(drafts: Mapping[Path, Path], linked: list[Path]) -> None:
    """Without being stopped in between, unless by SIGKILL."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        for path, draft in drafts.items():
            os.link(draft, path)  # never replaces, unlike a rename
            linked.append(path)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take_away(files: Iterable[Path], folders: Iterable[Path]) -> None:
    for path in files:
        with suppress(OSError):  # its folder was never made
            path.unlink(missing_ok=True)
    for folder in sorted(folders, key=lambda one: len(one.parts), reverse=True):
        with suppress(OSError):  # another run uses it
            folder.rmdir()


def _clear_left(path: Path) -> None:
    """Take away what a killed run left: its draft, and the file if that is still the draft's own."""
    for draft in path.parent.glob(f".{path.name}.*{DRAFT}"):
        if path.exists() and draft.samefile(path):
            path.unlink()
        draft.unlink()


def on_one_line(text: str) -> str:
    """For a comment."""
    return "".join(one if one.isprintable() else "?" for one in text)[:_LONGEST_COMMENT]


def quoted(text: str) -> str:
    """A text as strict YAML reads it again."""
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return json.dumps(text, ensure_ascii=not text.isprintable())


def flow(value: object) -> str:
    """Plain data on one line of YAML."""
    match value:
        case dict():
            return "{" + ", ".join(f"{quoted(str(name))}: {flow(one)}" for name, one in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(flow, value)) + "]"
        case None:
            return "null"
        case bool():
            return f'"{str(value).lower()}"'
        case _:
            return quoted(str(value))
