"""A real PostgreSQL for the keeper's commands, as the tests of the stores have it."""

from tests.stores.conftest import current_postgres_url, migrated_database, postgres

__all__ = ("current_postgres_url", "migrated_database", "postgres")
