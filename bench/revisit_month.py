"""A simulated month of revisits: `python -m bench.revisit_month`.

`telephony.callback.simulate` with the rules of config/: 640 cases replied on each working day of a month, all
day long, and citizens as they are: half of them answer, a third lets it ring, the others are busy, refuse,
are switched off, have a number that is vacant, or meet a fault of the network. Three deaths of the service.
"""

import argparse
import logging
import random
import resource
import time
from datetime import datetime, timedelta

import structlog

from bench.markdown import print_load, print_table
from telephony import config_load
from telephony.callback.simulate.run import run
from telephony.callback.simulate.scenario import Scenario
from telephony.paths import PROJECT
from telephony.rules.workdays import CHINA

A_DAY, MOST_SECONDS = 640, 60
START, END = datetime(2026, 3, 1, tzinfo=CHINA), datetime(2026, 4, 1, tzinfo=CHINA)
OPENS, OPEN_SECONDS = timedelta(hours=8, minutes=30), 9 * 3600
SATISFIED = {"alerting": 180, "ring_seconds": 9, "answered": True, "keys": "1"}
RINGS_OUT = {"alerting": 180, "ring_seconds": 62, "final": 480}
CITIZENS = (
    (40, [SATISFIED]),
    (5, [{**SATISFIED, "keys": "3"}]),
    (5, [{**SATISFIED, "keys": ""}]),
    (22, [RINGS_OUT]),
    (11, [RINGS_OUT, SATISFIED]),
    (5, [{"alerting": 180, "ring_seconds": 4, "final": 486}, SATISFIED]),
    (3, [{"alerting": 180, "ring_seconds": 6, "final": 603}]),
    (4, [{"alerting": "none", "ring_seconds": 2, "final": 480}]),
    (2, [{"alerting": "none", "ring_seconds": 1, "final": 404}]),
    (2, [{"alerting": "none", "ring_seconds": 1, "final": 503}, SATISFIED]),
    (1, [{"alerting": 180, "final": "timeout"}]),
)
"""How many of a hundred, and what their telephones do."""
CRASHES = (
    (datetime(2026, 3, 5, 10, tzinfo=CHINA), "after_dialling_committed", 300),
    (datetime(2026, 3, 12, 15, tzinfo=CHINA), "while_ringing", 60),
    (datetime(2026, 3, 20, 19, tzinfo=CHINA), "before_verdict_committed", 600),
)


def scenario(calendar, a_day=A_DAY):
    """Return the month, the same each time."""
    chance = random.Random(12345)  # noqa: S311 - no secret
    weights, citizens = zip(*CITIZENS, strict=True)
    days = [START + timedelta(days=n) for n in range((END - START).days)]
    replies = [
        day + OPENS + timedelta(seconds=chance.randrange(OPEN_SECONDS))
        for day in days
        if calendar.is_working_day(day.date())
        for _ in range(a_day)
    ]
    cases = [
        {
            "case": f"M{nth}",
            "numbers": [f"1{3_000_000_000 + nth}"],
            "replied_at": at,
            "calls": chance.choices(citizens, weights)[0],
        }
        for nth, at in enumerate(replies)
    ]
    crashes = [{"at": at, "point": point, "down": down} for at, point, down in CRASHES]
    return Scenario.model_validate({"start": START, "end": END, "cases": cases, "crashes": crashes})


def main(a_day):
    """Play the month and print how long it took and what came of it."""
    print_load()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL)
    )  # faults here are scripted
    config = config_load.load(PROJECT / "config")
    wanted = scenario(config.calendar, a_day)
    begun, cpu = time.perf_counter(), time.process_time()
    summary = run(wanted, config)["summary"]
    seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
    cases, attempts = summary["cases"], summary["attempts"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print_table(
        ["a month", "cases", "attempts", "seconds", "CPU seconds", "cases/s", "attempts/s", "MiB at most"],
        [
            [
                f"{a_day} cases a working day",
                f"{cases:,}",
                f"{attempts:,}",
                f"{seconds:.1f}",
                f"{cpu:.1f}",
                f"{cases / seconds:.0f}",
                f"{attempts / seconds:.0f}",
                f"{memory:.0f}",
            ]
        ],
    )
    print_table(["verdict", "cases"], summary["verdicts"].items())
    print(f"under {MOST_SECONDS} s: {'met' if seconds < MOST_SECONDS else 'missed'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--a-day", type=int, default=A_DAY, help="cases replied on a working day")
    main(parser.parse_args().a_day)
