"""What callers said of the service by one key: it belongs to the call, never to a case (decision 0034).

Nothing that judges revisits may read it; tests/unit/callback/test_call_ratings.py proves that nothing does.
"""

import sqlalchemy as sa

from telephony.store.tables import calls
from telephony.store.threeway_tables import three_ways

INBOUND = "inbound"
DEMO = "demo"


def may_be_asked(connection: sa.Connection, call_id: str) -> str | None:
    """Return the queue of a call whose caller may be asked; None for one who may not.

    Whoever was called by us, a demonstration's caller, one whose call had an emergency service in it, and one
    who has rated already is not asked; nor is one who talked with nobody.
    """
    call = connection.execute(sa.select(calls).where(calls.c.id == call_id)).first()
    if call is None or call.direction != INBOUND or call.queue is None or call.answered_at is None:
        return None
    emergency = sa.exists().where(three_ways.c.call_id == call_id, three_ways.c.kind == "emergency")
    if call.rating is not None or DEMO in call.marks or connection.scalar(sa.select(emergency)):
        return None
    return str(call.queue)


def rate(connection: sa.Connection, call_id: str, key: str) -> bool:
    """Store the key that a caller pressed, the first only; return whether it was stored."""
    first = sa.and_(calls.c.id == call_id, calls.c.rating.is_(None))
    return bool(connection.execute(calls.update().where(first).values(rating=key)).rowcount)
