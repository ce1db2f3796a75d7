"""Call set-up from the citizen's INVITE to the agent's, ours beside plain Asterisk: `python -m bench.calls`.

Two Asterisks with the same configuration and agents: one with the service and its route, one with the same
dialplan (Answer, prompts, MixMonitor, events) that goes to Queue() without AGI, and no service beside it.
SIPp is citizen and agent; an agent answers at once and hangs up after 0.2 s. Prompts last 20 ms and there is
no menu. Both wait 0.5 s in Answer() for a first frame of the citizen, who sends no sound: that is in both.

A call has failed if it did not reach an agent, did not end by the agent's BYE, or, ours only, is not
`answered` in the ledger 5 s after the last call, or went past the service to the default queue.
"""

import argparse
import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.rig import (
    NUMBER,
    PLAIN,
    TALK_MS,
    Agents,
    BenchSwitch,
    Calls,
    Citizens,
    Outcome,
    Service,
    wait_ledger,
)

AGENTS = 100
LATENCY_RATE, LATENCY_SECONDS = 5, 18
PROBE_SECONDS, HOLD_SECONDS = 5, 30
FIRST_RATE, HIGHEST, COARSE, STEP, TRIES_DOWN = 20, 400, 1.5, 1.15, 3
PATIENCE_MS = 8000
"""A citizen whose call has not ended by then hangs up: the call has failed."""
LEDGER_SECONDS = 5
OURS, BARE = "our route", "plain Asterisk"
ORDER = (BARE, OURS, BARE, OURS)


class Side:
    """One of the two: a switch, its agents, and the service or none."""

    def __init__(self, name, folder):
        self.name, self._folder, self._nth = name, folder, 0
        self._stack = contextlib.ExitStack()

    def begin(self):
        """Start everything, in a folder of its own."""
        self._nth += 1
        self.switch = BenchSwitch(self._folder / f"switch{self._nth}", AGENTS)
        self._stack.callback(self.switch.stop)
        self.switch.start()
        self.agents = Agents(self.switch, self._folder / f"agents{self._nth}")
        self._stack.callback(self.agents.stop)
        self.agents.register()
        self.agents.answer(TALK_MS)
        self.service = None
        if self.name == OURS:
            self.service = Service(self.switch)
            self._stack.callback(self.service.stop)
            self.service.start().log_everybody_in()
        else:
            self.switch.add_members()
        self.load(LATENCY_RATE, 3)  # warm: files, prepared statements
        return self

    def end(self):
        """Stop everything."""
        self._stack.close()

    def load(self, rate, seconds):
        """Place calls at a rate for a time and say what became of them."""
        count = round(rate * seconds)
        called = NUMBER if self.service else PLAIN
        self.agents.news()
        citizens = Citizens(
            self.switch, self._folder, Calls(called, rate, count, PATIENCE_MS, 50 + int(rate * 3))
        )
        citizens.wait(seconds + PATIENCE_MS / 1000 + 2)
        time.sleep(0.3)  # an agent's BYE is answered before SIPp has written its line
        sent, ended = citizens.news()
        invited, talked = self.agents.news()
        first = min(sent.values(), default=0)
        outcome = Outcome(rate, count)
        outcome.times = [invited[who] - when for who, when in sent.items() if who in invited]
        failed = {
            "not sent in time": count - sum(when - first <= seconds + 1 for when in sent.values()),
            "no agent": len(set(sent) - set(invited)),
            "not ended by the agent": len(set(sent) - (ended & talked)),
        }
        if self.service:
            outcome.ledger_lag, (_, answered, passed_by) = wait_ledger(
                self.switch, citizens.prefix, count, LEDGER_SECONDS
            )
            failed |= {"not answered in the ledger": count - answered, "past the service": passed_by}
        outcome.failed = {why: many for why, many in failed.items() if many}
        return outcome


