"""The cost of a due scan and reservation, by the number of open revisits: `python -m bench.revisit_scan`.

What is measured is the dialer's own first transaction (look, promote, pick, what the rules must know, take,
insert, when to wake) with its commit, on stores that were loaded in bulk: DUE revisits become due just before
OPENS, the others wait for later bands; every third citizen was called yesterday. Scans that find nothing come
a while before OPENS; then reservations of 1, then of 20. A scan marks up to 64 rows as ready: the first of
them do so, and are slower.
"""

import argparse
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from bench.markdown import DATABASES, databases, percentile, print_load, print_table
from bench.revisit_store import campaign, fill, mixed
from telephony.callback.channels import Channels, Limits
from telephony.callback.desk import Desk, Settings, Times
from telephony.callback.dialer import Dialer
from telephony.callback.recovery import Recovery
from telephony.callback.simulate.time import VirtualTime
from telephony.store.database import engine_of, transaction

SIZES = (10_000, 100_000, 1_000_000)
DUE = 5000
OPENS = datetime(2026, 3, 3, 2, tzinfo=UTC)
"""10:00 in Shanghai on a Tuesday, in a band of config/revisits.yaml."""
BEFORE = timedelta(minutes=20)
KINDS = (("nothing due", 0, 400), ("reserve 1", 1, 400), ("reserve 20", 20, 150))
"""What is done, how many calls it may find, and how often."""
WARM = 3
STEP = timedelta(seconds=0.5)
MOST = 2.0


class Scanner:
    """A dialer that reserves from one store, at times that are ours."""

    def __init__(self, url):
        self._engine = engine_of(url)
        self._time = VirtualTime(OPENS - BEFORE)
        self._dialer = Dialer(
            [campaign()],
            database=self,
            line=None,
            channels=Channels(Limits({"carrier": 20}, 20, 0, 20, 5, 60), lambda _: 0),
            times=Times(self._time, self._time, "bench"),
            settings=Settings("bench", "bench"),
            desk=Desk(),
        )
        Recovery(self._dialer, lambda *_: None).begin()

    def write(self, work):
        """Be the dialer's database, without threads."""
        with transaction(self._engine) as connection:
            return work(connection)

    def close(self):
        """Let go of the store."""
        self._engine.dispose()

    def times(self, wanted, count):
        """Return the seconds of each of so many transactions that may reserve `wanted` calls."""
        if wanted:
            self._time.run_until(max(OPENS, self._time.now()))
        work = partial(self._dialer._reserve, slots=["carrier"] * max(wanted, 1))  # noqa: SLF001 - it is what we measure
        return [self._timed(work, wanted) for _ in range(WARM + count)][WARM:]

    def _timed(self, work, wanted):
        self._time.run_until(self._time.now() + STEP)
        begun = time.perf_counter()
        found = len(self.write(work).reservations)
        lasted = time.perf_counter() - begun
        if found != wanted:
            raise RuntimeError(f"{found} calls were reserved instead of {wanted}")
        return lasted


def measure(url, size):
    """Return what is measured → the times, on a new store of that size."""
    fill(url, mixed(size, DUE if size > DUE else size // 2, OPENS))
    scanner = Scanner(url)
    try:
        return {what: scanner.times(wanted, count) for what, wanted, count in KINDS}
    finally:
        scanner.close()


def rows(kind, measured):
    """Yield the table's rows: p50 and p99 of each size in ms, and the largest to the smallest."""
    for what, *_ in KINDS:
        figures = [[percentile(times[what], share) * 1000 for share in (0.5, 0.99)] for times in measured]
        ratios = [last / first for first, last in zip(figures[0], figures[-1], strict=True)]
        shown = [f"{value:.2f}" for pair in figures for value in pair]
        yield kind, what, *shown, *(f"{ratio:.2f}" for ratio in ratios)


def main(sizes):
    """Measure and print."""
    print_load()
    headings = [f"{size:,} {p}" for size in sizes for p in ("p50 ms", "p99 ms")]
    found = []
    with databases() as new:
        for kind in DATABASES:
            measured = [measure(new(kind, f"scan_{size}"), size) for size in sizes]
            found += rows(kind, measured)
    print_table(["store", "transaction", *headings, "ratio p50", "ratio p99"], found)
    flat = all(float(value) <= MOST for row in found for value in row[-2:])
    print(f"largest to smallest at most {MOST:.0f}: {'met' if flat else 'missed'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="open revisits")
    main(parser.parse_args().sizes)
