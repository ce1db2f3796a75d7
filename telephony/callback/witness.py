"""What is seen of calls under way: kept as evidence, and judged from the store once a call is over."""

from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import IntegrityError
from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.python.failure import Failure

from telephony.callback.campaign import Campaign, Line, nothing
from telephony.callback.channels import Channels
from telephony.callback.desk import Desk, Store, Times
from telephony.callback.live import LiveCall, kinds_of
from telephony.clock import Delayed
from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.rules.verdict import ANSWERED, Datum, Evidence, Finding, Kind, digest, end_of, judge
from telephony.store import attempts as attempt_rows

log = structlog.get_logger()
RETRY = 1.0
"""Seconds until the next try when the store refused (disk full, database away, locked)."""
GRACE = 3.0
"""Seconds for the rest of what the switch has to say of a call that is over."""
WATCH = 30.0
"""Seconds after its guard timer at which a call that is not over is looked for in the switch."""
PUNCTUAL = 0.05
"""Seconds after which evidence came late: its monotonic time is then not that of what it tells."""
LATE = 4096
"""Calls that are over and whose late evidence is still kept."""


class Witness:
    """The calls under way, and the evidence of them."""

    def __init__(  # noqa: PLR0913 - what the dialer hands in, once
        self,
        campaigns: Mapping[str, Campaign],
        *,
        database: Store,
        line: Line,
        channels: Channels,
        times: Times,
        desk: Desk,
        at_point: Callable[[str], None] = nothing,
    ) -> None:
        self._campaigns, self._database, self._line = campaigns, database, line
        self._channels, self._times, self._desk, self._at_point = channels, times, desk, at_point
        self.live: dict[str, LiveCall] = {}
        self._over: deque[str] = deque(maxlen=LATE)
        self._strays: deque[tuple[str, Evidence]] = deque(maxlen=LATE)
        """Evidence of calls that are not known: after a start they are taken up a moment later."""
        self._news: list[tuple[str, Evidence]] = []
        self._flush: Delayed | None = None
        self.when_over: Callable[[datetime | None], None] = lambda _: None
        """Called each time a call has let go of its channel, with the time of its task's next call."""

    def join(self, call: LiveCall) -> None:
        """Count in a call that holds a channel from here on."""
        self.live[call.attempt_id] = call
        self._channels.take(call.trunk)

    def take_up(self, call: LiveCall) -> None:
        """Count in a call of an earlier life, with what the switch has told of it since we listen."""
        self.join(call)
        for told in [each for attempt_id, each in self._strays if attempt_id == call.attempt_id]:
            self._take(call.attempt_id, told)

    def note(self, attempt_id: str, kind: str, at: datetime, data: Mapping[str, Datum]) -> None:
        """Take evidence from the switch; it is stored soon, and a call that is over is then judged."""
        self._take(attempt_id, self._evidence(kind, at, data))

    def _take(self, attempt_id: str, told: Evidence) -> None:
        call = self.live.get(attempt_id)
        if call is None and attempt_id not in self._over:
            self._strays.append((attempt_id, told))
            return
        if call is not None:
            for kind in kinds_of([told]):
                call.saw(kind, answered=told.data.get("reason") == ANSWERED)
            call.unstored += 1
        self._news.append((attempt_id, told))
        if self._flush is None:
            self._flush = self._times.timer.callLater(0, self._store_news)

    def tell(self, attempt_id: str, kind: str, data: Mapping[str, Datum]) -> Deferred[None]:
        """Store evidence from the survey; fires after the commit: the answer is stored before the goodbye."""
        call = self.live.get(attempt_id)
        if call is not None:
            call.saw(kind)
        told = [(attempt_id, self.evidence_of(kind, data))]
        return self._database.write(lambda connection: attempt_rows.append(connection, told), urgent=True)

    def evidence_of(self, kind: str, data: Mapping[str, Datum]) -> Evidence:
        """Return what has just been said as evidence."""
        return self._evidence(kind, self._times.now(), data)

    def _evidence(self, kind: str, at: datetime, data: Mapping[str, Datum]) -> Evidence:
        more = f":{data['status']}" if "status" in data else ""
        key = f"{kind}{more}:{at.timestamp():.6f}"
        late = (self._times.now() - at).total_seconds()
        if late > PUNCTUAL:
            data = {**data, "late": round(late, 3)}
        return Evidence(kind, at, key, self._times.monotonic(), self._times.boot, data)

    def _store_news(self) -> None:
        self._flush = None
        news, self._news = self._news, []
        if not news:
            return
        rang = [attempt_id for attempt_id, each in news if each.kind == Kind.ALERTING]

        def work(connection: sa.Connection) -> None:
            attempt_rows.append(connection, news)
            if rang:
                attempt_rows.ringing(connection, rang)

        def stored(_: None) -> None:
            if rang:
                self._at_point("while_ringing")
            for attempt_id, count in Counter(attempt_id for attempt_id, _ in news).items():
                self._look_at(attempt_id, count)

        def failed(failure: Failure) -> None:
            log.error("evidence_not_stored", why=repr(failure.value), retry_seconds=RETRY)
            self._news[:0] = news
            self._flush = self._flush or self._times.timer.callLater(RETRY, self._store_news)

        self._database.write(work).addCallbacks(stored, failed)

    def _look_at(self, attempt_id: str, stored: int) -> None:
        call = self.live.get(attempt_id)
        if call is None:
            return
        call.unstored -= stored
        if call.settling or call.unstored:
            return
        if call.is_whole or Kind.NOT_SENT in call.seen or Kind.UNWITNESSED in call.seen:
            self.settle(call)
        elif call.is_over:
            call.set_timer(self._times.timer.callLater(GRACE, self._waited, call))

    def _waited(self, call: LiveCall) -> None:
        """Judge a call of which no more is told; one that was answered meanwhile goes on."""
        if call.is_over:
            self.settle(call)
        else:
            self.watch(call, call.guard)

    def watch(self, call: LiveCall, seconds: float) -> None:
        """Look after so many seconds whether the switch still has the call."""
        call.set_timer(self._times.timer.callLater(seconds, self._missed, call))

    @inlineCallbacks
    def _missed(self, call: LiveCall) -> Generator[Deferred[Any], Any, None]:
        living: Mapping[str, str] | None = None
        if self._line.is_up:
            try:
                living = yield self._line.living()
            except (SwitchUnavailableError, SwitchRefusedError):
                living = None
        if call.attempt_id not in self.live:
            return
        if living is None or call.attempt_id in living:
            self.watch(call, WATCH)
        else:
            self.note(call.attempt_id, Kind.UNWITNESSED, self._times.now(), {})

    def settle(self, call: LiveCall) -> None:
        """Judge a call that is over, from what is stored, and let its campaign decide what follows."""
        call.set_timer(None)
        call.settling = True
        self._store_news()  # what has come and is not stored yet belongs to what is judged
        self._at_point("before_verdict_committed")

        def judged(result: tuple[Finding | None, datetime | None]) -> None:
            found, next_at = result
            # First of all: who lets go of the channel looks for the next call.
            if found is not None and self._channels.faulty(call.trunk, found, self._times.monotonic()):
                log.error("trunk_paused", trunk=call.trunk)
                self._database.write(
                    partial(self._desk.trunk_paused, trunk=call.trunk, now=self._times.now())
                )
            self.forget(call, next_at)
            self._desk.tell()

        def failed(failure: Failure) -> None:
            log.error("verdict_not_stored", attempt=call.attempt_id, why=repr(failure.value))
            call.set_timer(self._times.timer.callLater(RETRY, self.settle, call))

        self._database.write(partial(self._judge, call=call)).addCallbacks(judged, failed)

    def _judge(self, connection: sa.Connection, call: LiveCall) -> tuple[Finding | None, datetime | None]:
        campaign, tick = self._campaigns[call.campaign], self._times.tick()
        told = attempt_rows.told(connection, [call.attempt_id]).all
        found = judge(told, campaign.ring_floor)
        if not campaign.deems:
            found = replace(found, counts=False)
        if not self._settled(connection, call, found, told):
            return None, None
        self._desk.ledger.closed(connection, call.attempt_id, found.outcome, tick.at)
        return found, campaign.settled(connection, call.task_id, found, tick)

    @staticmethod
    def _settled(connection: sa.Connection, call: LiveCall, found: Finding, told: Sequence[Evidence]) -> bool:
        """Write the verdict; what the store refuses to count twice does not count."""
        end, evidence = end_of(found, told), digest(told)
        if found.counts:
            try:
                with connection.begin_nested():
                    return attempt_rows.settle(connection, call.attempt_id, found, evidence, end)
            except IntegrityError:
                log.exception("counted_twice", attempt=call.attempt_id)
                found = replace(found, counts=False, why="another call of this band counts already")
        return attempt_rows.settle(connection, call.attempt_id, found, evidence, end)

    def forget(self, call: LiveCall, next_at: datetime | None = None) -> None:
        """Let go of the channel of a call that is settled, or was never sent."""
        call.set_timer(None)
        if self.live.pop(call.attempt_id, None) is not None:
            call.machine.settle()
            self._over.append(call.attempt_id)
            self._channels.give_back(call.trunk)
            self.when_over(next_at)