def highest(side, start, say):
    """Return the outcome of the highest rate held for 30 s.

    Short probes, each half as fast again, find where to begin; the second run begins where the first one
    ended. From there one step up, or down until a rate is held.
    """
    if start is None:
        start = FIRST_RATE
        while start <= HIGHEST and tried(side, start * COARSE, PROBE_SECONDS, say).good:
            start *= COARSE
        start /= STEP
        best = tried(side, start, HOLD_SECONDS, say)
        higher = tried(side, start * STEP, HOLD_SECONDS, say) if best.good else best
        best = higher if higher.good else best
    else:
        best = tried(side, start, HOLD_SECONDS, say)
    for _ in range(TRIES_DOWN):
        if best.good:
            return best
        best = tried(side, best.rate / STEP, HOLD_SECONDS, say)
    return best if best.good else Outcome(0, 0)


def tried(side, rate, seconds, say):
    outcome = side.load(round(rate), seconds)
    say(side, outcome, seconds)
    if not outcome.good:  # what an overload leaves behind would fail the next load as well
        side.end()
        side.begin()
    return outcome


def percentile(times, share):
    return sorted(times)[min(int(len(times) * share), len(times) - 1)] * 1000 if times else float("nan")


def latency_table(runs):
    title = f"from the citizen's INVITE to the agent's, at {LATENCY_RATE} calls/s; A B A B, both runs"
    table = Table(title=title)
    for heading in ("side", "calls", "failed", "p50 ms", "p99 ms", "added p50 ms", "added p99 ms"):
        table.add_column(heading, justify="left" if heading == "side" else "right")
    figures = {}
    for name, outcomes in runs.items():
        times = [one for outcome in outcomes for one in outcome.times]
        figures[name] = percentile(times, 0.5), percentile(times, 0.99)
        added = [f"{ours - base:.1f}" for ours, base in zip(figures[name], figures[BARE], strict=True)]
        failed = sum(max(outcome.failed.values(), default=0) for outcome in outcomes)
        shown = [f"{value:.1f}" for value in figures[name]]
        table.add_row(name, str(len(times)), str(failed), *shown, *(added if name != BARE else ["", ""]))
    return table


def rate_table(runs):
    table = Table(title=f"highest rate held for {HOLD_SECONDS} s without a failed call; A B A B")
    for heading in ("side", "calls/s, each run", "ratio", "p50 ms", "p99 ms", "ledger whole after"):
        table.add_column(heading, justify="left" if heading == "side" else "right")
    base = sum(outcome.rate for outcome in runs[BARE])
    for name, outcomes in runs.items():
        times = [one for outcome in outcomes for one in outcome.times]
        lag = f"{max(outcome.ledger_lag for outcome in outcomes):.1f} s" if name == OURS else ""
        ratio = sum(outcome.rate for outcome in outcomes) / base if base else float("nan")
        rates = "  ".join(f"{outcome.rate:.0f}" for outcome in outcomes)
        shown = [f"{percentile(times, share):.0f}" for share in (0.5, 0.99)]
        table.add_row(name, rates, f"{ratio:.2f}", *shown, lag)
    return table


def measure(folder, console):
    def say(side, outcome, seconds):
        failed = ", ".join(f"{many} {why}" for why, many in outcome.failed.items()) or "none failed"
        console.print(f"{side.name}: {outcome.rate:.0f} calls/s for {seconds} s: {failed}", style="dim")

    with contextlib.ExitStack() as stack:
        sides = {name: Side(name, folder / str(nth)) for nth, name in enumerate((BARE, OURS))}
        latencies, rates = {BARE: [], OURS: []}, {BARE: [], OURS: []}
        for side in sides.values():
            stack.callback(side.end)
            side.begin()
        for name in ORDER:
            outcome = sides[name].load(LATENCY_RATE, LATENCY_SECONDS)
            say(sides[name], outcome, LATENCY_SECONDS)
            latencies[name].append(outcome)
        console.print(latency_table(latencies))
        for name in ORDER:
            before = rates[name][0].rate if rates[name] else None
            rates[name].append(highest(sides[name], before, say))
        console.print(rate_table(rates))
    if not all(outcome.rate for outcomes in rates.values() for outcome in outcomes):
        raise RuntimeError("no rate was held: the machine is too busy to measure")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.parse_args()
    console = Console(width=110)
    console.print(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what we started
    with tempfile.TemporaryDirectory(
        prefix="hotline-bench-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        measure(Path(folder), console)
    console.print(f"took {time.monotonic() - begun:.0f} s; SIPp runs on the same cores")


if __name__ == "__main__":
    sys.exit(main())
