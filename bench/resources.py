"""Memory and CPU of the service and of Asterisk, idle, while calls are set up and while they are up.

`python -m bench.resources`. SIPp is citizen and agent, as in bench.calls, and sends no sound. "Talking" calls
are with an agent, "waiting" ones hear music in the queue because every agent talks. CPU is a share of one
core, averaged over SECONDS; memory is read at their end. RSS counts pages shared with others in full, PSS
in part.
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
    TALK_MS,
    Agents,
    BenchSwitch,
    Calls,
    Citizens,
    Service,
    cpu_seconds,
    ledger_counts,
)

AGENTS = 150
SECONDS = 12
SET_UP_RATE = 20
RATES = (5, 20)
LOADS = (100, 300)
FOR_EVER_MS = 600_000


def memory(pid):
    """Return (RSS, PSS) in MiB."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.endswith("kB")}
    return sizes["Rss"], sizes["Pss"]


def channels(switch):
    """Return how many calls of citizens and how many legs of agents the switch has."""
    words = [line.split("!") for line in switch.cli("core show channels concise").splitlines()]
    names = [row[0] for row in words if len(row) > 1]
    citizens = sum("carrier" in name for name in names)
    return citizens, len(names) - citizens


class Watch:
    """Reads both processes over a time and adds a row to the table."""

    def __init__(self, switch, service, table):
        self._pids = service.pid, switch.pid
        self._table = table

    def row(self, what, during=time.sleep):
        """Add what both used while `during` ran."""
        before, begun = [cpu_seconds(pid) for pid in self._pids], time.monotonic()
        during(SECONDS)
        lasted = time.monotonic() - begun
        shares = [(cpu_seconds(pid) - was) / lasted for pid, was in zip(self._pids, before, strict=True)]
        figures = []
        for pid, share in zip(self._pids, shares, strict=True):
            rss, pss = memory(pid)
            figures += [f"{rss:.0f}", f"{pss:.0f}", f"{share * 100:.1f} %"]
        self._table.add_row(what, *figures)


def steady(switch, folder, rate):
    """Return what places calls at a rate; it raises if the ledger does not end up with all of them."""

    def place(seconds):
        citizens = Citizens(switch, folder, Calls(NUMBER, rate, rate * seconds))
        citizens.wait(seconds + 30)
        known = ledger_counts(switch, citizens.prefix)[0]
        if known < rate * seconds:
            raise RuntimeError(f"the ledger knows {known} of {rate * seconds} calls")

    return place


def fill(switch, folder, stack, wanted):
    """Place calls that stay until the switch has `wanted` of them and the agents have all they can take."""
    citizens = Citizens(switch, folder, Calls(NUMBER, SET_UP_RATE, wanted - channels(switch)[0], FOR_EVER_MS))
    stack.callback(citizens.stop)
    deadline = time.monotonic() + wanted / SET_UP_RATE + 30
    while channels(switch) != (wanted, min(wanted, AGENTS)):
        if time.monotonic() > deadline:
            raise RuntimeError(f"{channels(switch)} calls and agents' legs instead of {wanted}")
        time.sleep(0.5)
    time.sleep(1)


def measure(folder, table):
    with contextlib.ExitStack() as stack:
        switch = BenchSwitch(folder / "switch", AGENTS)
        stack.callback(switch.stop)
        switch.start()
        agents = Agents(switch, folder / "agents")
        stack.callback(agents.stop)
        agents.register()
        agents.answer(TALK_MS)
        service = Service(switch)
        stack.callback(service.stop)
        service.start().log_everybody_in()
        watch = Watch(switch, service, table)
        watch.row("no call")
        for rate in RATES:
            watch.row(f"set up at {rate} calls/s", steady(switch, folder, rate))
        agents.answer(FOR_EVER_MS)
        for wanted in LOADS:
            fill(switch, folder, stack, wanted)
            talking = min(wanted, AGENTS)
            watch.row(f"{wanted} at once: {talking} talking, {wanted - talking} waiting")


def main():
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    table = Table(title=f"one Asterisk, {AGENTS} agents logged in; MiB, and % of one core over {SECONDS} s")
    table.add_column("calls")
    for process in ("service", "Asterisk"):
        for figure in ("RSS", "PSS", "CPU"):
            table.add_column(f"{process} {figure}", justify="right")
    load = os.getloadavg()[0]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what we started
    with tempfile.TemporaryDirectory(
        prefix="hotline-bench-", dir="/tmp", ignore_cleanup_errors=True
    ) as folder:
        measure(Path(folder), table)
    Console(width=140).print(table)
    print(f"load of this machine before: {load:.1f} on {os.cpu_count()} cores")


if __name__ == "__main__":
    sys.exit(main())
