"""Alembic's door: runs migrations on the connection handed in by `store.migrate`."""

from alembic import context

from telephony.store import (  # noqa: F401 - they join the same metadata
    incident_tables,
    leader_tables,
    outbound_tables,
    recording_tables,
    service_tables,
    supervision_tables,
    threeway_tables,
    transfer_tables,
)
from telephony.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
    user_module_prefix="tables.",
)
with context.begin_transaction():
    context.run_migrations()
