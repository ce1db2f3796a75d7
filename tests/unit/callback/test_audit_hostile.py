"""The audit agrees when clocks are set, events come late or never, services die, and two share a store."""

import random

import pytest

from telephony.callback.agreement import CONTRADICTED
from telephony.callback.audit import audit
from telephony.store.outbound_tables import decisions
from tests.unit.callback.hostile.installation import Installation
from tests.unit.rules.revisits import CALENDAR, at

NUMBERS = ("13800000001", "13800000002", "13800000003")
WAITS = (1, 20, 54, 61, 76, 600, 3600, 10724, 10800, 10875, 14400)
JUMPS = (-600, -60, -1.5, 1.5, 45, 600, 3600, 10800)
FATES = ((0.0,), (0.0,), (0.3,), (2.5,), (0.0, 3.5), (8.0,), ())
CODES = (480, 408, 486, 603, 404, 503)


def hostile_days(seed):
    """Return what was left by some days on which anything went wrong, all by chance."""
    chance = random.Random(seed)  # noqa: S311 - days that can be lived again
    house = Installation(at("02-12 08:30"))
    house.service("one")
    house.service("two")
    for number in range(5):
        house.case(f"C{number}", *chance.sample(NUMBERS, chance.choice((1, 1, 2))))
    for _ in range(60):
        something_happens(chance, house)
    house.switch.fates.clear()
    for service in house.services.values():
        if not service.life.alive:
            service.start()
    house.time.pass_by(5 * 86400)
    return house


def something_happens(chance, house):
    live, kind = house.switch.live, chance.random()
    if kind < 0.6:
        house.time.pass_by(chance.choice(WAITS))
    elif kind < 0.7:
        house.time.set_clock(chance.choice(JUMPS))
    elif kind < 0.82:
        house.switch.fates.extend(chance.choice(FATES) for _ in range(3))
    elif kind < 0.88 and live:
        house.switch.refuse(chance.choice(live), chance.choice(CODES))
    elif kind < 0.89 and live:
        house.switch.answer(chance.choice(live))
    elif kind < 0.9 and house.alive:
        house.called_back(chance.choice(NUMBERS))
    elif kind < 0.93 and house.alive:
        chance.choice(house.alive).die()
    else:
        for service in house.services.values():
            if not service.life.alive:
                service.start()


@pytest.mark.parametrize("seed", range(8))
def test_an_audit_agrees_whatever_went_wrong(seed):
    house = hostile_days(seed)
    result = audit(house.memory.connection, CALENDAR)
    assert [each for each in result.disagreements if each.what != CONTRADICTED] == []
    assert result.decisions == len(house.all(decisions)) >= 5
