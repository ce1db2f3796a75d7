"""What citizens called about, summed up by each database, against a recount one by one."""

import random
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pytest

from telephony.rules.leader_topics import Spans
from telephony.rules.units import Unit
from telephony.store.database import engine_of, transaction
from telephony.store.leader_topics import Weeks, counts
from telephony.store.outbound_tables import revisits
from telephony.store.tables import calls, case_numbers, cases, metadata, urgings
from tests.unit.times import NOON

DEMO = "10000012345"
WEEK = timedelta(weeks=1)
TICK = timedelta(microseconds=1)
WEEKS = Weeks(NOON - 8 * WEEK, NOON - 4 * WEEK, NOON, "city", DEMO)
CENTRES = ("city", "baofeng", "jiaxian")
OLD, LAST = NOON - 6 * WEEK, NOON - WEEK


def unit(code, name, district=None):
    facts = {"short_code": "900", "level": "city", "kind": "unit", "contacts": ()}
    return Unit(code=code, name=name, district=district, **facts)


UNITS = [unit("water", "市自来水公司"), unit("street", "建设路街道办事处", "新华区")]


@pytest.fixture
def rows(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield Rows(connection)
    engine.dispose()


class Rows:
    """Rows of the store, written by hand and kept to be counted again."""

    def __init__(self, connection):
        self.connection = connection
        self.calls, self.cases, self.urgings, self.revisits = [], {}, [], []

    def call(self, at=LAST, caller="13800000001", **values):
        row = {"id": f"{len(self.calls)}.1", "arrived_at": at, "caller_number": caller, "centre": "city"}
        row |= {"direction": "inbound", "queue": "city-12345", "called_number": "12345", "key": None}
        row |= values
        self.connection.execute(calls.insert().values(state="ended", marks=[], **row))
        self.calls.append(row)
        return row["id"]

    def case(self, at=LAST, numbers=("13800000001",), **values):
        row = {"case_number": f"C{len(self.cases)}", "updated_at": at, "unit": None, "district": None}
        row |= values
        self.connection.execute(cases.insert().values(open=True, **row))
        for position, number in enumerate(numbers):
            told = {"case_number": row["case_number"], "position": position, "number": number}
            self.connection.execute(case_numbers.insert().values(**told))
        self.cases[row["case_number"]] = row | {"numbers": numbers}
        return row["case_number"]

    def urge(self, case, call_id, at=LAST):
        self.connection.execute(urgings.insert().values(case_number=case, call_id=call_id, at=at))
        self.urgings.append((case, call_id, at))

    def revisit(self, case, verdict="dissatisfied", at=LAST, demo=False):
        row = {"case_number": case, "verdict": verdict, "decided_at": at, "demo": demo, "round": 1}
        row |= {"numbers": [], "replied_at": OLD, "contact": "电话", "due_at": OLD, "ready": False}
        row["round"] = len(self.revisits) + 1
        self.connection.execute(revisits.insert().values(**row))
        self.revisits.append(row)

    def counts(self, weeks=WEEKS, units=UNITS):
        return counts(self.connection, weeks, units)


def test_a_call_counts_in_its_queue_and_its_key_where_it_came_in(rows):
    rows.call(key="2", queue="city-enterprise")
    rows.call(OLD, key="2", queue="city-enterprise")
    rows.call(centre="baofeng", queue="baofeng-12345", called_number="03756512345")
    found = rows.counts()
    assert (found["city"].queues["city-enterprise"].last.calls, len(found["city"].queues)) == (1, 1)
    assert found["city"].keys["12345", "2"].before.calls == 1
    assert found["baofeng"].queues["baofeng-12345"].last.calls == 1
    assert found["baofeng"].keys == {}


@pytest.mark.parametrize(
    "values",
    [{"caller": DEMO}, {"direction": "outbound"}, {"queue": None}, {"centre": None}],
    ids=str,
)
def test_a_call_that_is_the_demos_ours_or_reached_no_queue_has_no_topic(rows, values):
    rows.call(**values)
    assert rows.counts() == {}


def test_a_caller_without_a_number_has_a_topic_like_others(rows):
    rows.call(caller=None)
    assert rows.counts()["city"].queues["city-12345"].last.calls == 1


@pytest.mark.parametrize(
    ("at", "last", "before"),
    [
        (WEEKS.since - TICK, 0, 0),
        (WEEKS.since, 0, 1),
        (WEEKS.middle - TICK, 0, 1),
        (WEEKS.middle, 1, 0),
        (WEEKS.until - TICK, 1, 0),
        (WEEKS.until, 0, 0),
    ],
)
def test_each_span_has_its_beginning_and_not_its_end(rows, at, last, before):
    call, old = rows.call(at), rows.case(WEEKS.since - TICK, unit="gas")
    rows.case(at, unit="water")
    rows.urge(old, call, at)
    rows.revisit(old, at=at)
    found = rows.counts().get("city")
    queue, water, gas = (
        (found.queues["city-12345"], found.units["water"], found.units["gas"]) if found else [Spans()] * 3
    )
    for name, spans in (("calls", queue), ("cases", water), ("urgings", gas), ("dissatisfied", gas)):
        assert (getattr(spans.last, name), getattr(spans.before, name)) == (last, before)


def test_a_unit_counts_as_one_by_its_name_and_by_its_code(rows):
    for name in ("water", "市自来水公司", "市自来水公司", "不在名录", None):
        rows.case(unit=name)
    found = rows.counts()["city"].units
    assert {name: spans.last.cases for name, spans in found.items()} == {"water": 3, "不在名录": 1, None: 1}


def test_a_case_without_a_district_is_its_units(rows):
    rows.case(unit="street")
    rows.case(unit="street", district="卫东区")
    rows.case(unit="water")
    found = rows.counts()["city"].districts
    assert {name: spans.last.cases for name, spans in found.items()} == {"新华区": 1, "卫东区": 1, None: 1}


def test_a_case_belongs_to_the_centre_that_one_of_its_numbers_called_last(rows):
    rows.call(LAST, "13800000001", centre="city")
    rows.call(LAST + WEEK / 2, "13800000002", centre="baofeng")
    rows.call(OLD, "13800000002", centre="jiaxian")
    rows.case(numbers=("13800000001", "13800000002"), unit="water")
    rows.case(numbers=("13800000001",), unit="water")
    rows.case(numbers=(), unit="water")
    rows.case(numbers=("13800000009",), unit="water")
    found = rows.counts()
    assert (found["baofeng"].units["water"].last.cases, found["city"].units["water"].last.cases) == (1, 3)


def test_an_urging_belongs_to_the_centre_whose_call_it_was(rows):
    case = rows.case(OLD, unit="water")
    rows.urge(case, rows.call(centre="baofeng"))
    rows.urge(case, "gone.1")
    found = rows.counts()
    assert found["baofeng"].units["water"].last.urgings == 1
    assert found["city"].units["water"].last.urgings == 1


@pytest.mark.parametrize(
    ("values", "found"),
    [({}, 1), ({"verdict": "satisfied"}, 0), ({"verdict": "deemed_satisfied"}, 0), ({"demo": True}, 0)],
    ids=str,
)
def test_only_revisits_of_citizens_that_ended_dissatisfied_count(rows, values, found):
    rows.revisit(rows.case(unit="water"), **values)
    assert rows.counts()["city"].units["water"].last.dissatisfied == found


def test_cases_of_the_demonstrations_citizen_are_left_out(rows):
    case = rows.case(numbers=("13800000001", DEMO), unit="water")
    rows.urge(case, rows.call())
    rows.revisit(case)
    assert rows.counts()["city"].units == {}


@pytest.mark.parametrize("seed", range(6))
def test_the_databases_sums_are_those_of_a_recount_one_by_one(rows, seed):
    populate(rows, random.Random(seed))  # noqa: S311 - no secret
    assert tallies(rows.counts()) == tallies_again(rows)


def populate(rows, chance):
    """Write calls, cases, urgings and revisits at random, at both ends of the spans as well."""
    ends = [WEEKS.since, WEEKS.middle, WEEKS.until]
    instants = [end + nth * TICK for end in ends for nth in (-1, 0, 1)]
    instants += [NOON - timedelta(minutes=chance.randrange(9 * 7 * 24 * 60)) for _ in range(40)]
    numbers = [f"1380000000{n}" for n in range(8)] + [DEMO]
    for _ in range(150):
        rows.call(
            chance.choice(instants),
            chance.choice([*numbers, None]),
            centre=chance.choice([*CENTRES, None]),
            queue=chance.choice(["city-12345", "city-enterprise", None]),
            key=chance.choice(["1", "2", None]),
            called_number=chance.choice(["12345", "12315", None]),
            direction=chance.choice(["inbound"] * 4 + ["outbound"]),
        )
    for _ in range(60):
        case = rows.case(
            chance.choice(instants),
            tuple(chance.sample(numbers, chance.randrange(4))),
            unit=chance.choice(["water", "市自来水公司", "street", "别的单位", None]),
            district=chance.choice(["新华区", "湛河区", None, None]),
        )
        for _ in range(chance.randrange(3)):
            rows.revisit(
                case,
                chance.choice(["dissatisfied", "dissatisfied", "satisfied"]),
                chance.choice(instants),
                chance.random() < 0.1,
            )
    for call in chance.sample(rows.calls, 60):
        rows.urge(chance.choice(list(rows.cases)), call["id"], chance.choice(instants))


def tallies(found):
    """Return each tally that is not nothing, by centre, kind, name and span."""
    return {
        (centre, kind, name, span, what): count
        for centre, counted in found.items()
        for kind in ("queues", "keys", "units", "districts")
        for name, spans in getattr(counted, kind).items()
        for span in ("last", "before")
        for what in ("calls", "cases", "urgings", "dissatisfied")
        if (count := getattr(getattr(spans, span), what))
    }


def tallies_again(rows):
    """Count the same in the plainest way."""
    found = defaultdict(int)
    came_in = [call for call in rows.calls if is_real(call)]
    for call in came_in:
        span = span_of(call["arrived_at"])
        if call["queue"]:
            found[call["centre"], "queues", call["queue"], span, "calls"] += 1
        if call["queue"] and call["key"] and call["called_number"]:
            found[call["centre"], "keys", (call["called_number"], call["key"]), span, "calls"] += 1
    for case, centre, at, what in matters_of(rows, came_in):
        if span_of(at) and DEMO not in case["numbers"]:
            known = {"water": UNITS[0], "市自来水公司": UNITS[0], "street": UNITS[1]}.get(case["unit"])
            name = known.code if known else case["unit"]
            district = case["district"] or (known.district if known else None)
            found[centre, "units", name, span_of(at), what] += 1
            found[centre, "districts", district, span_of(at), what] += 1
    return dict(found)


def matters_of(rows, came_in):
    for case in rows.cases.values():
        yield case, centre_of(case, came_in), case["updated_at"], "cases"
    by_id = {call["id"]: call for call in rows.calls}
    for number, call_id, at in rows.urgings:
        yield rows.cases[number], by_id[call_id]["centre"] or "city", at, "urgings"
    for revisit in rows.revisits:
        if revisit["verdict"] == "dissatisfied" and not revisit["demo"]:
            case = rows.cases[revisit["case_number"]]
            yield case, centre_of(case, came_in), revisit["decided_at"], "dissatisfied"


def is_real(call):
    of_citizen = call["direction"] == "inbound" and call["caller_number"] != DEMO
    return of_citizen and call["centre"] and span_of(call["arrived_at"])


def centre_of(case, came_in):
    own = [call for call in came_in if call["caller_number"] in case["numbers"]]
    newest = max(own, key=lambda call: (call["arrived_at"], call["id"]), default=None)
    return newest["centre"] if newest else "city"


def span_of(at):
    if WEEKS.middle <= at < WEEKS.until:
        return "last"
    return "before" if WEEKS.since <= at < WEEKS.middle else None


def test_another_home_takes_what_came_by_no_call(rows):
    rows.case(numbers=(), unit="water")
    assert set(rows.counts(replace(WEEKS, home="jiaxian"))) == {"jiaxian"}
