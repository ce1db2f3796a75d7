"""How fast the dialer's loop is, and how busy it keeps its channels: `python -m bench.revisit_loop`.

The dialer, its witness, the store with its threads, and the ledger are the service's own; bands and
calendar are open at any hour. First the line is one in this process, which alerts, answers and hangs up: at
once, to see how many attempts a second the loop drives, beside as many writes of one row each and nothing
else, one after the other and all asked for at once; then after --seconds, to see how busy CHANNELS are
kept. Last the same with the whole service, a real Asterisk and a far end that speaks SIP. Busy is what is
used of all channels from the first call to the begin of the last one: so long cases are waiting.
"""

import argparse
import contextlib
import logging
import random
import signal
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog
import uvloop
from twisted.internet import asyncioreactor

asyncioreactor.install(uvloop.new_event_loop())
from twisted.internet import reactor  # noqa: E402 - the reactor is installed first
from twisted.internet.defer import Deferred, DeferredList, inlineCallbacks, succeed  # noqa: E402

from bench.markdown import DATABASES, databases, print_load, print_table  # noqa: E402
from bench.revisit_store import due_now, fill, open_at_any_hour  # noqa: E402
from telephony.building.outbound_sides import CallLedger  # noqa: E402 - the service's own, as everything here
from telephony.callback.channels import Channels, Limits  # noqa: E402
from telephony.callback.desk import Desk, Settings, Times  # noqa: E402
from telephony.callback.dialer import Dialer  # noqa: E402
from telephony.callback.recovery import Recovery  # noqa: E402
from telephony.clock import SystemClock  # noqa: E402
from telephony.peers.far_end import FarEnd  # noqa: E402
from telephony.peers.far_end_call import Behaviour  # noqa: E402
from telephony.rules.verdict import ANSWERED, Kind  # noqa: E402
from telephony.store.database import Database  # noqa: E402
from telephony.store.outbound_tables import no_disturb  # noqa: E402
from tests.pbx.revisiting import Revisiting  # noqa: E402

CASES, CHANNELS, AT_ONCE = 1000, 30, 100
AIM = 0.95
PACE = 10_000
INSERT = no_disturb.insert()


class QuickLine:
    """Answers every call as soon as it is placed; hangs up after half the seconds to half as many more."""

    is_up = True

    def __init__(self, seconds):
        self._seconds, self._note, self._chance = seconds, None, random.Random(1)  # noqa: S311 - no secret
        self.calls = {}
        """Begin and end of each call, monotonic."""

    def listen(self, note):
        """Tell a witness of everything."""
        self._note = note

    def originate(self, order):
        """Ring."""
        self.calls[order.attempt_id] = [time.monotonic(), None]
        reactor.callLater(0, self._answer, order.attempt_id)
        return succeed(None)

    def living(self):
        """Return the state of every channel."""
        return succeed({name: "Up" for name, (_, ended) in self.calls.items() if ended is None})

    def _answer(self, name):
        now = datetime.now(UTC)
        self._note(name, Kind.ALERTING, now, {"status": "RINGING"})
        self._note(name, Kind.DIAL_END, now, {"status": "ANSWER"})
        self._note(name, Kind.UP, now, {})
        self._note(name, Kind.RESPONSE, now, {"reason": ANSWERED})
        if self._seconds:
            reactor.callLater(self._seconds * self._chance.uniform(0.5, 1.5), self._hang_up, name)
        else:
            self._hang_up(name)

    def _hang_up(self, name):
        self.calls[name][1] = time.monotonic()
        self._note(name, Kind.HANGUP, datetime.now(UTC), {"cause": 16, "sip_code": None})


class CountingDatabase(Database):
    """The service's database, which counts what is asked of it, and in how many commits it is done."""

    writes = commits = 0

    def _commit(self, batch):
        super()._commit(batch)
        self.writes += len(batch)
        self.commits += 1


class Loop:
    """A dialer on a store of its own with cases that are all due."""

    def __init__(self, url, channels, seconds):
        fill(url, due_now(CASES, datetime.now(UTC)))
        self.database = CountingDatabase(url, reactor)
        self.line, self._left, self._over = QuickLine(seconds), CASES, Deferred()
        self._dialer = Dialer(
            [open_at_any_hour()],
            database=self.database,
            line=self.line,
            channels=Channels(Limits({"carrier": channels}, channels, 0, PACE, 100, 60), lambda _: 0),
            times=Times(SystemClock(), reactor, "bench"),
            settings=Settings("bench", "bench"),
            desk=Desk(self._judged, CallLedger("bench")),
        )
        self.line.listen(self._dialer.witness.note)

    @inlineCallbacks
    def run(self):
        """Call every case once; return the seconds from the first scan to the last verdict."""
        self.database.start()
        recovery = Recovery(self._dialer, lambda *_: None)
        yield recovery.begin()
        begun, self.database.writes, self.database.commits = time.monotonic(), 0, 0
        yield recovery.settle()
        yield self._over
        return time.monotonic() - begun

    @inlineCallbacks
    def bare(self, writes, *, at_once):
        """Return the seconds of so many writes of one row each."""
        begun, asked = time.monotonic(), []
        for nth in range(writes):
            row = {"number": f"{at_once}{nth}", "reason": "bench", "added_at": datetime.now(UTC)}
            asked.append(self.database.write(lambda connection, row=row: connection.execute(INSERT, row)))
            if not at_once:
                yield asked[-1]
        yield DeferredList(asked)
        return time.monotonic() - begun

    @inlineCallbacks
    def close(self):
        """Stop the threads."""
        yield self._dialer.stop(1)
        self.database.stop()

    def _judged(self):
        self._left -= 1
        if not self._left:
            self._over.callback(None)


