"""What access remembers on PostgreSQL: what was shown once, and what was revoked.

With SQLite both lie in a file of their own (`access.sqlite`), so that they never wait for the log nor the log for them.
Rights: config/deploy/postgres-roles.sql, to be run again after this.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_POSTGRES = (
    "CREATE TABLE access_replays (key bytea PRIMARY KEY, until double precision NOT NULL)",
    "CREATE INDEX access_replays_until ON access_replays (until)",
    "CREATE TABLE access_revocations (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text NOT NULL,"
    " id text NOT NULL, at double precision NOT NULL, until double precision NOT NULL)",
    "REVOKE ALL ON access_replays, access_revocations FROM PUBLIC",
)


def upgrade() -> None:
    """Create the tables on PostgreSQL."""
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        return
    for statement in _POSTGRES:
        bind.exec_driver_sql(statement)


def downgrade() -> None:
    """Refused, as for every revision."""
    raise NotImplementedError("the exchange log cannot be migrated away")
