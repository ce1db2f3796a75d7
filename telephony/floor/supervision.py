"""Supervisors on calls: they listen, whisper, barge in, and take citizens over (decision 0028).

Commit, then act: what is ordered is stored first, and what came of it when the switch has told.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.config import Agent
from telephony.errors import NotAllowedError, SwitchRefusedError, SwitchUnavailableError, UnknownThingError
from telephony.floor.supervised import LISTENING, RINGING, TAKING, WAITING, Supervised
from telephony.floor.supervisions import Supervisions, check_call, check_listening, quietly
from telephony.floor.take_over import TakeOver
from telephony.pbx.snapshot import Channel
from telephony.pbx.supervision import PLACE_OF, Listener, Mode
from telephony.store import calls as call_rows
from telephony.store import supervisions as rows
from telephony.store import threeway, under_way
from telephony.store.ordered import order
from telephony.texts import say

FREE = frozenset({"ready", "paused", "wrap_up", "logged_out"})
"""States of a supervisor whose phone may be rung."""
RING_SECONDS = 30.0
FRESH = 2.0
"""Seconds after an order within which a snapshot does not count: it may be older than what came of it."""
OURSELVES = "service"


class Supervision:
    """What supervisors may do on calls; `agents` are ours by number."""

    def __init__(self, agents: Mapping[str, Agent], supervisions: Supervisions) -> None:
        self._agents, self._all = agents, supervisions
        self._take_over = TakeOver(supervisions, self.agree)
        self._beginning: set[str] = set()

    def start(self) -> Deferred[None]:
        """Listen to the switch from now on, and take up what the store holds."""
        heard = Listener(self._alerted, self._up, self._gone, self._not_sent, self._came_in)
        self._all.line.start(heard)
        return self._all.restore()

    def stop(self) -> None:
        """Start nothing any more; the voices go on."""
        self._all.stop()

    def calls_of_legs(self) -> Mapping[str, str]:
        """Return for each supervisor's channel, its id, the call that it belongs to."""
        return {each.leg_id: each.call_id for each in self._all.all()}

    def check(self, number: str) -> None:
        """Raise UnknownThingError for no agent of ours, NotAllowedError for one who is no supervisor."""
        if number not in self._agents:
            raise UnknownThingError(say("agent.unknown", number=number))
        if self._agents[number].role != "supervisor":
            raise NotAllowedError(say("supervise.no_supervisor", number=number))

    def take_part(self, call_id: str, by: str, mode: Mode) -> Deferred[int]:
        """Ring a supervisor for a call, or change how one takes part; fires with the supervision's id.

        Raise UnknownThingError, NotAllowedError (no supervisor, busy, nobody talks), SwitchUnavailableError.
        """
        self._check(by)
        found = self._all.of(by)
        if found is None:
            return self._begin(call_id, by, mode)
        check_call(found, call_id)
        check_listening(found)
        asked = self._three_way(call_id) if mode is Mode.BARGE else succeed(None)

        def may(three_way: int | None) -> Deferred[int]:
            if three_way is not None:
                raise NotAllowedError(say("supervise.barge_three_way"))
            check_listening(found)
            return self._set_mode(found, mode, by)

        return asked.addCallback(may)

    def take_over(self, call_id: str, by: str) -> Deferred[int]:
        """Give the citizen to a supervisor who is on the call; the agent's leg ends, with wrap-up.

        Fires when the switch has the order; the event `taken` tells that it is done, `take_over_failed` that
        it is not. Raise as `take_part`, and NotAllowedError in a three-way call, in a transfer, if the
        citizen is with somebody else by now, or if it was refused.
        """
        self._check(by)
        found = self._all.on_call(call_id, by)
        check_listening(found)

        def free(connection: sa.Connection) -> None:
            if threeway.live_on(connection, call_id) is not None:
                raise NotAllowedError(say("supervise.take_three_way"))
            under_way.check(connection, call_id)
            on = threeway.on_call(connection, call_id)
            if on is None or (on.agent_leg, on.citizen_leg) != (found.agent_leg, found.citizen_leg):
                raise NotAllowedError(say("supervise.with_another"))

        looked = self._all.database.read(free)
        return looked.addCallback(lambda _: self._take_over.order(found, by, free))

    def leave(self, call_id: str, by: str) -> Deferred[int]:
        """End a supervisor's part in a call. Raise NotAllowedError once the citizen was taken over."""
        self.check(by)
        found = self._all.on_call(call_id, by)
        if found.state not in {RINGING, LISTENING}:
            raise NotAllowedError(say("supervise.not_now", number=by))
        self._all.note(found, "stopped", by)

        def stored(_: None) -> int:
            quietly(self._all.line.hang_up(found.leg_id), "hang up")
            return found.id

        return self._all.store(found).addCallback(stored)

    def agree(self) -> None:
        """Agree with the switch: once it is settled with, at each tick, and after a take-over."""
        if self._all.all() and self._all.line.is_up:
            quietly(self._all.line.living().addCallback(self._compare), "agree")

    # What is ordered.

    def _check(self, by: str) -> None:
        self.check(by)
        if not self._all.line.is_up:
            raise SwitchUnavailableError(say("threeway.no_switch"))

    def _begin(self, call_id: str, by: str, mode: Mode) -> Deferred[int]:
        if by in self._beginning or self._all.roster.one(by).state not in FREE:
            raise NotAllowedError(say("supervise.busy", number=by))
        self._beginning.add(by)
        leg_id = self._all.new_leg()
        enter = partial(self._enter, call_id=call_id, by=by, mode=mode, leg_id=leg_id)
        begun = self._all.database.write(enter, urgent=True).addCallback(self._entered)
        return begun.addBoth(self._begun, by)

    def _enter(
        self, connection: sa.Connection, *, call_id: str, by: str, mode: Mode, leg_id: str
    ) -> Supervised:
        now, on = self._all.clock.now(), threeway.on_call(connection, call_id)
        if on is None:
            raise NotAllowedError(say("threeway.not_talking", id=call_id))
        if on.agent == by:
            raise NotAllowedError(say("supervise.oneself", number=by))
        if mode is Mode.BARGE and threeway.live_on(connection, call_id) is not None:
            raise NotAllowedError(say("supervise.barge_three_way"))
        new = Supervised(0, call_id, by, on.agent, leg_id, on.agent_leg, on.citizen_leg, mode, now)
        new.id = rows.begin(connection, new.whole_row(self._all.worker))
        new.note(now, f"supervision:{leg_id}", mode.value, by)
        rows.save(connection, new.id, new.row())
        order(connection, leg_id, call_id, "supervisor", by, now)
        call_rows.append(connection, [(call_id, each) for each in new.told])
        new.told = []
        return new

    def _entered(self, new: Supervised) -> int:
        self._all.at_point("supervision_ordered")
        new.since = self._all.clock.monotonic()
        self._all.add(new)
        self._all.tell()
        self._ring(new)
        return new.id

    def _begun(self, result: Any, by: str) -> Any:
        self._beginning.discard(by)
        return result

    def _ring(self, new: Supervised) -> None:
        def failed(failure: Failure) -> None:
            failure.trap(SwitchRefusedError, SwitchUnavailableError)
            # Without an answer it may ring all the same: the snapshot after the reconnect tells.
            if failure.check(SwitchRefusedError):
                self._all.end(new, "not_reached")

        ordered = self._all.line.ring(
            new.leg_id,
            new.supervisor,
            agent_leg=new.agent_leg,
            mode=new.mode,
            room=new.room,
            seconds=RING_SECONDS,
        )
        ordered.addErrback(failed)

    def _set_mode(self, found: Supervised, mode: Mode, by: str) -> Deferred[int]:
        if (found.wanted or found.mode) is mode:
            return succeed(found.id)
        found.wanted = mode
        self._all.note(found, mode.value, by)

        def stored(_: None) -> int:
            found.mode, found.since = mode, self._all.clock.monotonic()
            if found.wanted is mode:  # else another one was ordered meanwhile, and is being stored
                found.wanted = None
                if found.state == LISTENING:
                    quietly(self._all.line.change(found.leg_id, found.room, mode), "change")
            return found.id

        def not_stored(failure: Failure) -> Failure:
            if found.wanted is mode:
                found.wanted = None
            self._all.note(found, found.mode.value, OURSELVES, "not_stored")
            return failure

        return self._all.store(found).addCallbacks(stored, not_stored)

    def _three_way(self, call_id: str) -> Deferred[int | None]:
        return self._all.database.read(partial(threeway.live_on, call_id=call_id))

    # What the switch tells.

    def _alerted(self, leg_id: str) -> None:
        found = self._all.of_leg(leg_id)
        if found is not None and found.state == RINGING:
            self._all.roster.offered(found.supervisor, found.call_id, leg_id)

    def _up(self, leg_id: str) -> None:
        found = self._all.of_leg(leg_id)
        if found is None or found.state != RINGING:
            return
        found.state, found.answered_at = LISTENING, self._all.clock.now()
        self._all.roster.only_listens(leg_id, listens=True)
        self._all.roster.connected(found.supervisor, found.call_id, leg_id)
        self._all.note(found, "answered", found.supervisor)
        self._all.keep(found)

    def _gone(self, leg_id: str) -> None:
        found = self._all.of_leg(leg_id)
        if found is not None:
            self._all.end(found, "not_reached" if found.state == RINGING else "ended")

    def _not_sent(self, leg_id: str) -> None:
        found = self._all.of_leg(leg_id)
        if found is not None and found.state == RINGING:
            self._all.end(found, "not_reached")

    def _came_in(self, room: str, leg_id: str) -> None:
        for found in self._all.all():
            if room == found.room:
                self._take_over.came_in(found, leg_id)
            elif leg_id == found.agent_leg and found.state == LISTENING and found.barges:
                # The agent went into a room with a unit: a citizen who waits outside must not hear this.
                quietly(self._set_mode(found, Mode.LISTEN, OURSELVES), "change")

    # Agreeing with a snapshot.

    def _compare(self, living: Mapping[str, Channel]) -> None:
        now = self._all.clock.monotonic()
        for found in self._all.all():
            if now - found.since >= FRESH:
                self._agree_on(found, living)

    def _agree_on(self, found: Supervised, living: Mapping[str, Channel]) -> None:
        channel = living.get(found.leg_id)
        if channel is None:
            self._gone(found.leg_id)
        elif found.state == RINGING and channel.state == "Up":
            self._up(found.leg_id)
        elif found.state in {TAKING, WAITING}:
            self._take_over.judge(found, channel, living.get(found.citizen_leg))
        elif found.state == LISTENING and channel.context in set(PLACE_OF.values()) - {PLACE_OF[found.mode]}:
            quietly(self._all.line.change(found.leg_id, found.room, found.mode), "change")
