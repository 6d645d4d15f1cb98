"""The queue of corrections on PostgreSQL; with SQLite it lies in a file of its own (`corrections.sqlite`).

Rights: config/deploy/postgres-roles.sql, to be run again after this.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_POSTGRES = (
    "CREATE TABLE corrections (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE,"
    " period text NOT NULL, person bytea NOT NULL, requester text NOT NULL, source text NOT NULL,"
    " attribute text NOT NULL, state text NOT NULL, opened double precision NOT NULL,"
    " delivered double precision NOT NULL, sealed bytea NOT NULL)",
    "CREATE INDEX corrections_person ON corrections (person)",
    "CREATE INDEX corrections_state ON corrections (state, seq)",
    "REVOKE ALL ON corrections FROM PUBLIC",
)


def upgrade() -> None:
    """Create the table on PostgreSQL."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        return
    for statement in _POSTGRES:
        bind.exec_driver_sql(statement)


def downgrade() -> None:
    """Refused, as for every revision."""
    raise NotImplementedError("the exchange log cannot be migrated away")
