"""Uids of files that portals were sent, over SQL (gateway.ports.files.FileUids), beside their dossiers."""

from adapters.stores.database import Database
from gateway.ports.files import FileAtPortal

_NAMES = "uid, portal, origin, code, digest"
_ADD = f"INSERT INTO file_uids ({_NAMES}, opened) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"  # noqa: S608 -- our own names
_NAMED = "SELECT uid FROM file_uids WHERE portal = $1 AND origin = $2 AND code = $3 AND digest = $4"
_FOUND = f"SELECT {_NAMES} FROM file_uids WHERE uid = $1 AND portal = $2"  # noqa: S608 -- our own names


class SqlFileUids:
    """Implements gateway.ports.files.FileUids."""

    def __init__(self, database: Database) -> None:
        """Over the database of the log."""
        self._database = database

    async def named(self, file: FileAtPortal, now: float) -> str:
        """The uid of a file; of concurrent ones the first stays."""
        key = (file.portal, file.origin, file.code, file.digest)
        found = await self._database.read(_NAMED, *key)
        if not found:
            found = await self._database.write((_ADD, (file.uid, *key, now)), (_NAMED, key))
        return str(found[0][0])

    async def find(self, uid: str, portal: str) -> FileAtPortal | None:
        """What a portal knows under a uid."""
        found = await self._database.read(_FOUND, uid, portal)
        return FileAtPortal(*found[0]) if found else None
