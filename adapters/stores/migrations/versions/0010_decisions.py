"""Which previews were decided about, on PostgreSQL; with SQLite it stands in the file of the consents.

Rights: config/deploy/postgres-roles.sql, to be run again after this.
"""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_POSTGRES = (
    "CREATE TABLE decisions (key bytea PRIMARY KEY, until double precision NOT NULL)",
    "CREATE INDEX decisions_until ON decisions (until)",
    "REVOKE ALL ON decisions FROM PUBLIC",
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
