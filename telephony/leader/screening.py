"""Screening agents talk first and hand over warm; the assistant writes what came of the talk (Art. 6).

Commit, then act: what was said of a call, and that it is handed over, is stored before the citizen is moved.
"""

from collections.abc import Callable, Collection, Generator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal, Protocol

import sqlalchemy as sa
from twisted.internet.defer import Deferred, inlineCallbacks

from telephony.clock import Clock
from telephony.config import Config
from telephony.config_leaders import Seat
from telephony.errors import HotlineError, NotAllowedError
from telephony.leader.day_calls import DayCalls
from telephony.rules.call_story import Datum
from telephony.rules.leader_register import DISPATCHED
from telephony.store import leader_calls as rows
from telephony.store import leader_days, threeway, transfers, under_way
from telephony.store.database import Database
from telephony.store.dispatches import tell_platform
from telephony.store.leader_calls import NOT_CERTIFIED, UNDER_WAY, LeaderCallView
from telephony.store.leader_days import played
from telephony.store.units import Directory
from telephony.texts import say

Mode = Literal["blind", "attended"]
Result = Literal["on_the_spot", "dispatched"]
How = Literal["attended", "queue", "normal"]


Give = Callable[[str, str, Mode, str], Deferred[Any]]
"""Begins a transfer: call, to whom, mode, by whom (telephony.floor.transfers.Transfers.start)."""


class Roster(Protocol):
    """Who is free (telephony.floor.roster.Roster)."""

    @property
    def ready_agents(self) -> Collection[str]:
        """Return the numbers of those who are."""
        ...


@dataclass(frozen=True)
class HandedOver:
    """How a call goes on.

    `attended`: the leader is rung and the two speak first. `queue`: the citizen waits for the leader, and
    hears place and expected wait. `normal`: the citizen waits for an agent of every day.
    """

    call_id: str
    how: How
    summary: str


