"""Run by alembic: applies the revisions over the connection that `adapters/stores/sql.py` hands in.

The caller has begun the transaction and holds the lock; all revisions land together or not at all.
"""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
