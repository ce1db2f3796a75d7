"""Refusing a matter (Art. 4): stored first, then the citizen is moved to the explanation.

What a killed service left in between is finished after the restart while the same agent still talks with the
citizen and the order is fresh; else it is closed as `not_said`, so that the agent may refuse again.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from telephony.clock import Clock
from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.refusal import PLACES
from telephony.pbx.snapshot import Channel
from telephony.rules.refusals import Refusal
from telephony.store import refusals as rows
from telephony.store.database import Database
from telephony.store.refusals import Order, RefusalView
from telephony.texts import say

log = structlog.get_logger()
FRESH = timedelta(seconds=60)
"""How old an order may be that is still carried out after a restart."""
ORDERED = "refusal_ordered"
"""The point between the commit and the move, at which a test lets the service die."""


class Line(Protocol):
    """The switch (telephony.pbx.refusal.RefusalLine)."""

    def explain(self, leg_id: str, kind: Refusal) -> Deferred[Any]:
        """Move a citizen to the explanation."""
        ...

    def living(self) -> Deferred[dict[str, Channel]]:
        """Return every live channel by its id."""
        ...


class Refusals:
    """`refuse` is the agent's; `settle` is called whenever the switch and the ledger agree again.

    `worker` names this installation among those that share the store.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        database: Database,
        line: Line,
        clock: Clock,
        tell: Callable[[], None],
        at_point: Callable[[str], None] = lambda _: None,
        worker: str = "",
    ) -> None:
        self._worker = worker
        self._database, self._line, self._clock, self._tell = database, line, clock, tell
        self._at_point = at_point
        self._storing: set[str] = set()
        """Calls whose refusal is being stored: `refuse` moves the citizen once it has heard that it is."""
        self._moving: set[int] = set()

    def refuse(self, call_id: str, kind: Refusal, by: str, note: str | None) -> Deferred[RefusalView]:
        """Refuse the matter of a call; fires when the citizen has been moved.

        Raise UnknownThingError or NotAllowedError. If the switch cannot be asked now, it is done once it can.
        """
        now = self._clock.now()
        enter = partial(rows.order, call_id=call_id, kind=kind, by=by, note=note, now=now)
        self._storing.add(call_id)

        def stored(result: Any) -> Any:
            self._storing.discard(call_id)
            return result

        return self._database.write(enter, urgent=True).addBoth(stored).addCallback(self._ordered)

    def settle(self) -> Deferred[None]:
        """Finish or close what is under way without a move of ours that is being answered."""
        return self._database.read(partial(rows.under_way, worker=self._worker)).addCallback(self._look)

    def _ordered(self, order: Order) -> Deferred[RefusalView]:
        self._tell()
        self._at_point(ORDERED)
        return self._move(order).addCallback(lambda _: self._view(order))

    def _view(self, order: Order) -> Deferred[RefusalView]:
        return self._database.read(partial(rows.one, refusal_id=order.id))

    def _move(self, order: Order) -> Deferred[Any]:
        self._moving.add(order.id)

        def done(result: Any) -> Any:
            self._moving.discard(order.id)
            return result

        def failed(failure: Failure) -> Any:
            failure.trap(SwitchRefusedError, SwitchUnavailableError)
            if failure.check(SwitchUnavailableError):
                return None  # perhaps it was moved: the look after the reconnect tells
            closed = self._close(order)
            return closed.addCallback(lambda _: _gone(order))

        return self._line.explain(order.citizen_leg, order.kind).addBoth(done).addErrback(failed)

    def _close(self, order: Order) -> Deferred[None]:
        now = self._clock.now()
        work = partial(rows.close, refusal_id=order.id, outcome="not_said", now=now)
        return self._database.write(work, urgent=True).addCallback(lambda _: self._tell())

    def _look(self, orders: list[Order]) -> Deferred[None] | None:
        mine = [
            order for order in orders if order.id not in self._moving and order.call_id not in self._storing
        ]
        if not mine:
            return None
        return self._line.living().addCallback(lambda living: self._agree(mine, living))

    def _agree(self, orders: list[Order], living: Mapping[str, Channel]) -> None:
        for order in orders:
            citizen = living.get(order.citizen_leg)
            if citizen is not None and citizen.context in PLACES:
                continue  # hears it; the journal tells the rest
            fresh = self._clock.now() - order.at <= FRESH
            if citizen is not None and order.agent_leg in living and fresh:
                self._move(order).addErrback(_not_moved)
            else:
                self._close(order).addErrback(_not_moved)


def _gone(order: Order) -> None:
    raise NotAllowedError(say("refusal.gone", call=order.call_id))


def _not_moved(failure: Failure) -> None:
    if not failure.check(NotAllowedError):
        log.error("refusal_not_settled", why=repr(failure.value))
