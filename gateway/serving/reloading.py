"""Reloads a changed configuration while requests are answered: the whole of it, or nothing (promise F33).

At SIGHUP, and when files change if `reload.every_seconds` is set. After a faulty configuration the previous one stays
in force, and the faults are reported by file and line.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gateway.api.context import Services
from gateway.audit.in_force import announce
from gateway.composition.composition import Composition, changed_files, compose
from gateway.composition.document_key import open_document_key
from gateway.config.configuration import Configuration
from gateway.config.values import Settings
from gateway.documents.keys import CURRENT_FILE
from gateway.domain.errors import ConfigError, Problem
from gateway.serving.listeners import Gateway
from gateway.telemetry import log

_FOLDERS = ("mappings", "schemas")
#: pause after a change: other files may still be written
_SETTLE_SECONDS = 0.3
#: how often files are read again if they change during reading
_READINGS = 5
#: words of gateway.yaml that a reload applies; others need a restart
_LIVE = ("policy", "reload", "documents")
#: words whose files are read once per process
_LIVES_WITH_THE_PROCESS = ("log",)
_LIVE_PREFILL = (("prefill", "deadline_ms"), ("prefill", "pending_seconds"))

_Look = dict[str, tuple[int, int]]


class Reloader:
    """Reloads one gateway, one configuration after the other."""

    def __init__(self, gateway: Gateway, configured: Callable[[], Configuration]) -> None:
        """`configured` reads the configuration; it may block. Raises ConfigError."""
        self._gateway = gateway
        self._configured = configured

    async def run(self) -> None:
        """Until cancelled."""
        asked = self._gateway.asked
        seen = await asyncio.to_thread(self._look)
        while True:
            every = self._gateway.parts.configuration.gateway.reload.every_seconds
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(every or None):
                    await asked.wait()
            was_asked = asked.is_set()
            asked.clear()
            found = await asyncio.to_thread(self._look)
            if not was_asked and (found == seen or not await self._is_settled(found)):
                continue
            seen = found
            await self.reload()

    async def reload(self) -> bool:
        """Reload; whether the configuration of the files is now in force."""
        try:
            return await self._take_up()
        except ConfigError as error:
            self._refuse(error.problems)
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with the new one, the old one goes on
            log().error("configuration.failed", error=error)
            self._refuse([Problem(str(self._gateway.parts.configuration.root.name), 0, type(error).__name__)])
        return False

    async def _take_up(self) -> bool:
        gateway, before = self._gateway, self._gateway.parts
        parts = await asyncio.to_thread(self._composed)
        if problems := list(_needing_restart(before, parts)):
            raise ConfigError(problems)
        files = changed_files(before, parts)
        unchanged = parts.in_force.digest == before.in_force.digest and not files
        if unchanged and not await asyncio.to_thread(self._is_rotated, parts):
            log().info("configuration.unchanged")
            self._told(())
            return True
        app = await gateway.opened(parts)
        try:
            await announce(app.shared.recorder, parts.in_force, "reload", before.in_force)
        except BaseException:
            await app.close()
            raise
        gateway.adopt(parts, app)
        self._told(())
        changed = [name for name, one in parts.in_force.parts.items() if before.in_force.parts[name] != one]
        changed_names = " ".join([*changed, *(["files"] if files else [])])
        log().info("configuration.reloaded", configuration=changed_names, count=len(files))
        return True

    def _composed(self) -> Composition:
        """The new composition; in a thread. Reads again if files change meanwhile."""
        before = self._gateway.parts
        for _ in range(_READINGS):
            look = self._look()
            parts = compose(self._configured(), before.root, before.state, before)
            if self._look() == look:
                break
        return replace(parts, metrics=before.metrics)

    def _look(self) -> _Look:
        """Every relevant file with its size and time of change."""
        parts = self._gateway.parts
        folders = [parts.configuration.root, *(parts.root / name for name in _FOLDERS)]
        paths = [path for folder in folders for path in sorted(folder.rglob("*"))]
        named = [*(file.path for file in parts.files), parts.state / CURRENT_FILE]
        return dict(_stamped([*paths, *named]))

    async def _is_settled(self, found: _Look) -> bool:
        await asyncio.sleep(_SETTLE_SECONDS)
        return found == await asyncio.to_thread(self._look)

    def _refuse(self, problems: Sequence[Problem]) -> None:
        places = tuple(f"{one.file}:{one.line}" if one.line else one.file for one in problems)
        for place in places:
            log().error("configuration.refused", where=place, count=len(places))
        self._told(places)

    def _is_rotated(self, parts: Composition) -> bool:
        """Whether the state folder has another document key (a key held elsewhere changes by its setting)."""
        settings, known = parts.configuration.gateway.documents, self._services().document_key
        if settings.signing_key is not None or known is None:
            return False
        kept = open_document_key(settings, parts.configuration.root, parts.state)
        return list(kept.jwks()) != list(known.jwks())

    def _services(self) -> Services:
        app = self._gateway.app
        assert app is not None
        return app.services

    def _told(self, places: tuple[str, ...]) -> None:
        if (loaded := self._services().loaded) is not None:
            loaded.refused = places
        self._gateway.parts.metrics.gauges({"configuration_problems": float(len(places))})


def _stamped(paths: Iterable[Path]) -> Iterator[tuple[str, tuple[int, int]]]:
    for path in paths:
        with contextlib.suppress(OSError):
            found = path.stat()
            if path.is_file():
                yield str(path), (found.st_size, found.st_mtime_ns)


def _needing_restart(before: Composition, after: Composition) -> Iterator[Problem]:
    """Changed words of gateway.yaml (or their files) that need a restart: listeners, stores, keys of the log."""
    document = after.configuration.documents["gateway.yaml"]
    for place in _changed(before.configuration.gateway, after.configuration.gateway):
        if place[0] not in _LIVE and place[:2] not in _LIVE_PREFILL:
            what = f"'{'.'.join(place)}' changed, and is only taken up by a restart"
            yield document.problem(place, what, "restart the gateway, or write it as it was")
    for file in sorted(changed_files(before, after), key=str):
        if file.document == "gateway.yaml" and file.place[0] in _LIVES_WITH_THE_PROCESS:
            what = (
                f"the file of '{'.'.join(map(str, file.place))}' changed, and is only taken up by a restart"
            )
            yield document.problem(file.place, what, "restart the gateway, or put the file back")


def _changed(before: object, after: object, place: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of differing settings."""
    if isinstance(before, Settings) and isinstance(after, Settings):
        for name in type(after).model_fields:
            yield from _changed(getattr(before, name), getattr(after, name), (*place, name))
    elif before != after:
        yield place
