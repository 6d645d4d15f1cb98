"""What holds for every test: sockets stay on loopback, and in CI a skipped test is a failed one."""

import atexit
import gc
import os
import re
import socket
import zlib
from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import hypothesis
import pytest
import yaml
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from tests import compiled

#: set by `.ci/run`: whoever skips must say so by a marker that is not selected there
NO_SKIP = os.environ.get("MOTLAN_NO_SKIP") == "1"
# no test is timed: a busy machine is no fault of the code
hypothesis.settings.register_profile("motlan", deadline=None)
hypothesis.settings.load_profile("motlan")
_LOCAL_NAMES = frozenset({"localhost", ""})

# Servers in wheels want a private runtime folder, already while they are imported; containers have none. PostgreSQL's
# keeps its lock in a folder there, and else in one place of the machine: a process that hangs would hold up all others.
if "XDG_RUNTIME_DIR" not in os.environ or "PYTEST_XDIST_WORKER" in os.environ:
    _runtime_folder = TemporaryDirectory(prefix="motlan-tests-")
    atexit.register(_runtime_folder.cleanup)
    (Path(_runtime_folder.name) / "python_PostgresServer").mkdir()
    os.environ["XDG_RUNTIME_DIR"] = _runtime_folder.name

# Sources and requesters may want secrets that only their operator has; here nobody is called, any word will do.
for _settings in (Path(__file__).parents[1] / "config").glob("*/*.yaml"):
    for _name in re.findall(r"\benv: *([A-Za-z_]\w*)", _settings.read_text("utf-8")):
        os.environ.setdefault(_name, "made-up-for-tests")


# Hundreds of gateways read the same two hundred files here: each text is parsed once, its nodes are never changed.
yaml.compose = lru_cache(maxsize=1_000)(yaml.compose)  # type: ignore[assignment]
compiled.once()


#: single tests that take long begin first, so that none of them is left alone at the end
_LONG = re.compile(
    r"generated_prefills|minute|backlog|outlasts|do_not_read|killed|kills|matrix_of_cuts|workers|demo_shows|crashes|hung_up|without_its_memory|restart|cost_little|test_cost"
)
#: and these before the others: each takes a quarter of the slow set's time
_LONGEST = re.compile(r"10 000 dossiers|generated_prefills|\[50\]")
#: folders with something dear that a process opens once: by how many processes they are run
_DEAR = {"tampering": 1, "stores": 2}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After they were shuffled."""
    items.sort(key=lambda item: (_LONGEST.search(item.name) is None, _LONG.search(item.name) is None))


class _Together(LoadScopeScheduling):  # type: ignore[misc]
    """Tests go to processes one by one, but for those that share what is dear to open."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = Path(file).parent.name
        if folder in _DEAR:
            return f"{folder} {zlib.crc32(file.encode()) % _DEAR[folder]}"
        return file if _opens_for_all(file) else nodeid


@lru_cache(maxsize=1_000)
def _opens_for_all(file: str) -> bool:
    return 'scope="module"' in (Path(__file__).parents[1] / file).read_text("utf-8")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Together:
    """How tests are distributed over processes, whatever `--dist` says."""
    return _Together(config, log)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()


class OutboundCallError(AssertionError):
    """A test tried to reach an address that is not on this machine."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Turn a skip into a failure when skips are not allowed."""
    report: Any = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped tests are failures here: {reason}"
    return report  # type: ignore[no-any-return]


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None]:
    """The same for a module that skips itself while it is collected."""
    report: Any = yield
    if NO_SKIP and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped modules are failures here: {report.longrepr}"
    return report  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections and look-ups beyond this machine raise."""
    connect, connect_ex, look_up = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        _refuse_outside(self.family, address)
        connect(self, address)

    def guarded_connect_ex(self: socket.socket, address: Any) -> int:
        _refuse_outside(self.family, address)
        return connect_ex(self, address)

    def guarded_look_up(host: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(host, str) and not _is_local(host) and not host.endswith(".invalid"):
            message = f"a test looked up {host}"
            raise OutboundCallError(message)
        return look_up(host, *args, **kwargs)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)


def _refuse_outside(family: int, address: Any) -> None:
    if family in {socket.AF_INET, socket.AF_INET6} and not _is_local(str(address[0])):
        message = f"a test tried to reach {address[0]}"
        raise OutboundCallError(message)


def _is_local(host: str) -> bool:
    if host in _LOCAL_NAMES:
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
