"""300 wait for 60 agents: from "ready" to ring, order, cost; beside app_queue: `python -m bench.waiting`.

SIPp is citizen and agent, and sends no sound; all who wait hear music, those of the waiting room words as
well. A citizen calls as soon as another's call has ended, so that 300 wait all the time. Agents answer at
once and talk for 20 s, without wrap-up. "Ready" is when Asterisk has answered the agent's BYE, "ring" the
next INVITE to that agent. A call has been overtaken if one whose INVITE was sent later rang an agent before
it: on a busy machine two greetings need not end in the order in which they began. A turn is out of order, by
our own events, if it went to somebody who had waited less long than the next. A call is lost if
it ended otherwise than by an agent's BYE, but for those that were up when the time was over.
"""

import argparse
import contextlib
import signal
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from bench.markdown import percentile, print_load, print_table
from bench.resources import channels, memory
from bench.rig import NUMBER, PLAIN, Agents, BenchSwitch, Calls, Citizens, Service, cpu_seconds, turns_given

TALK_MS = 20_000
PATIENCE_MS = 3_600_000
FILL_RATE = 20
BY_ROOM, SILENT, BY_SWITCH = "waiting room", "waiting room, no words", "app_queue alone"
RARELY = 600
"""Seconds between two words, where there are to be none."""
APART = 0.1
"""Seconds by which two arrivals, and two rings, must lie apart to be in an order at all."""


@dataclass(frozen=True)
class Load:
    """How many wait for how many agents, and for how long this is measured."""

    waiting: int
    agents: int
    seconds: int


@dataclass(frozen=True)
class Found:
    """What one side came to; CPU as shares of one core, memory in MiB of PSS, delays in seconds."""

    delays: list[float]
    waits: list[float]
    overtaken: int
    out_of_order: int | None
    lost: int
    switch: tuple[float, float]
    service: tuple[float, float] | None


def say(text):
    """Tell how far it is; the tables are on standard output."""
    print(text, file=sys.stderr, flush=True)


def measure(name, folder, load):
    """Fill a switch with waiting citizens, and watch it for the time given."""
    with contextlib.ExitStack() as stack:
        changes = {"waiting": {"word_seconds": RARELY}} if name == SILENT else {}
        switch = BenchSwitch(folder / "switch", load.agents, changes)
        stack.callback(switch.stop)
        switch.start()
        agents = Agents(switch, folder / "agents")
        stack.callback(agents.stop)
        agents.register()
        agents.answer(TALK_MS)
        service = None
        if name == BY_SWITCH:
            switch.add_members()
        else:
            service = Service(switch)
            stack.callback(service.stop)
            service.start().log_everybody_in()
        at_once = load.waiting + load.agents
        number = PLAIN if name == BY_SWITCH else NUMBER
        citizens = Citizens(switch, folder, Calls(number, FILL_RATE, 1_000_000, PATIENCE_MS, at_once))
        stack.callback(citizens.stop)
        fill(switch, at_once)
        agents.happened()  # of the time in which the line grew
        say(f"{name}: {load.waiting} wait, {load.agents} talk")
        costs = watch(switch, service, load.seconds)
        happened, (sent, ended) = agents.happened(), citizens.news()
        up = channels(switch)[0]
        rung = {caller: at for what, at, caller, _ in reversed(happened) if what == "invited"}
        return Found(
            delays(happened),
            [at - sent[caller] for caller, at in rung.items() if caller in sent],
            overtaken(sent, rung),
            out_of_order(turns_given(switch)) if service else None,
            max(0, len(sent) - len(ended) - up),
            *costs,
        )


def fill(switch, at_once):
    """Block until all are there who are to be there at once."""
    deadline = time.monotonic() + at_once / FILL_RATE + 60
    while (there := channels(switch)[0]) < at_once - 2:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{there} calls instead of {at_once}")
        time.sleep(0.5)


def watch(switch, service, seconds):
    """Return what switch and service used in this time: (CPU, memory) of each."""
    pids = [switch.pid] + ([service.pid] if service else [])
    before, begun = [cpu_seconds(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)  # it is this time that is measured
    lasted = time.monotonic() - begun
    used = [
        ((cpu_seconds(pid) - was) / lasted, memory(pid)[1]) for pid, was in zip(pids, before, strict=True)
    ]
    return used[0], used[1] if service else None


def delays(happened):
    """Return for each ring how long its agent had been ready."""
    ready, found = {}, []
    for what, at, _, agent in happened:
        if what == "talked":
            ready[agent] = at
        elif agent in ready:
            found.append(at - ready.pop(agent))
    return found


def overtaken(sent, rung):
    """Count the calls that rang after one that had arrived later."""
    known = [(sent[caller], at) for caller, at in rung.items() if caller in sent]
    return sum(
        any(other > arrived + APART and earlier < at - APART for other, earlier in known)
        for arrived, at in known
    )


def out_of_order(sinces):
    """Count the turns of callers who had waited less long than the next one; to the millisecond."""
    return sum(later < earlier - 0.001 for earlier, later in pairwise(sinces))


def tables(found, load):
    """Print what was found."""
    rows = [
        (
            name,
            len(one.delays),
            *(f"{percentile(one.delays, share) * 1000:.0f}" for share in (0.5, 0.99)),
            f"{statistics.mean(one.waits):.0f}",
            one.overtaken,
            "" if one.out_of_order is None else one.out_of_order,
            one.lost,
        )
        for name, one in found.items()
    ]
    heads = ("rings", "p50 ms", "p99 ms", "mean wait s", "overtaken", "turns out of order", "lost")
    print_table(
        (f"ready to ring, {load.waiting} waiting, {load.agents} agents, {load.seconds} s", *heads), rows
    )
    base = found[BY_SWITCH].switch[0]
    rows = []
    for name, one in found.items():
        cpu, mib = one.service or (0.0, 0.0)
        share = (one.switch[0] + cpu) / base
        figures = (f"{one.switch[0]:.1%}", f"{cpu:.1%}", f"{share:.2f}", f"{one.switch[1]:.0f}", f"{mib:.0f}")
        rows.append((name, *figures))
    print_table(("", "switch CPU", "service CPU", "ratio", "switch MiB", "service MiB"), rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--waiting", type=int, default=300)
    parser.add_argument("--agents", type=int, default=60)
    parser.add_argument("--seconds", type=int, default=600)
    load = Load(**vars(parser.parse_args()))
    print_load()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what we started
    with tempfile.TemporaryDirectory(
        prefix="hotline-bench-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        sides = (BY_SWITCH, BY_ROOM, SILENT)
        found = {name: measure(name, Path(folder) / str(nth), load) for nth, name in enumerate(sides)}
    tables(found, load)


if __name__ == "__main__":
    sys.exit(main())
