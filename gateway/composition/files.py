"""Opens files of dossiers, and drops interrupted uploads. Part of the composition root."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from gateway import registry
from gateway.composition.composition import Composition
from gateway.composition.log_keys import derived
from gateway.domain.errors import ConfigError, FilesUnavailable, GatewayError, Problem
from gateway.exchange_log.keys import RootKeys
from gateway.exchange_log.recorder import Recorder
from gateway.files.links import LABEL, FileLinks
from gateway.files.service import DossierFiles, Referred
from gateway.ports.files import Files
from gateway.telemetry import log

#: another process may have died since the start of this one
_CLEAN_SECONDS = 3_600.0
#: the first look for files that nothing refers to; a process that is started anew each night looks too
_FIRST_SWEEP_SECONDS = 3_600.0


@contextlib.asynccontextmanager
async def opened_files(
    parts: Composition, roots: RootKeys, recorder: Recorder
) -> AsyncIterator[DossierFiles]:
    """The use cases. Raises ConfigError if the folder cannot be used."""
    settings = parts.configuration.gateway.files
    folder = parts.state / (settings.folder or "files")
    try:
        files = await asyncio.to_thread(registry.open_files, folder)
        await _clean(files)
    except FilesUnavailable as error:
        what, remedy = f"the folder {folder} cannot be used: {error.detail}", "let this account write there"
        raise ConfigError([Problem("files.folder", 0, what, remedy)]) from None
    scanner = registry.open_scanner(settings.scanner) if settings.scanner is not None else None
    links = FileLinks(await derived(roots, LABEL))
    task = asyncio.create_task(_cleaning(files), name="interrupted_files")
    try:
        yield DossierFiles(files=files, scanner=scanner, links=links, settings=settings, recorder=recorder)
    finally:
        task.cancel()
        await asyncio.wait((task,))
        await files.close()


@contextlib.asynccontextmanager
async def sweeping_files(files: DossierFiles, referred: Referred, kept: Referred) -> AsyncIterator[None]:
    """A task that deletes files to which nothing refers, every `files.sweep_seconds`.

    `referred` (dossiers) and `kept` (kept papers) raise GatewayError if they cannot say: nothing is deleted then.
    """
    task = asyncio.create_task(_sweeping(files, referred, kept), name="unreferred_files")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait((task,))


async def _cleaning(files: Files) -> None:
    while True:
        await asyncio.sleep(_CLEAN_SECONDS)
        with contextlib.suppress(FilesUnavailable):
            await _clean(files)


async def _clean(files: Files) -> None:
    if count := await files.drop_interrupted():
        log().info("files.interrupted_dropped", count=count)


async def _sweeping(files: DossierFiles, referred: Referred, kept: Referred) -> None:
    seconds = min(_FIRST_SWEEP_SECONDS, files.settings.sweep_seconds)
    while True:
        await asyncio.sleep(seconds)
        try:
            await files.sweep(referred, kept)
        except GatewayError as error:
            log().error("files.not_swept", error=error)
        seconds = files.settings.sweep_seconds
