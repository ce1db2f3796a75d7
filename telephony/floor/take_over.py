"""A supervisor takes a citizen over (decision 0028): stored, ordered, seen to be done, each a state.

What was refused, or of which the service died, is stored as failed: the citizen is with the agent still.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import sqlalchemy as sa
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure

from telephony.errors import NotAllowedError, SwitchRefusedError
from telephony.floor.supervised import TAKEN, TAKING, WAITING, Supervised
from telephony.floor.supervisions import Supervisions, check_listening, quietly
from telephony.pbx.snapshot import Channel
from telephony.pbx.supervision import Place
from telephony.texts import say

DECIDED = 4.0
"""Seconds after which it is either done or not: longer than the dialplan waits for a supervisor."""


class TakeOver:
    """Takes citizens over; `agree` looks at the switch."""

    def __init__(self, supervisions: Supervisions, agree: Callable[[], None]) -> None:
        self._all, self._agree = supervisions, agree

    def order(self, found: Supervised, by: str, free: Callable[[sa.Connection], None]) -> Deferred[int]:
        """Store it, then move both; fires when the switch has the order, fails if it was refused.

        `free` raises NotAllowedError, in the transaction that stores it, if something else moves the citizen.
        """
        check_listening(found)
        self._check_alone(found)
        found.state, found.since = TAKING, self._all.clock.monotonic()
        found.inside.clear()
        self._all.note(found, "take_over", by)

        def not_stored(failure: Failure) -> Failure:
            self._all.not_taken(found, "not_stored")
            return failure

        return self._all.store(found, free).addCallbacks(lambda _: self._send(found), not_stored)

    def _check_alone(self, found: Supervised) -> None:
        """Raise NotAllowedError if another supervisor takes this citizen over, or just has.

        Who listens to that other one since then may take the citizen over from them.
        """
        for other in self._all.all():
            took = other.state in {TAKING, WAITING, TAKEN} and other.leg_id != found.agent_leg
            if other is not found and other.call_id == found.call_id and took:
                raise NotAllowedError(say("supervise.not_now", number=other.supervisor))

    def came_in(self, found: Supervised, leg_id: str) -> None:
        """Note that one of the two has entered the room."""
        found.inside.add(leg_id)
        self._look(found)

    def judge(self, found: Supervised, supervisor: Channel, citizen: Channel | None) -> None:
        """Say what came of it from where the switch has the two."""
        moved = supervisor.context == Place.TAKES
        if moved and citizen is not None and citizen.context == Place.CITIZEN:
            self._all.taken(found)
            return
        self._all.not_taken(found, "not_moved")
        if moved:  # the citizen has gone, or went back to an agent
            quietly(self._all.line.hang_up(found.leg_id), "hang up")

    def _send(self, found: Supervised) -> Deferred[int]:
        self._all.at_point("take_over_stored")
        if found.state != TAKING:  # the supervisor hung up while it was being stored
            raise NotAllowedError(say("supervise.refused"))
        found.since = self._all.clock.monotonic()
        sent = self._all.line.take_over(found.room, found.leg_id, found.citizen_leg, found.agent)
        self._all.later(DECIDED, self._agree)
        return sent.addCallbacks(lambda _: self._sent(found), self._not_sent, errbackArgs=(found,))

    def _sent(self, found: Supervised) -> Deferred[int]:
        if found.state != TAKING:
            return succeed(found.id)
        found.state = WAITING

        def stored(_: None) -> int:
            self._all.at_point("take_over_waiting")
            self._look(found)
            return found.id

        return self._all.store(found).addCallback(stored)

    def _look(self, found: Supervised) -> None:
        if found.state == WAITING and found.both_inside:
            self._all.taken(found)

    def _not_sent(self, failure: Failure, found: Supervised) -> Any:
        if failure.check(SwitchRefusedError) is None:
            return failure  # whether it was done the next snapshot tells
        self._all.not_taken(found, "refused")
        # It may be that only the citizen could not be moved, having gone: then there is nobody to talk with.
        quietly(self._all.line.living().addCallback(partial(self._left_alone, found)), "look")
        return Failure(NotAllowedError(say("supervise.refused")))

    def _left_alone(self, found: Supervised, living: Mapping[str, Channel]) -> None:
        channel = living.get(found.leg_id)
        if channel is not None and channel.context == Place.TAKES:
            quietly(self._all.line.hang_up(found.leg_id), "hang up")
