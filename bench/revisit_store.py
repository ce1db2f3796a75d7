"""What the benchmarks of revisits share: a campaign with the rules of config/, and stores loaded in bulk."""

import json
import sqlite3
from datetime import UTC, timedelta

import psycopg
import sqlalchemy as sa

from telephony import config_load
from telephony.callback.revisits import Revisits
from telephony.callback.rules_in_force import demo_planner, rules_of, version_of
from telephony.paths import PROJECT
from telephony.rules.planner import Planner

COLUMNS = {
    "cases": ("case_number", "open", "updated_at", "round"),
    "case_numbers": ("case_number", "position", "number"),
    "revisits": (
        *("id", "case_number", "round", "numbers", "replied_at", "contact", "due_at", "next_at", "latest_at"),
        *("ready", "demo"),
    ),
    "attempts": (
        *("id", "campaign", "task_id", "number", "trunk", "epoch", "state", "reserved_at", "started_at"),
        *("latest_end_at", "ended_at", "day", "band", "counts", "alerted", "ring_seconds", "digest"),
    ),
}
CONTACT = "承办人电话告知"
ONE_DAY, CALL = timedelta(days=1), timedelta(seconds=75)
NEXT_BAND = timedelta(hours=4.5)
"""Seconds do not matter here: later than all that is measured, in the afternoon's band."""


def campaign():
    """Return the campaign of revisits by the rules of config/, as the service makes it."""
    config = config_load.load(PROJECT / "config")
    planner = Planner(rules_of(config.revisits), config.calendar)
    return Revisits(planner, version_of(config.revisits), demo_planner(config.revisits))


def open_at_any_hour():
    """Return the campaign by rules that let it call at any hour of any day."""
    planner = demo_planner(config_load.load(PROJECT / "config").revisits)
    return Revisits(planner, "bench")


def text(at):
    """Return an instant as SQLite keeps it, and as PostgreSQL reads it in a session in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")


def number_of(nth):
    """Return the number of the nth citizen."""
    return f"1{3_000_000_000 + nth}"


def fill(url, tables):
    """Load rows, by table and in that order, past SQLAlchemy; then let the database look at what it has."""
    load = _fill_sqlite if url.startswith("sqlite") else _fill_postgres
    load(sa.make_url(url), tables)


def _fill_sqlite(url, tables):
    with sqlite3.connect(url.database) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        for table, rows in tables.items():
            marks = ",".join("?" * len(COLUMNS[table]))
            insert = f"INSERT INTO {table} ({','.join(COLUMNS[table])}) VALUES ({marks})"  # noqa: S608 - names from above
            connection.executemany(insert, rows)
    connection.close()


def _fill_postgres(url, tables):
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, options="-c timezone=UTC", autocommit=True) as connection:
        for table, rows in tables.items():
            columns = ",".join(COLUMNS[table])
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
        connection.execute("SELECT setval('revisits_id_seq', (SELECT max(id) FROM revisits))")
        connection.execute("VACUUM ANALYZE")  # as autovacuum would before long


def mixed(count, due, opens):
    """Return `count` open revisits, evenly mixed, every third of them with a call of yesterday that counts.

    `due` of them become due in the minute before `opens`; the others are for the next bands and days. Their
    deadlines lie one to eight days off.
    """
    every = count // due
    numbers = range(1, count + 1)
    return {
        "cases": ((f"B{n}", True, text(opens - 3 * ONE_DAY), 1) for n in numbers),
        "case_numbers": ((f"B{n}", 0, number_of(n)) for n in numbers),
        "revisits": (_revisit(n, opens, due=n % every == 0) for n in numbers),
        "attempts": (_called_yesterday(n, opens) for n in numbers if n % 3 == 0),
    }


def due_now(count, now):
    """Return `count` revisits that are all due, and have a day left."""
    numbers = range(1, count + 1)
    times = [text(at) for at in (now - ONE_DAY, now + ONE_DAY, now - timedelta(minutes=1), now)]
    replied, deadline, then, latest = times
    return {
        "cases": ((f"B{n}", True, replied, 1) for n in numbers),
        "case_numbers": ((f"B{n}", 0, number_of(n)) for n in numbers),
        "revisits": (
            (
                n,
                f"B{n}",
                1,
                json.dumps([number_of(n)]),
                replied,
                CONTACT,
                deadline,
                then,
                latest,
                False,
                False,
            )
            for n in numbers
        ),
    }


def _revisit(nth, opens, *, due):
    deadline = opens.replace(hour=16, minute=0) + (nth % 8 + 1) * ONE_DAY
    then = opens - timedelta(seconds=nth % 60) if due else _later(nth, opens)
    row = (nth, f"B{nth}", 1, json.dumps([number_of(nth)]), opens - 3 * ONE_DAY, CONTACT, deadline)
    return tuple(
        text(value) if hasattr(value, "tzinfo") else value
        for value in (*row, then, deadline - timedelta(hours=4), False, False)
    )


def _later(nth, opens):
    return opens + NEXT_BAND + (nth % 3) * ONE_DAY + timedelta(seconds=nth % 7200)


def _called_yesterday(nth, opens):
    begun = opens - ONE_DAY - timedelta(seconds=nth % 3600)
    started, ended = text(begun), text(begun + CALL)
    call = (f"rv-old-{nth}", "revisit", nth, number_of(nth), "carrier", "old", "unanswered", started, started)
    day = str((begun + timedelta(hours=8)).date())
    return (*call, ended, ended, day, "09:00-12:00", True, True, 75.0, "0" * 64)
