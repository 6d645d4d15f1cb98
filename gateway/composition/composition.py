"""The parts of one process, before anything is opened: a configuration with matching mappings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gateway.anchors.faults import anchor_faults
from gateway.audit.in_force import InForce, in_force
from gateway.checks.crosscheck import crosscheck
from gateway.config.configuration import Configuration
from gateway.config.named_files import NamedFile, named_files
from gateway.config.strict_yaml import read
from gateway.domain.errors import Problem
from gateway.domain.faults import Faults
from gateway.mapping.load import Catalogue, load_catalogue
from gateway.telemetry import Metrics


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The parts of one process, before anything is opened."""

    configuration: Configuration
    catalogue: Catalogue
    #: project data: holds `schemas/`, `mappings/`
    root: Path
    #: folder for durable files (SQLite, keys)
    state: Path
    metrics: Metrics
    in_force: InForce
    #: files named in the configuration -> SHA-256 of their content before use
    files: Mapping[NamedFile, str] = field(default_factory=dict)


def compose(
    configuration: Configuration, root: Path, state: Path, before: Composition | None = None
) -> Composition:
    """Read the mappings, unless unchanged since `before`. Raises ConfigError with all faults."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = named_files(configuration, root)
    now_in_force = in_force(configuration, root)
    catalogue = (
        load_catalogue(root) if before is None or _is_remapped(now_in_force, before) else before.catalogue
    )
    faults = Faults()
    crosscheck(configuration, catalogue, faults)
    faults.add(anchor_faults(configuration, root))
    faults.finish()
    return Composition(
        configuration=configuration, catalogue=catalogue, root=root, state=state, metrics=Metrics(),
        in_force=now_in_force, files=files,
    )  # fmt: skip


def same_sources(parts: Composition, former: Composition) -> set[str]:
    """Sources with unchanged settings, files and mappings: they keep their connections."""
    if _is_remapped(parts.in_force, former):
        return set()
    before = former.configuration.sources
    touched = {file.document for file in changed_files(former, parts)}
    return {
        name
        for name, one in parts.configuration.sources.items()
        if before.get(name) == one and f"sources/{name}.yaml" not in touched
    }


def changed_files(before: Composition, after: Composition) -> set[NamedFile]:
    """Files that are named in only one of them, or whose content changed."""
    return {file for file, _ in before.files.items() ^ after.files.items()}


def _is_remapped(now_in_force: InForce, before: Composition) -> bool:
    """Whether mappings or schemas changed."""
    theirs = before.in_force.parts
    return any(now_in_force.parts[folder] != theirs[folder] for folder in ("mappings", "schemas"))


def with_line(problem: Problem, parts: Composition) -> Problem:
    """A fault that an adapter found, at its line: adapters know places of their settings and mappings, and no lines."""
    folder, _, name = problem.file.partition("/")
    document = parts.configuration.documents.get(name)
    if folder == "mappings" and problem.place:
        document = read(parts.root / problem.file, parts.root)
    return document.located(problem) if document is not None and problem.place else problem
