"""Kept copies that a decision refuses, until they are erased, on PostgreSQL; SQLite has them beside the consents.

Rights: config/deploy/postgres-roles.sql, to be run again after this.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_POSTGRES = (
    "CREATE TABLE refused_copies (key bytea NOT NULL, exchange text NOT NULL, requester text NOT NULL,"
    " consent text NOT NULL, attribute text NOT NULL, given double precision NOT NULL,"
    " PRIMARY KEY (consent, attribute, key))",
    "CREATE INDEX refused_copies_key ON refused_copies (key)",
    "REVOKE ALL ON refused_copies FROM PUBLIC",
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