def busy(calls, channels):
    """Return the share of all channels that these (begin, end) use while cases are waiting."""
    first, last = min(begin for begin, _ in calls), max(begin for begin, _ in calls)
    used = sum(min(end, last) - begin for begin, end in calls)
    return used / (channels * (last - first)), last - first


@inlineCallbacks
def rates(new):
    """Yield nothing; return the rows of the first table."""
    rows = []
    for kind in DATABASES:
        loop = Loop(new(kind, "rate"), AT_ONCE, 0)
        seconds = yield loop.run()
        writes, commits = loop.database.writes, loop.database.commits
        alone = yield loop.bare(writes, at_once=False)
        together = yield loop.bare(writes, at_once=True)
        yield loop.close()
        per_attempt = [f"{writes / CASES:.2f}", f"{commits / CASES:.2f}"]
        speeds = [f"{CASES / lasted:.0f}" for lasted in (seconds, alone, together)]
        rows.append([kind, *per_attempt, *speeds])
    return rows


@inlineCallbacks
def in_process(new, seconds):
    """Return the rows of the second table that need no switch."""
    rows = []
    for kind in DATABASES:
        loop = Loop(new(kind, "busy"), CHANNELS, seconds)
        yield loop.run()
        yield loop.close()
        rows.append(row(f"in process, {kind}", loop.line.calls.values()))
    return rows


def row(what, calls):
    share, lasted = busy(calls, CHANNELS)
    return [what, len(calls), f"{lasted:.1f}", f"{100 * share:.1f} %", "met" if share >= AIM else "missed"]


class TimedFarEnd(FarEnd):
    """Notes when a call comes and when it hangs up."""

    def __init__(self, *words):
        super().__init__(*words)
        self.calls = {}

    def happened(self, *words):
        """Note an event, from whatever thread."""
        if words[0] == "invited":
            self.calls[words[1]] = [time.monotonic(), None]
        elif words[0] in {"hung-up", "far-end-bye", "cancelled"}:
            self.calls[words[1]][1] = time.monotonic()
        super().happened(*words)


def on_a_switch(folder, seconds):
    """Return the row of the whole service with an Asterisk."""
    dialer = {"channels": CHANNELS, "inbound_share": 0, "calls_per_second": 50}
    house = Revisiting(folder, ring_floor_seconds=10, dialer=dialer)
    house.far_end = TimedFarEnd("127.0.0.2", house.switch.carrier_port, folder / "far-end")
    rings = seconds / 3
    answers = Behaviour(
        ring_ms=int(rings * 1000), answer=True, hang_up_after_ms=int((seconds - rings) * 1000), voice="silent"
    )
    with contextlib.ExitStack() as stack:
        stack.callback(house.stop)
        house.start()
        house.service.post("/revisits/pause", reason="bench", by="bench")
        for _ in range(CASES):
            house.case(answers)
        house.service.post("/revisits/resume")
        house.far_end.wait_event("ended", timeout=CASES * seconds / CHANNELS * 4 + 60, nth=CASES)
    return row("Asterisk, SQLite", house.far_end.calls.values())


def measure(seconds):
    """Run what needs no switch in the reactor; return the rows of both tables, or raise what went wrong."""
    found = []

    @inlineCallbacks
    def work(new):
        try:
            found.append((yield rates(new)))
            found.append((yield in_process(new, seconds)))
        except Exception as error:  # noqa: BLE001 - raised again where somebody sees it
            found.append(error)
        reactor.stop()

    with databases() as new:
        reactor.callWhenRunning(work, new)
        reactor.run()
    if isinstance(found[-1], Exception):
        raise found[-1]
    return found


def main(seconds):
    """Measure and print."""
    print_load()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what we started
    speed, share = measure(seconds)
    print(f"{CASES} calls that are answered and end at once, {AT_ONCE} channels:\n")
    writes = ["writes an attempt", "commits an attempt"]
    bare = ["as many bare writes, one by one", "bare writes, all at once"]
    headings = ["store", *writes, "attempts/s", *bare]
    print_table(headings, speed)
    with tempfile.TemporaryDirectory(
        prefix="hotline-bench-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        share.append(on_a_switch(Path(folder), seconds))
    print(
        f"{CASES} due cases, {CHANNELS} channels, calls of {seconds} s, in process half to 1.5 times that:\n"
    )
    print_table(["line", "calls", "seconds", "channels busy", f"at least {100 * AIM:.0f} %"], share)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3, help="how long a call lasts, its ring included")
    main(parser.parse_args().seconds)
