"""The services that share a database: one epoch for each start, one worker for each installation."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from telephony.store.attempts import is_live
from telephony.store.outbound_tables import attempts, workers


def register(connection: sa.Connection, epoch: str, worker: str, now: datetime) -> None:
    """Begin an epoch."""
    row = {"epoch": epoch, "worker": worker, "started_at": now, "seen_at": now}
    connection.execute(workers.insert().values(**row))


def alive(connection: sa.Connection, epoch: str, now: datetime) -> None:
    """Show that an epoch goes on; its time never goes back."""
    later = sa.and_(workers.c.epoch == epoch, workers.c.seen_at < now)
    connection.execute(workers.update().where(later).values(seen_at=now))


def epochs_of(connection: sa.Connection, worker: str) -> Sequence[str]:
    """Return the epochs of one worker that have calls without a verdict."""
    query = sa.select(workers.c.epoch).join(attempts, attempts.c.epoch == workers.c.epoch)
    return connection.scalars(query.where(workers.c.worker == worker, is_live()).distinct()).all()


def silent(connection: sa.Connection, since: datetime, but: str) -> Sequence[str]:
    """Return epochs of workers `but` one without a sign of life since then that have unjudged calls."""
    query = sa.select(workers.c.epoch).join(attempts, attempts.c.epoch == workers.c.epoch)
    return connection.scalars(
        query.where(workers.c.seen_at < since, workers.c.worker != but, is_live()).distinct()
    ).all()