class Screening:
    """What screening agents and assistants do with a day's calls; `tell` wakes who waits for events."""

    def __init__(  # noqa: PLR0913, PLR0917 - what halls hands in, once
        self,
        config: Config,
        database: Database,
        clock: Clock,
        give: Give,
        roster: Roster,
        tell: Callable[[], None],
    ) -> None:
        self._agents, self._directory = config.agents, Directory(config.units)
        self._database, self._give, self._roster = database, give, roster
        self._calls, self._clock = DayCalls(config, database, clock, tell), clock

    def screen(self, call_id: str, by: str, in_scope: bool, summary: str) -> Deferred[LeaderCallView]:
        """Put down whether the matter is in the day's scope, and what it is; again, it is corrected.

        Only of an open day's call in which an agent talks with the citizen now. Who has left the leader's
        line is out of scope no more: they were not reached. Raise UnknownThingError, NotAllowedError.
        """

        def work(connection: sa.Connection, call: LeaderCallView, seat: Seat) -> None:
            agent, now = _talking(connection, call_id, seat), self._clock.now()
            if call.left_at is not None and not in_scope:
                raise NotAllowedError(say("leader.left_line", id=call_id))
            said = {"screened_by": agent, "screened_at": now, "in_scope": in_scope, "summary": summary}
            rows.change(connection, call_id, **said)
            told: dict[str, Datum] = {"in_scope": int(in_scope), "summary": summary}
            rows.tell(connection, call_id, "screened", now, by, agent, **told)

        return self._calls.change(call_id, UNDER_WAY, work)

    @inlineCallbacks
    def hand_over(self, call_id: str, by: str) -> Generator[Deferred[Any], Any, HandedOver]:
        """Give a screened citizen to the leader: warm if the leader is free, else to the leader's queue.

        Raise UnknownThingError; NotAllowedError without a summary, out of scope, or while something else
        moves the call; SwitchUnavailableError.
        """
        seat, summary, over = yield self._begin(call_id, by, in_scope=True, what="handed_over")
        try:
            how = yield self._to_leader(call_id, seat, by, over=over)
        except HotlineError:
            yield self._database.write(partial(_take_back, call_id=call_id, now=self._clock.now(), by=by))
            raise
        return HandedOver(call_id, how, summary)

    @inlineCallbacks
    def to_normal(self, call_id: str, by: str) -> Generator[Deferred[Any], Any, HandedOver]:
        """Give a citizen whose matter is out of scope to the agents of every day; raise as `hand_over`."""
        seat, summary, _ = yield self._begin(call_id, by, in_scope=False, what="to_normal")
        yield self._give(call_id, f"queue:{seat.normal_queue}", "blind", by)
        return HandedOver(call_id, "normal", summary)

    def result(  # noqa: PLR0913, PLR0917 - what is written down
        self,
        call_id: str,
        by: str,
        result: Result,
        unit: str | None = None,
        case_number: str | None = None,
        summary: str | None = None,
    ) -> Deferred[LeaderCallView]:
        """Put down what came of the leader's talk, and tell the case platform; until the day is certified.

        Written by the seat, one of its assistants, a supervisor, or an operator who is no agent. Put down
        again it is corrected: the platform is told once more, and that it is a correction. Raise
        UnknownThingError; NotAllowedError without a talk, or dispatched without a unit.
        """

        def work(connection: sa.Connection, call: LeaderCallView, seat: Seat) -> None:
            self._check_writer(seat, by)
            if call.leader_at is None:
                raise NotAllowedError(say("leader.no_talk", id=call_id))
            if result == DISPATCHED and unit is None:
                raise NotAllowedError(say("leader.needs_unit"))
            code = self._directory.find(connection, unit).code if unit else None
            now = self._clock.now()
            said = {"result": result, "unit": code, "case_number": case_number}
            more = {} if summary is None else {"summary": summary}
            rows.change(connection, call_id, **said, **more, result_by=by, result_at=now)
            rows.tell(connection, call_id, "result", now, by, **said, **more)
            told = {"day": call.day_id, "call_id": call_id, "summary": summary or call.summary, "by": by}
            told |= {"corrected": call.result is not None, "at": now}
            if not played(connection, call.day_id):
                tell_platform(connection, now, f"leader_{result}", {**said, **told})

        return self._calls.change(call_id, NOT_CERTIFIED, work)

    # How it is done.

    def _begin(self, call_id: str, by: str, *, in_scope: bool, what: str) -> Deferred[tuple[Seat, str, bool]]:
        """Check and store what begins; fires with the seat, the summary, and whether the end is past."""
        begun: list[tuple[Seat, str, bool]] = []

        def work(connection: sa.Connection, call: LeaderCallView, seat: Seat) -> None:
            agent, now = _talking(connection, call_id, seat), self._clock.now()
            summary = _checked(call, in_scope=in_scope)
            _check_still(connection, call_id)
            if in_scope:
                rows.change(connection, call_id, handed_at=now)
            rows.tell(connection, call_id, what, now, by, agent, summary=summary)
            begun.append((seat, summary, now >= leader_days.one(connection, call.day_id).ends_at))

        return self._calls.change(call_id, UNDER_WAY, work).addCallback(lambda _: begun[-1])

    @inlineCallbacks
    def _to_leader(
        self, call_id: str, seat: Seat, by: str, *, over: bool
    ) -> Generator[Deferred[Any], Any, How]:
        # Past the day's end the leader takes no further call: the citizen hears so in the leader's queue, and
        # goes on to an agent from there.
        if seat.agent in self._roster.ready_agents and not over:
            try:
                yield self._give(call_id, f"agent:{seat.agent}", "attended", by)
            except NotAllowedError:
                if seat.agent in self._roster.ready_agents:
                    raise  # it is not the leader who is in the way
            else:
                return "attended"
        yield self._give(call_id, f"queue:{seat.queue}", "blind", by)
        return "queue"

    def _check_writer(self, seat: Seat, by: str) -> None:
        agent = self._agents.get(by)
        if agent is None or agent.role == "supervisor" or by in {seat.agent, *seat.assistants}:
            return
        raise NotAllowedError(say("leader.not_your_seat", number=by))


def _talking(connection: sa.Connection, call_id: str, seat: Seat) -> str:
    """Return the agent who talks with the citizen; raise NotAllowedError for nobody, or the leader."""
    on = threeway.on_call(connection, call_id)
    if on is None:
        raise NotAllowedError(say("threeway.not_talking", id=call_id))
    if on.agent == seat.agent:
        raise NotAllowedError(say("leader.with_leader", id=call_id))
    return on.agent


def _checked(call: LeaderCallView, *, in_scope: bool) -> str:
    """Return the summary of a call that was screened so; raise NotAllowedError, which says what to do."""
    if call.summary is None or call.in_scope is None:
        raise NotAllowedError(say("leader.no_summary", id=call.call_id))
    if call.in_scope is not in_scope:
        raise NotAllowedError(say("leader.out_of_scope" if in_scope else "leader.in_scope", id=call.call_id))
    return call.summary


def _check_still(connection: sa.Connection, call_id: str) -> None:
    """Raise NotAllowedError if something moves the call's parties already."""
    if threeway.live_on(connection, call_id) is not None:
        raise NotAllowedError(say("transfer.in_conversation"))
    under_way.check(connection, call_id)


def _take_back(connection: sa.Connection, *, call_id: str, now: datetime, by: str) -> None:
    """Note that a call was not handed over after all; one whose transfer stands may have been."""
    if transfers.live_on(connection, call_id) is None:
        rows.change(connection, call_id, handed_at=None)
        rows.tell(connection, call_id, "not_handed_over", now, by)
