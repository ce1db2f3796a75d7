"""What moves the parties of a call at this moment: one thing at a time, and whoever comes second is refused.

Asked in the transaction that enters the second one, so that of two that begin at once one is refused.
"""

import sqlalchemy as sa

from telephony.errors import NotAllowedError
from telephony.store.service_tables import refusals
from telephony.store.supervision_tables import supervisions
from telephony.store.transfer_tables import transfers
from telephony.texts import say

TRANSFER = "transfer"
TAKES_OVER = ("taking", "waiting")
"""States of a supervision in which a take-over is ordered and not done (telephony.floor.supervised)."""
_CALL: sa.BindParameter[str] = sa.bindparam("call")
_LIVE: dict[str, sa.Select[tuple[int]]] = {
    TRANSFER: sa.select(transfers.c.id).where(transfers.c.call_id == _CALL, transfers.c.ended_at.is_(None)),
    "refusal": sa.select(refusals.c.id).where(refusals.c.call_id == _CALL, refusals.c.outcome.is_(None)),
    "take_over": sa.select(supervisions.c.id).where(
        supervisions.c.call_id == _CALL,
        supervisions.c.ended_at.is_(None),
        supervisions.c.state.in_(TAKES_OVER),
    ),
}


def check(connection: sa.Connection, call_id: str, but: str | None = None) -> None:
    """Raise NotAllowedError, which says what to do first, if something moves a call's parties already.

    `but`: what does not count, as a three-way call is that of the transfer which begins it. Three-way calls
    are looked for by `telephony.store.threeway.live_on`: each refuses them in words of its own.
    """
    for name, query in _LIVE.items():
        if name != but and connection.scalar(query.limit(1), {"call": call_id}) is not None:
            raise NotAllowedError(say(f"under_way.{name}", call=call_id))
