"""A real PostgreSQL for the keeper's commands, as the tests of the stores have it."""

from tests.stores.conftest import migrated_database, postgres, postgres_url

__all__ = ("migrated_database", "postgres", "postgres_url")
