"""Moving and ending the lines of transfers, and what is closed because they cannot be moved.

Which moves the switch has done for us is kept while they are under way: the journal tells it a moment
later, and always.
"""

from collections.abc import Callable, Collection, Generator
from functools import partial
from typing import Any, Protocol

import structlog
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from telephony.clock import Clock, Timer
from telephony.errors import HotlineError, SwitchRefusedError, SwitchUnavailableError
from telephony.floor.transfer_targets import Targets
from telephony.pbx import transfers as line
from telephony.pbx.transfers import Step, TransferLine
from telephony.rules import transfer as rules
from telephony.store import transfers as rows
from telephony.store.database import Database
from telephony.store.transfers import TransferView

AGAIN = 1.0
"""Seconds until it is looked again whether a hang-up has come to anything."""
NOT_MOVED = "not_moved"
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


class TransferMoves:
    """What is done with the lines of a transfer; `withdrawn` is told of a ring that is taken back."""

    def __init__(  # noqa: PLR0913, PLR0917 - what the transfers hand in, once
        self,
        database: Database,
        switch: TransferLine,
        clock: Clock,
        timer: Timer,
        targets: Targets,
        units: Units,
        withdrawn: Callable[[str, str], None],
    ) -> None:
        self._database, self._line, self._clock, self._timer = database, switch, clock, timer
        self._targets, self._units, self._withdrawn = targets, units, withdrawn
        self._moving: set[int] = set()
        self._moved: set[int] = set()

    @property
    def is_up(self) -> bool:
        """Whether the switch can be asked."""
        return self._line.is_up

    def known(self, number: int) -> bool:
        """Tell whether the lines of a transfer are being moved by us, or have been."""
        return number in self._moving or number in self._moved

    def keep_only(self, live: Collection[int]) -> None:
        """Forget all but those that are under way."""
        self._moved &= set(live)

    @inlineCallbacks
    def move(self, begun: TransferView) -> Generator[Deferred[Any], Any, None]:
        """Move who is to be moved; raise as the switch refuses, and close it then."""
        self._moving.add(begun.id)
        try:
            if begun.kind == "unit":
                self._line.set_variable(begun.citizen_leg, line.NUMBER, line.exten(begun.id))
                blind = begun.mode == "blind"
                yield self._units.begin(begun.call_id, begun.target, begun.by, blind=blind)
            else:
                outside = self._targets.outside(begun.kind, begun.target)
                yield self._line.move(begun.id, *_steps(begun, outside or ""))
            self._moved.add(begun.id)
        except SwitchUnavailableError:
            raise  # it may have been done: the next reconnect tells
        except HotlineError:
            yield self.close(begun, NOT_MOVED)
            raise
        finally:
            self._moving.discard(begun.id)

    @inlineCallbacks
    def take_back(self, found: TransferView) -> Generator[Deferred[Any], Any, None]:
        """Bring the citizen back to the first agent."""
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
        outside = self._targets.outside(found.kind, found.target)
        rung = found.agent if outside is None else outside.partition("@")[2]
        for channel in living:
            mine = channel.call_id == found.call_id
            other = channel.leg_id not in {found.from_leg, found.citizen_leg}
            if mine and other and channel.endpoint == rung:
                self._withdrawn(channel.endpoint, channel.leg_id)
                yield self.end(channel.leg_id)
        self._timer.callLater(AGAIN, self._drop_again, found.id)

    def _drop_again(self, number: int) -> None:
        def look(found: TransferView | None) -> Deferred[None] | None:
            asked = found is not None and found.ended_at is None and found.wish == "cancel"
            if asked and found is not None and found.state in {rules.ASKING, rules.CONSULTING}:
                return self._drop(found)
            return None

        read = self._database.read(partial(rows.find, reference=str(number)))
        read.addCallback(look).addErrback(_logged)

    def end(self, leg_id: str) -> Deferred[Any]:
        """End a line; one that has gone is what was wanted."""
        return self._line.hang_up(leg_id).addErrback(_has_gone)

    def close(self, found: TransferView, why: str, state: str = rules.FAILED) -> Deferred[None]:
        """End a transfer that never began, or of which nobody knows more."""
        work = partial(rows.close, transfer_id=found.id, cause=why, now=self._clock.now(), state=state)
        return self._database.write(work, urgent=True)


def _steps(begun: TransferView, outside: str) -> list[Step]:
    number = line.exten(begun.id)
    citizen = {
        line.NUMBER: number,
        line.FIRST: begun.from_agent,
        line.LEG: begun.from_leg,
        line.TO_AGENT: begun.agent or "",
        line.TO_QUEUE: begun.queue or "",
        line.TO_OUTSIDE: outside,
    }
    if begun.mode == "blind":
        place = line.OUTSIDE if outside else line.AGENT if begun.agent else line.QUEUE
        return [Step(begun.citizen_leg, place, citizen)]
    agent = {
        f"__{line.NUMBER}": number,
        f"__{line.CITIZEN}": begun.citizen_leg,
        f"__{line.LEG}": begun.from_leg,
        line.TO_AGENT: begun.agent or "",
        line.TO_OUTSIDE: outside,
        line.CANCEL: "",
    }
    return [Step(begun.citizen_leg, line.WAITS, citizen), Step(begun.from_leg, line.CONSULT, agent)]


def _has_gone(failure: Failure) -> None:
    failure.trap(SwitchRefusedError)  # the line had ended already, which is what was wanted


def _logged(failure: Failure) -> None:
    quiet = failure.check(SwitchUnavailableError, SwitchRefusedError)
    (log.warning if quiet else log.error)("transfer_not_done", why=repr(failure.value))
