"""Where the tables of a room are, and how they are met: the only place that knows both databases."""

from pathlib import Path

from adapters.stores import sql
from adapters.stores.database import Database, Room
from adapters.stores.postgres import PostgresDatabase, open_admin_lanes, open_lanes
from adapters.stores.sqlite import PATIENT_SECONDS, SqliteDatabase


def open_database(url: str, state_dir: Path, room: Room) -> Database:
    """The tables of a room where the log at `url` is: tables in PostgreSQL, with SQLite its file."""
    if sql.is_postgres(url):
        return PostgresDatabase(open_lanes(url), room)
    return SqliteDatabase(sql.file_beside(url, state_dir, room.file), room)


def open_admin(url: str, state_dir: Path, room: Room) -> Database:
    """The same in the hands of its administrator, who has time."""
    if sql.is_postgres(url):
        return PostgresDatabase(open_admin_lanes(url), room)
    return SqliteDatabase(sql.file_beside(url, state_dir, room.file), room, PATIENT_SECONDS)
