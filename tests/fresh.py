"""A log without records, for a gateway or a store that a test opens: migrating one takes a second, copying none.

And keys that sign logins: making two of RSA takes half a second.
"""

import atexit
import functools
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from adapters.schema.migration import prepare
from adapters.schema.revision import DatabaseFile
from gateway.login import id_token_signing as login

NAME = "exchange.db"


@functools.cache
def migrated() -> Path:
    """A SQLite file with the newest schema and nothing else."""
    folder = TemporaryDirectory(prefix="motlan-migrated-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / NAME
    prepare(path, DatabaseFile.LOG)
    return path


@functools.cache
def login_keys() -> dict[str, bytes]:
    """The key files of a state folder, by their names."""
    with TemporaryDirectory(prefix="motlan-login-keys-") as folder:
        login.bundles_in(Path(folder))
        return {path.name: path.read_bytes() for path in Path(folder).iterdir()}


def log_in(folder: Path) -> None:
    """Put one into a state folder that has none, as the gateway would make it; and the keys of logins."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (folder / NAME).exists():
        shutil.copy(migrated(), folder / NAME)
    for name, content in login_keys().items():
        if not (folder / name).exists():
            (folder / name).touch(mode=0o600)
            (folder / name).write_bytes(content)
