"""The log of a configuration, opened for one operator command and closed after it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from gateway import registry
from gateway.composition.log_keys import root_keys, signing_keys
from gateway.config.gateway import LogSettings
from gateway.exchange_log.key_files import ROOT_FILE, SIGNING_FILE
from gateway.exchange_log.keys import RootKeys
from gateway.exchange_log.note import NoteSigner
from gateway.exchange_log.recorder import Recorder
from gateway.keeping.acts import Hot
from gateway.ports.access import RevocationRows
from gateway.ports.cache import Cache
from gateway.ports.exchange_log import (
    ExchangeLog,
    HighWaterMark,
    LogHistory,
    LogKeeping,
    LogQuarantine,
    LogRetention,
    PeriodVault,
)
from gateway.ports.stores import AdminStores, LogRecords, PrunedLog, Stores
from gateway.telemetry import Metrics

_Found = TypeVar("_Found")


class Keeper:
    """One log; its parts are opened at first use and closed by `close`."""

    def __init__(self, settings: LogSettings, state: Path, *, hot_overridden: bool = False) -> None:
        """`hot_overridden`: the hot period is not that of the configuration's files."""
        self.hot = Hot(settings.retention.hot_months, hot_overridden)
        self.settings = settings
        self.state = state
        self._open: dict[str, Any] = {}

    @property
    def admin_url(self) -> str:
        """The administrator's URL of the store; by default the gateway's."""
        return self.settings.admin_url or self.settings.url

    @property
    def archive_folder(self) -> Path:
        """The folder of archives."""
        return self.settings.retention.archive_folder or self.state / "archives"

    def now(self) -> datetime:
        """The time of this machine, aware."""
        return datetime.now(UTC)

    async def missing(self) -> str:
        """The missing part of a log, in words; empty if it is complete. Creates nothing.

        Raises LogUnavailable.
        """
        url, settings = self.settings.url, self.settings
        missing: str = await registry.store(url, "log_missing")(url, self.state)
        kept = {ROOT_FILE: settings.root_key, SIGNING_FILE: settings.signing_key}
        lacking = [name for name, given in kept.items() if given is None and not (self.state / name).exists()]
        if missing or not lacking:
            return missing
        return f"there are no keys of the log in {self.state}: {', '.join(lacking)}"

    def roots(self) -> RootKeys:
        """The root keys; missing ones are made in the state folder."""
        return root_keys(self.settings, self.state)

    def signers(self) -> list[NoteSigner]:
        """The signers: the current key, then the former one."""
        open_signers = registry.store(self.settings.url, "open_signers")
        found: list[NoteSigner] = open_signers(self.state, self.settings.origin, signing_keys(self.settings))
        return found

    def rotate_signing_key(self) -> None:
        """Make a new signing key in the state folder; the current one becomes the former one."""
        registry.store(self.settings.url, "rotate_signing_key")(self.state)

    def log(self, *, rolled_back: bool = False) -> ExchangeLog:
        """The log for writing; opens and migrates the store: call it first. Blocks for a moment.

        A database that went back refuses records (LogRolledBack), unless `rolled_back`.
        """
        url, origin = self.settings.url, self.settings.origin
        open_log = registry.store(url, "open_log")

        def opened() -> ExchangeLog:
            # Opened first: keys are made where a log is.
            roots, high_water = self.roots(), None if rolled_back else self.high_water()
            log: ExchangeLog = open_log(url, self.state, origin, roots, high_water)
            return log

        found: ExchangeLog = self._opened("log", opened)
        return found

    def high_water(self, shared: Cache | None = None) -> HighWaterMark:
        """The high-water mark of the state folder and of a shared cache."""
        found: HighWaterMark = registry.store(self.settings.url, "open_high_water")(
            self.state, self.settings.origin, signing_keys(self.settings), shared
        )
        return found

    def recorder(self) -> Recorder:
        """The recorder of commands, without a configuration digest; opens the log (see `log`)."""
        metrics = Metrics()  # shown nowhere: a command ends before anybody asks for them
        return Recorder(log=self.log(), clock=self, digest="", metrics=metrics)

    def reader(self) -> LogRecords:
        """The records and the tree."""
        return self._stores().reader

    def history(self) -> LogHistory:
        """The log's past."""
        return self._stores().history

    async def vkeys(self) -> list[str]:
        """The current public keys, then all former ones."""
        own = [one.vkey for one in self.signers()]
        return list(dict.fromkeys((*own, *(await self.history().history()).vkeys)))

    def revocations(self) -> RevocationRows:
        """The revocations of the running gateways."""
        return self._stores().revocations

    def keeping(self) -> LogKeeping:
        """The wrapped keys, with the gateway's rights."""
        return self._stores().keeping

    def vault(self) -> PeriodVault:
        """The periods, with the administrator's rights."""
        return self._admin(self.admin_url).vault

    def quarantine(self) -> LogQuarantine:
        """The quarantined rows, with the administrator's rights."""
        return self._admin(self.admin_url).quarantine

    def retention(self) -> LogRetention:
        """The log for reading records to archive."""
        return self._admin(self.settings.url).retention

    def pruning(self) -> PrunedLog:
        """The same for deleting, with the administrator's rights."""
        return self._admin(self.admin_url).retention

    async def close(self) -> None:
        """Close what was opened."""
        for one in reversed(list(self._open.values())):
            await one.close()
        self._open.clear()

    def _stores(self) -> Stores:
        url = self.settings.url
        open_stores = registry.store(url, "open_stores")
        found: Stores = self._opened("stores", lambda: open_stores(url, self.state))
        return found

    def _admin(self, url: str) -> AdminStores:
        open_admin = registry.store(url, "open_admin_stores")
        found: AdminStores = self._opened(url, lambda: open_admin(url, self.state))
        return found

    def _opened(self, name: str, make: Callable[[], Any]) -> Any:  # noqa: ANN401 -- what the registry gives
        if name not in self._open:
            self._open[name] = make()
        return self._open[name]


def kept(keeper: Keeper, work: Callable[[], Awaitable[_Found]]) -> _Found:
    """Run one command over a log and always close the log."""

    async def run() -> _Found:
        try:
            return await work()
        finally:
            await keeper.close()

    return asyncio.run(run())
