"""The service figures of a month: `python -m bench.report [--calls 310000]`.

A month of a large city, 310,000 calls of four numbers and 60 agents, is written straight into SQLite. Then a
process of its own takes the report, three times; the table gives its seconds and the most memory that the
process ever had (VmHWM).
"""

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table
from twisted.internet.task import Clock as Reactor

from telephony.rules.service_figures import Rules
from telephony.store import migrate
from telephony.store.database import Database
from telephony.store.service_report import report
from telephony.store.service_sums import Scope

START = datetime(2026, 11, 1, tzinfo=UTC)
DAYS, AGENTS, CHUNK = 30, 60, 10_000
AGENT = [str(8001 + nth) for nth in range(AGENTS)]
CITY = [("12345", "city-12345", "city"), ("12315", "city-12315", "city"), ("12328", "city-12328", "city")]
NUMBERS = [*CITY, ("03756512345", "baofeng-12345", "baofeng")]
OTHER = ["abandoned"] * 5 + ["abandoned_early"] * 3 + ["refused", "unserved", "failed"]
INTO = {
    "calls": "id direction state marks called_number caller_number queue centre"
    " arrived_at queued_at answered_at ended_at outcome agent",
    "legs": "id call_id role party started_at bridged_at ended_at",
    "events": "at kind call_id agent data key",
}
CUT = import_module("telephony.store.migrations.versions.0015_agent_spells")
AROUND = ("arrived", "greeted", "recording", "routed", "queued", "ended")
TOLD = ("before", "most", "calls", "rate", "worst")
STATES = ("ringing", "talking", "wrap_up", "ready")


def text(micro):
    """Return an instant, in microseconds after START, as the store keeps it in SQLite."""
    return (START + timedelta(microseconds=micro)).isoformat(" ", "microseconds")[:26]


def rows(nth, at, chance):
    """Return the rows of one call that arrives then: of calls, legs and events."""
    call_id, agent = f"{nth}.0", AGENT[nth % AGENTS]
    outcome = "answered" if chance.random() < 0.95 else chance.choice(OTHER)
    answered = outcome == "answered"
    rang = at + 6_000_000
    began = rang + chance.randrange(1_000_000, 20_000_000)
    ended = began + (chance.randrange(20_000_000, 200_000_000) if answered else 0)
    came, queued, bridged, end = text(at), text(rang), text(began), text(ended)
    in_queue = queued if outcome in {"answered", "abandoned", "unserved"} else None
    first = (call_id, "inbound", "ended", "[]", *_called(nth))
    call = (*first, came, in_queue, bridged if answered else None, end, outcome, agent if answered else None)
    legs = [(f"{call_id}c", call_id, "citizen", "carrier", came, None, end)]
    events = [(came, kind, call_id, None, '{"number": "12345"}', f"{call_id}:{kind}") for kind in AROUND]
    if answered:
        legs.append((f"{call_id}a", call_id, "agent", agent, queued, bridged, end))
        times = (queued, bridged, end, text(ended + 15_000_000))
        for when, state in zip(times, STATES, strict=True):
            data = f'{{"from": "x", "to": "{state}", "reason": null, "after": null, "by": "switch"}}'
            events.append((when, "agent", call_id, agent, data, f"{call_id}:{state}"))
    return call, legs, events


def _called(nth):
    number, queue, centre = NUMBERS[nth % 7 % 4]
    return number, f"138{nth:08d}", queue, centre


def fill(file, count):
    """Write the month."""
    migrate.upgrade(f"sqlite:///{file}")
    database = sqlite3.connect(file)
    database.execute("PRAGMA synchronous=OFF")
    database.executemany(
        "INSERT INTO agents (number, state, since, missed_rings) VALUES (?, 'ready', ?, 0)",
        [(agent, text(0)) for agent in AGENT],
    )
    chance, step = random.Random(5), DAYS * 86_400_000_000 // count  # noqa: S311 - a benchmark's chance
    for begin in range(0, count, CHUNK):
        parts = [rows(nth, nth * step, chance) for nth in range(begin, min(count, begin + CHUNK))]
        insert(database, "calls", [call for call, _, _ in parts])
        insert(database, "legs", [leg for _, legs, _ in parts for leg in legs])
        insert(database, "events", [event for _, _, events in parts for event in events])
        database.commit()
    database.execute(CUT._FILL.format(**CUT._SQLITE))  # noqa: SLF001 - our own statement, as a migration cuts
    database.commit()
    database.close()


def insert(database, table, values):
    """Insert many rows."""
    columns = INTO[table].split()
    marks = ", ".join("?" * len(columns))
    database.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", values)  # noqa: S608 - our own names


def take(file):
    """Print how long the report takes, and the memory that this process has had at most."""
    database = Database(f"sqlite:///{file}", Reactor())
    until = START + timedelta(days=DAYS)
    scope = Scope(START, until, "10000012345", Rules(15, 5, 0.95))
    before, began, cpu = memory(), time.perf_counter(), time.process_time()
    with database.engine.connect() as connection:
        found = report(connection, scope, dict.fromkeys(AGENT, "city"), until)
    figures = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    figures |= {"before": before, "most": memory(), "calls": found.total.calls}
    print(json.dumps(figures | {"rate": found.total.answered_rate, "worst": found.worst_24h.rate}))


def memory():
    """Return VmHWM in MB."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) // 1024


def main(count):
    with tempfile.TemporaryDirectory() as folder:
        file, began = f"{folder}/month.db", time.perf_counter()
        fill(file, count)
        wrote, size = time.perf_counter() - began, Path(file).stat().st_size // 2**20
        command = [sys.executable, "-m", "bench.report", "--take", file]
        done = (subprocess.run(command, check=True, capture_output=True, text=True) for _ in range(3))
        runs = [json.loads(each.stdout) for each in done]
    table = Table(title=f"A month of {count} calls; {size} MB, written in {wrote:.0f} s")
    headings = ("run", "seconds", "CPU s", "VmHWM before MB", "after MB", "calls", "answered", "worst 24 h")
    for heading in headings:
        table.add_column(heading, justify="right")
    for nth, run in enumerate(runs, 1):
        shown = (f"{run['seconds']:.2f}", f"{run['cpu']:.2f}")
        table.add_row(str(nth), *shown, *(str(run[name]) for name in TOLD))
    Console(width=120).print(table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=310_000)
    parser.add_argument("--take", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.take:
        take(arguments.take)
    else:
        main(arguments.calls)
