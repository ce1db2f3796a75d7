"""Transfers that a service or a switch left behind: what was stored and not sent is done if still wanted."""

from collections.abc import Generator
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from telephony.clock import Clock
from telephony.errors import HotlineError
from telephony.floor.transfer_moves import NOT_MOVED, TransferMoves, Units
from telephony.rules import transfer as rules
from telephony.store import threeway as conversations
from telephony.store import transfers as rows
from telephony.store.database import Database
from telephony.store.transfers import TransferView

FRESH = timedelta(seconds=60)
"""How old a command may be that is still carried out after the switch, or the service, was away."""
LOST = "interrupted"
log = structlog.get_logger()


class LateTransfers:
    """Takes up the transfers of this installation; `worker` names it."""

    def __init__(
        self, database: Database, clock: Clock, moves: TransferMoves, units: Units, worker: str
    ) -> None:
        self._database, self._clock, self._moves = database, clock, moves
        self._units, self._worker = units, worker

    @inlineCallbacks
    def agree(self) -> Generator[Deferred[Any], Any, None]:
        """Do what was stored and never sent: called when the switch agrees with the ledger again.

        What was cancelled meanwhile, what is older than FRESH, and what was to move two who do not talk any
        more is not done.
        """
        stored: list[TransferView] = yield self._database.read(partial(rows.live, worker=self._worker))
        self._moves.keep_only({each.id for each in stored})
        for each in stored:
            try:
                yield self._take_up(each)
            except HotlineError as error:
                log.warning("transfer_not_taken_up", id=each.id, why=str(error))

    def _take_up(self, stored: TransferView) -> Deferred[Any]:
        lost = stored.kind == "unit" and not self._units.has(stored.call_id)
        if lost and stored.state != rules.RETURNING:
            return self._moves.close(stored, LOST)  # the three-way call never began
        if stored.kind == "unit":
            return succeed(None)  # it is taken up by itself
        return self._begin_late(stored) if stored.moved_at is None else self._wish_late(stored)

    @inlineCallbacks
    def _begin_late(self, stored: TransferView) -> Generator[Deferred[Any], Any, None]:
        """Move the two who were to be moved, if they still talk and still want it; else they talk on."""
        on = yield self._database.read(partial(conversations.on_call, call_id=stored.call_id))
        if self._moves.known(stored.id):
            return  # it is being done, and the journal has not told of it yet
        talk = on is not None and (on.citizen_leg, on.agent_leg) == (stored.citizen_leg, stored.from_leg)
        fresh = self._clock.now() - stored.started_at <= FRESH
        if talk and fresh and stored.wish is None:
            yield self._moves.move(stored)
        elif stored.wish == "cancel":
            yield self._moves.close(stored, "cancelled", rules.CANCELLED)
        else:
            yield self._moves.close(stored, NOT_MOVED)

    @inlineCallbacks
    def _wish_late(self, stored: TransferView) -> Generator[Deferred[Any], Any, None]:
        if stored.wish is None or stored.state == rules.RETURNING:
            return
        wished_at = yield self._database.read(partial(rows.wished_at, call_id=stored.call_id))
        if wished_at is None or self._clock.now() - wished_at > FRESH:
            return  # whoever wanted it has seen for a minute that it did not happen
        if stored.wish == "cancel":
            yield self._moves.take_back(stored)
        elif stored.state in {rules.ASKING, rules.CONSULTING}:
            yield self._moves.end(stored.from_leg)
