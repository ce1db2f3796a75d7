"""What the benchmarks of revisits share: tables that docs/benchmarks.md takes as they are, and databases."""

import contextlib
import os
import shutil
import tempfile
from pathlib import Path

from telephony.store import migrate
from tests.postgres import Cluster

DATABASES = ("SQLite", "PostgreSQL")


def print_table(headings, rows):
    """Print a Markdown table; the first column is text, the others are figures."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    for line in lines:
        print(f"| {' | '.join(map(str, line))} |", flush=True)
    print(flush=True)


def print_load():
    """Say how busy the machine was before."""
    print(f"load of this machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n", flush=True)


def percentile(times, share):
    """Return a percentile of times."""
    return sorted(times)[min(int(len(times) * share), len(times) - 1)]


@contextlib.contextmanager
def databases():
    """Give a function from a kind and a name to the URL of a new database; all are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="hotline-bench-", dir="/tmp"))
    folder.chmod(0o755)  # PostgreSQL runs as another user
    cluster = Cluster(folder / "postgres")

    def new(kind, name):
        url = f"sqlite:///{folder / name}.db" if kind == "SQLite" else cluster.database(name)
        migrate.upgrade(url)
        return url

    try:
        cluster.start()
        try:
            yield new
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
