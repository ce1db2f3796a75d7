"""Transfers: the command is stored, then citizen and agent are moved; the rest the dialplan does by itself.

What came of one is told by the journal and by the three-way call of a transfer to a unit, and is stored with
the events that tell it (`store/transfers.py`). Nothing is kept in memory: a service that is killed takes up
nothing but what it had stored and not yet sent, and that only while it is still what is wanted.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Protocol

import sqlalchemy as sa
import structlog
from twisted.internet.defer import Deferred, inlineCallbacks, succeed
from twisted.python.failure import Failure

from telephony.clock import Clock, Timer
from telephony.config import Config
from telephony.errors import (
    HotlineError,
    NotAllowedError,
    SwitchRefusedError,
    SwitchUnavailableError,
    UnknownThingError,
)
from telephony.floor.roster import Roster
from telephony.floor.transfer_targets import Target, Targets
from telephony.pbx import transfers as line
from telephony.pbx.transfers import Step, TransferLine
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

AGAIN = 1.0
"""Seconds until it is looked again whether a hang-up has come to anything."""
FRESH = timedelta(seconds=60)
"""How old a command may be that is still carried out after the switch, or the service, was away."""
NOT_MOVED, LOST = "not_moved", "interrupted"
log = structlog.get_logger()


class Units(Protocol):
    """Transfers to units (telephony.threeway.handing.Handing)."""

    def begin(self, call_id: str, unit: str, by: str, *, blind: bool) -> Deferred[Any]:
        """Ask a unit into a call."""
        ...

    def complete(self, call_id: str, by: str) -> Deferred[None]:
        """Let the agent go."""
        ...

    def cancel(self, call_id: str, by: str) -> Deferred[None]:
        """Let the unit go."""
        ...

    def has(self, call_id: str) -> bool:
        """Tell whether a three-way call is under way on a call."""
        ...


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
        self._database, self._line, self._clock, self._timer = database, switch, clock, timer
        self._roster, self._units, self._worker, self._news = roster, units, worker, news
        self._targets = Targets(config, roster)
        self.at_point: Callable[[str], None] = lambda _: None
        """Called at each point of the commit order with its name: of a test, the service dies there."""
        self._moving: set[int] = set()
        self._moved: set[int] = set()
        """Of those under way: whose lines are being moved, and whose lines the switch has moved for us."""

    @inlineCallbacks
    def start(self, wanted: Wanted) -> Generator[Deferred[Any], Any, TransferView]:
        """Begin a transfer; fires when it is stored and the lines have been moved.

        Raise UnknownThingError for nobody of ours, NotAllowedError if nobody talks in the call, if something
        is under way on it already, or if the other agent is not free; SwitchUnavailableError.
        """
        if not self._line.is_up:
            raise SwitchUnavailableError(say("threeway.no_switch"))
        begun: TransferView = yield self._database.write(partial(self._enter, wanted), urgent=True)
        self._news()
        self.at_point("after_transfer_begun")
        yield self._move(begun)
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
            yield self._end(found.from_leg)
        return found

    @inlineCallbacks
    def cancel(self, reference: str, by: str) -> Generator[Deferred[Any], Any, TransferView]:
        """Bring the citizen back to the first agent. Raise UnknownThingError, NotAllowedError."""
        found: TransferView = yield self._live(reference)
        if found.state == rules.RETURNING:
            raise NotAllowedError(say("transfer.returning"))
        yield self._wish(found, "cancel", by)
        self.at_point("after_transfer_wish")
        known = found.moved_at is not None or found.id in self._moved | self._moving
        if found.kind != "unit" and not known:
            return found  # nobody said that it was begun: who talks is left alone, and `agree` settles it
        if found.kind == "unit":
            yield self._units.cancel(found.call_id, by)
        else:
            yield self._take_back(found)
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

    @inlineCallbacks
    def agree(self) -> Generator[Deferred[Any], Any, None]:
        """Do what was stored and never sent: called when the switch agrees with the ledger again.

        What was cancelled meanwhile, what is older than FRESH, and what was to move two who do not talk any
        more is not done.
        """
        stored: list[TransferView] = yield self._database.read(partial(rows.live, worker=self._worker))
        self._moved &= {each.id for each in stored}
        for each in stored:
            try:
                yield self._take_up(each)
            except HotlineError as error:
                log.warning("transfer_not_taken_up", id=each.id, why=str(error))

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
            "state": rules.FIRST[target.kind, wanted.mode],
            "started_at": self._clock.now(),
        }

    def _tell(
        self, connection: sa.Connection, row: dict[str, Any], kind: str, data: dict[str, Datum]
    ) -> None:
        now = self._clock.now()
        key = f"{kind}:{row['call_id']}:{now.timestamp():.6f}"
        call_rows.append(connection, [(row["call_id"], Happening(now, kind, key, row["from_agent"], data))])

    @inlineCallbacks
    def _move(self, begun: TransferView) -> Generator[Deferred[Any], Any, None]:
        self._moving.add(begun.id)
        try:
            if begun.kind == "unit":
                self._line.set_variable(begun.citizen_leg, line.NUMBER, line.exten(begun.id))
                blind = begun.mode == "blind"
                yield self._units.begin(begun.call_id, begun.target, begun.by, blind=blind)
            else:
                yield self._line.move(begun.id, *_steps(begun))
            self._moved.add(begun.id)
        except SwitchUnavailableError:
            raise  # it may have been done: the next reconnect tells
        except HotlineError:
            yield self._close(begun, NOT_MOVED)
            raise
        finally:
            self._moving.discard(begun.id)

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

    @inlineCallbacks
    def _take_back(self, found: TransferView) -> Generator[Deferred[Any], Any, None]:
        if found.state in {rules.RINGING, rules.WAITING}:
            yield self._line.move(found.id, Step(found.citizen_leg, line.BACK))
            return
        self._line.set_variable(found.from_leg, line.CANCEL, "yes")
        yield self._drop(found)

    @inlineCallbacks
    def _drop(self, found: TransferView) -> Generator[Deferred[Any], Any, None]:
        """End the other agent's line, and look again: it may not have rung yet.

        Of a ring that we take back the agent has missed nothing: the roster is told so before it ends.
        """
        living = yield self._line.living()
        for channel in living:
            mine = channel.call_id == found.call_id and channel.leg_id != found.from_leg
            if mine and channel.endpoint == found.agent:
                self._roster.ring_ended(channel.endpoint, channel.leg_id, withdrawn=True)
                yield self._end(channel.leg_id)
        self._timer.callLater(AGAIN, self._drop_again, found.id)

    def _drop_again(self, number: int) -> None:
        def look(found: TransferView | None) -> Deferred[None] | None:
            asked = found is not None and found.ended_at is None and found.wish == "cancel"
            if asked and found is not None and found.state in {rules.ASKING, rules.CONSULTING}:
                return self._drop(found)
            return None

        read = self._database.read(partial(rows.find, reference=str(number)))
        read.addCallback(look).addErrback(_logged)

    def _end(self, leg_id: str) -> Deferred[Any]:
        return self._line.hang_up(leg_id).addErrback(_has_gone)

    def _take_up(self, stored: TransferView) -> Deferred[Any]:
        lost = stored.kind == "unit" and not self._units.has(stored.call_id)
        if lost and stored.state != rules.RETURNING:
            return self._close(stored, LOST)  # the three-way call never began
        if stored.kind == "unit":
            return succeed(None)  # it is taken up by itself
        return self._begin_late(stored) if stored.moved_at is None else self._wish_late(stored)

    @inlineCallbacks
    def _begin_late(self, stored: TransferView) -> Generator[Deferred[Any], Any, None]:
        """Move the two who were to be moved, if they still talk and still want it; else they talk on."""
        on = yield self._database.read(partial(conversations.on_call, call_id=stored.call_id))
        if stored.id in self._moving | self._moved:
            return  # it is being done, and the journal has not told of it yet
        talk = on is not None and (on.citizen_leg, on.agent_leg) == (stored.citizen_leg, stored.from_leg)
        fresh = self._clock.now() - stored.started_at <= FRESH
        if talk and fresh and stored.wish is None:
            yield self._move(stored)
        elif stored.wish == "cancel":
            yield self._close(stored, "cancelled", rules.CANCELLED)
        else:
            yield self._close(stored, NOT_MOVED)

    @inlineCallbacks
    def _wish_late(self, stored: TransferView) -> Generator[Deferred[Any], Any, None]:
        if stored.wish is None or stored.state == rules.RETURNING:
            return
        wished_at = yield self._database.read(partial(rows.wished_at, call_id=stored.call_id))
        if wished_at is None or self._clock.now() - wished_at > FRESH:
            return  # whoever wanted it has seen for a minute that it did not happen
        if stored.wish == "cancel":
            yield self._take_back(stored)
        elif stored.state in {rules.ASKING, rules.CONSULTING}:
            yield self._end(stored.from_leg)

    def _close(self, found: TransferView, why: str, state: str = rules.FAILED) -> Deferred[None]:
        work = partial(rows.close, transfer_id=found.id, cause=why, now=self._clock.now(), state=state)
        return self._database.write(work, urgent=True)


def _steps(begun: TransferView) -> list[Step]:
    number = line.exten(begun.id)
    citizen = {
        line.NUMBER: number,
        line.FIRST: begun.from_agent,
        line.LEG: begun.from_leg,
        line.TO_AGENT: begun.agent or "",
        line.TO_QUEUE: begun.queue or "",
    }
    if begun.mode == "blind":
        return [Step(begun.citizen_leg, line.AGENT if begun.agent else line.QUEUE, citizen)]
    agent = {
        f"__{line.NUMBER}": number,
        f"__{line.CITIZEN}": begun.citizen_leg,
        f"__{line.LEG}": begun.from_leg,
        line.TO_AGENT: begun.agent or "",
        line.CANCEL: "",
    }
    return [Step(begun.citizen_leg, line.WAITS, citizen), Step(begun.from_leg, line.CONSULT, agent)]


def _has_gone(failure: Failure) -> None:
    failure.trap(SwitchRefusedError)  # the line had ended already, which is what was wanted


def _logged(failure: Failure) -> None:
    quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
    (log.warning if quiet else log.error)("transfer_not_done", why=repr(failure.value))
