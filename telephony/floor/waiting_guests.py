"""Those who wait: as the dialplan presents them, as the room keeps them, as they are told."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from telephony.rules.call_story import Datum, Happening
from telephony.rules.waiting import Caller, Turn
from telephony.store.waiting import WAITS, Waited


@dataclass(frozen=True)
class Asking:
    """A caller as the dialplan presents them: `offered` rang last, `status` is app_queue's word of that."""

    call_id: str
    queue: str
    priority: int
    since: datetime
    preferred: str = ""
    number: str = ""
    offered: str = ""
    status: str = ""

    def waited(self, ours: frozenset[str]) -> Waited:
        """Return what is kept of it; whom we called shows a number of ours, so theirs is not known yet."""
        called = self.number in ours
        number = None if called else self.number or None
        return Waited(
            self.call_id, self.queue, self.priority, self.since, self.preferred, number, called=called
        )


NOTED, LET_GO, SENT = "noted", "let_go", "sent"
"""How far it is that somebody goes: it is being stored; they are let go, for the last limit is passed
(telephony.floor.overflow); they are sent to another queue (telephony.floor.waiting_elsewhere)."""


Note = Callable[[sa.Connection, str, str, datetime], None]
"""Stores that somebody is sent elsewhere: by the call's id, from which queue, and when."""


@dataclass(frozen=True)
class Detour:
    """Where those of a queue go on; `prompt` tells them so, and `note` is stored before that."""

    queue: str
    prompt: str
    note: Note


@dataclass
class Guest:
    """Somebody who waits. `agent` rings for them, since `moved_at`; times by the monotonic clock.

    `passed` are the steps of overflow behind them, `helpers` the queues whose agents serve them as well.
    `called`: we called them, so there is nothing to call back about. `detour` is where they are sent.
    `moved`: they came from another queue with their arrival, and were asked to stay: nobody lets them go.
    """

    call_id: str
    queue: str
    priority: int
    since: datetime
    preferred: str
    number: str
    called: bool
    asked_at: float
    said_at: float | None = None
    agent: str = ""
    turn: int = 0
    moved_at: float = 0.0
    passed: frozenset[int] = frozenset()
    helpers: frozenset[str] = frozenset()
    parting: str = ""
    detour: Detour | None = None
    moved: bool = False

    @classmethod
    def of(cls, waited: Waited, now: float) -> "Guest":
        """Return somebody who comes in now."""
        return cls(
            waited.call_id,
            waited.queue,
            waited.priority,
            waited.since,
            waited.preferred,
            waited.number or "",
            waited.called,
            now,
            moved=waited.moved,
        )

    def known(self, by_ledger: tuple[str | None, bool] | None) -> None:
        """Note what the ledger knows of them (telephony.store.waiting.Known)."""
        if by_ledger is not None:
            self.number, self.called = by_ledger[0] or "", by_ledger[1]

    def caller(self) -> Caller:
        """Return what the rule needs to know."""
        return Caller(
            self.call_id,
            self.queue,
            self.priority,
            self.since,
            self.preferred,
            ringing=bool(self.agent),
            helpers=self.helpers,
            parting=bool(self.parting),
        )


def waits(guest: Guest, now: datetime) -> Happening:
    """Return the event that says that somebody began to wait; told twice it is one."""
    data: dict[str, Datum] = {
        "queue": guest.queue,
        "priority": guest.priority,
        "since": guest.since.isoformat(),
        "preferred": guest.preferred,
    }
    # Who was transferred waits since the same moment, but elsewhere: a service that starts anew must know.
    key = f"{guest.call_id}:waits:{guest.since.timestamp():.6f}:{guest.queue}:{guest.priority}"
    return Happening(now, WAITS, key, None, data)


def told(turn: Turn, guest: Guest, now: datetime, key: str) -> list[Happening]:
    """Return the turn as events: who goes to whom, and who was passed over for what reason."""
    waited = round((now - guest.since).total_seconds(), 3)
    data: dict[str, Datum] = {"queue": guest.queue, "priority": guest.priority, "waited": waited}
    events = [Happening(now, "turn", f"{key}:turn", turn.agent, {**data, "because": turn.because})]
    if turn.passed:
        over = " ".join(f"{passed.call_id}:{passed.reason}" for passed in turn.passed)
        events.append(Happening(now, "overtook", f"{key}:overtook", turn.agent, {"over": over}))
    return events
