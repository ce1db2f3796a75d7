"""Transfers: the command is stored, then citizen and agent are moved; the rest the dialplan does by itself.

What came of one is told by the journal and by the three-way call of a transfer to a unit, and is stored with
the events that tell it (`store/transfers.py`). Nothing is kept in memory: a service that is killed takes up
nothing but what it had stored and not yet sent, and that only while it is still what is wanted.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred, inlineCallbacks

from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.errors import (
    NotAllowedError,
    SwitchUnavailableError,
    UnknownThingError,
)
from telephony.floor.roster import Roster
from telephony.floor.transfer_moves import TransferMoves, Units
from telephony.floor.transfer_targets import Target, Targets
from telephony.floor.transfers_late import LateTransfers
from telephony.pbx.transfers import TransferLine
from telephony.rules import transfer as rules
from telephony.rules.call_story import Datum, Happening
from telephony.rules.transfer import Mode
from telephony.store import calls as call_rows
from telephony.store import threeway as conversations
from telephony.store import transfers as rows
from telephony.store import under_way
from telephony.store.database import Database
from telephony.store.threeway import OnCall
from telephony.store.transfers import TransferView
from telephony.texts import say


@dataclass(frozen=True)
class Wanted:
    """What somebody asks for: `to` is agent:8002, queue:NAME, unit:CODE or centre:CODE."""

    call_id: str
    to: str
    mode: Mode
    by: str


class Transfers:
    """Begins, completes and cancels transfers; `news` wakes who waits for events."""

    def __init__(  # noqa: PLR0913, PLR0917 - what bootstrap hands in, once
        self,
        config: Config,
        database: Database,
        switch: TransferLine,
        clock: Clock,
        timer: Timer,
        roster: Roster,
        units: Units,
        worker: str,
        news: Callable[[], None],
    ) -> None:
        self._database, self._clock, self._roster, self._units = database, clock, roster, units
        self._worker, self._news, self._targets = worker, news, Targets(config, roster)
        withdrawn = partial(roster.ring_ended, withdrawn=True)
        self._moves = TransferMoves(database, switch, clock, timer, self._targets, units, withdrawn)
        self._late = LateTransfers(database, clock, self._moves, units, worker)
        self.at_point: Callable[[str], None] = lambda _: None
        """Called at each point of the commit order with its name: of a test, the service dies there."""

    @inlineCallbacks
    def start(self, wanted: Wanted) -> Generator[Deferred[Any], Any, TransferView]:
        """Begin a transfer; fires when it is stored and the lines have been moved.

        Raise UnknownThingError for nobody of ours, NotAllowedError if nobody talks in the call, if something
        is under way on it already, or if the other agent is not free; SwitchUnavailableError.
        """
        if not self._moves.is_up:
            raise SwitchUnavailableError(say("threeway.no_switch"))
        begun: TransferView = yield self._database.write(partial(self._enter, wanted), urgent=True)
        self._news()
        self.at_point("after_transfer_begun")
        yield self._moves.move(begun)
        self.at_point("after_transfer_moved")
        return begun

    @inlineCallbacks
    def complete(self, reference: str, by: str) -> Generator[Deferred[Any], Any, TransferView]:
        """Let the first agent go. Raise UnknownThingError; NotAllowedError for one that is not attended."""
        found: TransferView = yield self._live(reference)
        if found.state not in {rules.ASKING, rules.CONSULTING}:
            raise NotAllowedError(say("transfer.not_completable"))
        yield self._wish(found, "complete", by)
        self.at_point("after_transfer_wish")
        if found.kind == "unit":
            yield self._units.complete(found.call_id, by)
        else:
            yield self._moves.end(found.from_leg)
        return found

    @inlineCallbacks
    def cancel(self, reference: str, by: str) -> Generator[Deferred[Any], Any, TransferView]:
        """Bring the citizen back to the first agent. Raise UnknownThingError, NotAllowedError."""
        found: TransferView = yield self._live(reference)
        if found.state == rules.RETURNING:
            raise NotAllowedError(say("transfer.returning"))
        yield self._wish(found, "cancel", by)
        self.at_point("after_transfer_wish")
        known = found.moved_at is not None or self._moves.known(found.id)
        if found.kind != "unit" and not known:
            return found  # nobody said that it was begun: who talks is left alone, and `agree` settles it
        if found.kind == "unit":
            yield self._units.cancel(found.call_id, by)
        else:
            yield self._moves.take_back(found)
        return found

    @inlineCallbacks
    def recall(self, number: int) -> Generator[Deferred[Any], Any, None]:
        """Let the agent's phone ring who gave a citizen away that comes back: their wrap-up is over."""
        found = yield self._database.read(partial(rows.find, reference=str(number)))
        if found is None or found.id != number or found.ended_at is not None:
            return
        agent = self._roster.one(found.from_agent)
        if agent.state == "wrap_up" and agent.after is None:
            yield self._roster.command(found.from_agent, "ready", None, "transfer")

    def agree(self) -> Deferred[None]:
        """Do what was stored and never sent: called when the switch agrees with the ledger again."""
        return self._late.agree()

    # What an agent does by feature codes.

    @inlineCallbacks
    def of_agent(self, agent: str, to: str, mode: Mode) -> Generator[Deferred[Any], Any, TransferView]:
        """Begin a transfer of the call in which an agent talks; raise as `start`."""
        call_id = yield self._database.read(partial(conversations.call_of_agent, agent=agent))
        if call_id is None:
            raise NotAllowedError(say("threeway.no_call", agent=agent))
        found: TransferView = yield self.start(Wanted(call_id, to, mode, agent))
        return found

    def given_by(self, agent: str) -> Deferred[str]:
        """Fire with the id of the transfer that an agent has begun; fail with NotAllowedError without one."""

        def look(connection: sa.Connection) -> str:
            for each in rows.find_all(connection, live=True, agent=agent):
                if each.from_agent == agent:
                    return str(each.id)
            raise NotAllowedError(say("transfer.none", agent=agent))

        return self._database.read(look)

    # How it is done.

    def _enter(self, wanted: Wanted, connection: sa.Connection) -> TransferView:
        on = conversations.on_call(connection, wanted.call_id)
        if on is None:
            raise NotAllowedError(say("threeway.not_talking", id=wanted.call_id))
        if conversations.live_on(connection, wanted.call_id) is not None:
            raise NotAllowedError(say("transfer.in_conversation"))
        if rows.live_on(connection, wanted.call_id) is not None:
            raise NotAllowedError(say("transfer.under_way"))
        under_way.check(connection, wanted.call_id)
        target = self._targets.find(wanted.to, wanted.mode, on.agent)
        row = self._row(wanted, on, target)
        number = rows.begin(connection, row)
        told: dict[str, Datum] = {"id": number, "to": wanted.to, "mode": wanted.mode, "by": wanted.by}
        self._tell(connection, row, "transfer_asked", told)
        found = rows.find(connection, str(number))
        assert found is not None  # noqa: S101 - it has just been entered in this transaction
        return found

    def _row(self, wanted: Wanted, on: OnCall, target: Target) -> dict[str, Any]:
        return {
            "call_id": wanted.call_id,
            "worker": self._worker,
            "kind": target.kind,
            "target": target.name,
            "mode": wanted.mode,
            "agent": target.agent,
            "queue": target.queue,
            "from_agent": on.agent,
            "from_leg": on.agent_leg,
            "citizen_leg": on.citizen_leg,
            "by": wanted.by,
            "state": rules.first(target.kind, wanted.mode, outside=target.outside is not None),
            "started_at": self._clock.now(),
        }

    def _tell(
        self, connection: sa.Connection, row: dict[str, Any], kind: str, data: dict[str, Datum]
    ) -> None:
        now = self._clock.now()
        key = f"{kind}:{row['call_id']}:{now.timestamp():.6f}"
        call_rows.append(connection, [(row["call_id"], Happening(now, kind, key, row["from_agent"], data))])

    @inlineCallbacks
    def _live(self, reference: str) -> Generator[Deferred[Any], Any, TransferView]:
        found: TransferView | None = yield self._database.read(partial(rows.find, reference=reference))
        if found is None:
            raise UnknownThingError(say("transfer.unknown", id=reference))
        if found.ended_at is not None:
            raise NotAllowedError(say("transfer.over"))
        return found

    def _wish(self, found: TransferView, what: str, by: str) -> Deferred[None]:
        def work(connection: sa.Connection) -> None:
            rows.wish(connection, found.id, what, by)
            told: dict[str, Datum] = {"id": found.id, "wish": what, "by": by}
            self._tell(connection, vars(found), rows.WISH, told)

        return self._database.write(work, urgent=True)
