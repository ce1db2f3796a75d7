"""Scenarios that were played, for tests of what reads the store afterwards."""

import random
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache

from telephony import config_load
from telephony.callback.rules_in_force import keys_of, rules_of
from telephony.callback.simulate.scenario import Scenario
from telephony.callback.simulate.world import World
from telephony.paths import PROJECT
from telephony.rules.planner import Planner
from telephony.store.revisits import Tick

START = datetime.fromisoformat("2026-02-09T08:00:00+08:00")
RINGS_OUT = {"alerting": 180, "ring_seconds": 62, "final": 480}
BUSY = {"alerting": "none", "final": 486}
POINTS = (
    "after_reserved",
    "after_dialling_committed",
    "after_originate_sent",
    "while_ringing",
    "before_verdict_committed",
)


@cache
def config():
    return config_load.load(PROJECT / "config")


def answers(keys):
    return {"alerting": 180, "ring_seconds": 8, "answered": True, "keys": keys}


def case(name, *calls, numbers=("13800000001",), after=timedelta(hours=2), inbound=()):
    replied = START + after
    called = [replied + each for each in inbound]
    told = {"case": name, "numbers": numbers, "replied_at": replied, "inbound": called}
    return {**told, "calls": calls} if calls else told


def play(*cases, crashes=(), days=10, then=()):
    """Play cases and return their world; `then` are pairs of a time after the start and what a person does.

    What a person does is a function of the rounds, the connection and the tick.
    """
    end = START + timedelta(days=days)
    values = {"start": START, "end": end, "channels": 10, "cases": cases, "crashes": crashes}
    planner = Planner(rules_of(config().revisits), config().calendar)
    world = World(Scenario.model_validate(values), planner, 10, keys_of(config().revisits.survey))
    for after, do in then:
        world.time.at(START + after, _as_work, world, do)
    world.play()
    return world


def _as_work(world, do):
    tick = Tick(world.time.now(), world.time.monotonic(), "simulated")
    world.memory.write(lambda connection: do(world.rounds, connection, tick))


def anything(seed, count):
    """Play that many cases, and crashes, of which chance makes whatever there can be."""
    chance = random.Random(seed)  # noqa: S311 - a scenario that can be played again
    cases = [_any_case(chance, index, count) for index in range(count)]
    crashes = [
        {
            "at": _any_time(chance, 14),
            "point": chance.choice(POINTS),
            "down": chance.choice([1, 30, 300, 5000]),
        }
        for _ in range(count // 10)
    ]
    return play(*cases, crashes=crashes, days=24)


def _any_case(chance, index, count):
    after = _any_time(chance, 12) - START
    numbers = [f"138{chance.randrange(count // 2):08d}" for _ in range(chance.choice([0, 1, 1, 1, 1, 2, 3]))]
    calls = [_any_call(chance) for _ in range(chance.randrange(1, 5))]
    inbound = [timedelta(minutes=chance.randrange(4000))] if chance.random() < 0.1 else []
    return case(f"C{index}", *calls, numbers=numbers, after=after, inbound=inbound)


def _any_call(chance):
    kind, alerting = chance.random(), chance.choice([180, 180, 180, 183, "none"])
    if kind < 0.15:
        return answers(chance.choice(["", "1", "2", "3", "13", "9"]))
    if kind < 0.6:
        ring, final = chance.choice([62, 60, 59.999, 75, 80, 30]), chance.choice([480, 408, "timeout"])
    else:
        ring, final = chance.choice([1, 20, 62]), chance.choice([486, 603, 404, 503, 480, 408, 500, 484, 487])
    return {"alerting": alerting, "ring_seconds": ring, "final": final}


def _any_time(chance, days):
    return START + timedelta(minutes=chance.randrange(1440 * days))


@contextmanager
def undone(connection):
    """Let a test change the store of a world that others look at as well."""
    change = connection.begin_nested()
    try:
        yield connection
    finally:
        change.rollback()
