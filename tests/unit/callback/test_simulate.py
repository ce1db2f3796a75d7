"""Scenarios on a virtual clock: the real planner, dialer, verdicts and store against a scripted far end."""

import json
from datetime import datetime, timedelta

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.callback.simulate.run import run
from telephony.callback.simulate.scenario import read
from telephony.config_load import load
from telephony.errors import ConfigError
from telephony.paths import PROJECT
from telephony.rules.bands import parse_band, windows_of
from telephony.rules.workdays import CHINA
from tests.unit.rules.revisits import CALENDAR, at

CONFIG = load(PROJECT / "config")
RINGS_OUT = {"alerting": 180, "ring_seconds": 62, "final": 480}
SATISFIED = {"alerting": 180, "ring_seconds": 8, "answered": True, "keys": "1"}
DEAD = {"alerting": "none", "ring_seconds": 1, "final": 404}
BANDS = ("09:00-12:00", "14:30-18:00", "18:00-20:30")
POINTS = (
    "after_reserved",
    "after_dialling_committed",
    "after_originate_sent",
    "while_ringing",
    "before_verdict_committed",
)
FAR_ENDS = {
    "rings out": RINGS_OUT,
    "guard": {"alerting": 180, "final": "timeout"},
    "progress": {"alerting": 183, "final": "timeout"},
    "silent": {"alerting": "none", "final": "timeout"},
    "short": {"alerting": 180, "ring_seconds": 59, "final": 480},
    "busy": {"alerting": "none", "ring_seconds": 1, "final": 486},
    "refused": {"alerting": 180, "ring_seconds": 10, "final": 603},
    "fault": {"alerting": "none", "ring_seconds": 1, "final": 503},
    "vacant": DEAD,
    "satisfied": SATISFIED,
    "says nothing": {"alerting": 180, "ring_seconds": 8, "answered": True, "keys": ""},
}
OPENS_EACH = {"rings out", "guard", "progress"}


def case(name="C1", *calls, number="13800000001", replied_at="2026-02-12T10:00:00+08:00", **more):
    return {
        "case": name,
        "numbers": [number],
        "replied_at": replied_at,
        "calls": list(calls or [RINGS_OUT]),
    } | more


def scenario(*cases, **changes):
    known = {"start": "2026-02-12T08:00:00+08:00", "end": "2026-03-05T00:00:00+08:00", "bands": list(BANDS)}
    return known | {"ring_floor": 60, "daily_cap": 3, "channels": 10, "cases": list(cases)} | changes


@pytest.fixture
def simulate(tmp_path):
    def simulated(*cases, **changes):
        return played(tmp_path / "scenario.json", scenario(*cases, **changes))

    return simulated


def played(file, values):
    file.write_text(json.dumps(values, default=str), encoding="utf-8")
    return run(read(file), CONFIG)


@pytest.fixture
def problems(tmp_path):
    def told(text):
        file = tmp_path / "scenario.yaml"
        file.write_text(text, encoding="utf-8")
        with pytest.raises(ConfigError) as raised:
            read(file)
        return [line.removeprefix(f"{file}:") for line in str(raised.value).splitlines()]

    return told


def test_the_example_of_the_manual_ends_satisfied_in_the_second_call(simulate):
    crash = {"at": "2026-02-12T10:30:00+08:00", "point": "after_dialling_committed", "down": 300}
    done = simulate(case("C1", RINGS_OUT, SATISFIED), crashes=[crash])
    (told,) = done["cases"]
    assert (told["verdict"], told["due_at"]) == ("satisfied", "2026-02-15T00:00:00+08:00")
    assert told["attempts"][0] == {
        "id": "rv-000000000001-00000001",
        "number": "13800000001",
        "started_at": "2026-02-12T10:00:00+08:00",
        "ended_at": "2026-02-12T10:01:02+08:00",
        "band": "09:00-12:00",
        "outcome": "unanswered",
        "counts": True,
        "ring_seconds": 62.0,
        "sip_code": 480,
        "cause": 19,
    }
    assert [each["outcome"] for each in told["attempts"]] == ["unanswered", "unknown", "answered"]
    assert (told["attempts"][1]["ended_at"], told["attempts"][1]["ring_seconds"]) == (None, None)


def test_who_calls_back_is_for_a_person_and_called_no_more(simulate):
    (told,) = simulate(case(inbound=["2026-02-12T11:00:00+08:00"]))["cases"]
    assert (told["verdict"], len(told["attempts"])) == ("contacted_unrated", 1)


def test_who_calls_back_after_being_deemed_satisfied_voids_that(simulate):
    (told,) = simulate(case(inbound=["2026-02-13T11:00:00+08:00"]))["cases"]
    assert (told["verdict"], told["decided_at"]) == ("contacted_unrated", "2026-02-13T11:00:00+08:00")


@pytest.mark.parametrize(
    ("far_end", "verdict"),
    [
        *((name, "deemed_satisfied") for name in ("rings out", "guard", "progress")),
        *((name, "unreachable") for name in ("silent", "short", "busy", "refused", "fault")),
        ("vacant", "number_invalid"),
        ("satisfied", "satisfied"),
        ("says nothing", "contacted_unrated"),
    ],
)
def test_a_far_end_that_always_does_the_same_leads_to_its_verdict(simulate, far_end, verdict):
    (told,) = simulate(case("C1", FAR_ENDS[far_end]))["cases"]
    assert told["verdict"] == verdict
    assert told["decided_at"] <= told["due_at"]


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("far_end", FAR_ENDS)
@pytest.mark.parametrize("down", [1, 300, 20000])
def test_a_death_at_any_point_deems_nobody_satisfied_who_did_not_ring_out_and_forgets_nobody(
    simulate, point, far_end, down
):
    crash = {"at": "2026-02-12T09:00:00+08:00", "point": point, "down": down}
    (told,) = simulate(case("C1", FAR_ENDS[far_end]), crashes=[crash])["cases"]
    assert told["verdict"] != "open"
    assert (told["verdict"] == "deemed_satisfied") <= (far_end in OPENS_EACH)
    assert not any(each["counts"] for each in told["attempts"]) or far_end in OPENS_EACH
    assert_lawful(told)


def assert_lawful(told):
    """No attempt of a case is closer to the one before than allowed, or outside the bands."""
    for each in told["attempts"]:
        assert each["band"] in BANDS
    for one, other in zip(told["attempts"], told["attempts"][1:], strict=False):
        apart = datetime.fromisoformat(other["started_at"]) - datetime.fromisoformat(one["started_at"])
        least = {"unanswered": 3 * 3600 if one["counts"] else 1, "unknown": 3 * 3600}
        assert apart.total_seconds() >= least.get(one["outcome"], 0)


def test_with_one_channel_those_with_the_nearest_deadline_come_first(simulate):
    cases = [case(f"C{n}", number=f"1380000000{n}", replied_at="2026-02-13T08:30:00+08:00") for n in range(3)]
    cases.append(case("C9", number="13800000009", replied_at="2026-02-12T21:00:00+08:00"))
    done = simulate(*cases, channels=1)["cases"]
    starts = {told["case"]: told["attempts"][0]["started_at"] for told in done}
    assert min(starts, key=starts.get) == "C9"
    assert len(set(starts.values())) == 4


def test_the_daily_cap_holds_over_all_cases_of_a_number(simulate):
    done = simulate(*(case(f"C{n}", FAR_ENDS["busy"]) for n in range(4)), daily_cap=2)
    days = [each["started_at"][:10] for told in done["cases"] for each in told["attempts"]]
    assert {day: days.count(day) for day in set(days)} == dict.fromkeys(set(days), 2)


def test_the_same_scenario_gives_the_same_result(simulate):
    cases = [
        case(
            f"C{n}",
            *FAR_ENDS.values(),
            number=f"138000000{n:02d}",
            replied_at=f"2026-02-12T1{n % 10}:0{n % 7}:00",
        )
        for n in range(20)
    ]
    assert simulate(*cases) == simulate(*cases)


def test_json_and_yaml_give_the_same_result(tmp_path):
    values = scenario(case("C1", RINGS_OUT, SATISFIED), case("C2", DEAD, number="13800000002"))
    told, yml = played(tmp_path / "scenario.json", values), tmp_path / "scenario.yaml"
    yml.write_text(yaml.safe_dump(values), encoding="utf-8")
    assert run(read(yml), CONFIG) == told


def test_what_is_left_out_comes_from_the_configuration(tmp_path):
    values = {"start": "2026-02-12T08:00:00+08:00", "end": "2026-02-13T00:00:00+08:00"}
    whole = played(tmp_path / "whole.json", scenario(case(), **values))
    assert played(tmp_path / "short.json", values | {"cases": [case()]}) == whole


def test_an_end_before_all_is_decided_leaves_cases_open(simulate):
    (told,) = simulate(case(), end="2026-02-12T10:30:00+08:00")["cases"]
    assert (told["verdict"], told["decided_at"], len(told["attempts"])) == ("open", None, 1)


def test_a_time_without_a_zone_is_shanghais_and_all_results_are(simulate):
    zones = (
        "2026-02-12T10:00:00",
        "2026-02-12 10:00:00",
        "2026-02-12T02:00:00Z",
        "2026-02-12T10:00:00+08:00",
    )
    results = [simulate(case(replied_at=at))["cases"] for at in zones]
    assert results == [results[0]] * 4
    assert results[0][0]["due_at"].endswith("+08:00")


def test_numbers_and_keys_that_yaml_takes_for_whole_numbers_are_read_as_meant(tmp_path):
    file = tmp_path / "scenario.yaml"
    call = "{alerting: 180, ring_seconds: 8, answered: true, keys: 1}"
    file.write_text(
        "start: 2026-02-12T08:00:00+08:00\nend: 2026-02-13T00:00:00+08:00\ncases:\n"
        f"  - {{case: 7, numbers: [13800000001], replied_at: 2026-02-12T10:00:00+08:00, calls: [{call}]}}\n",
        encoding="utf-8",
    )
    (told,) = run(read(file), CONFIG)["cases"]
    assert (told["case"], told["verdict"], told["attempts"][0]["number"]) == ("7", "satisfied", "13800000001")


START = "start: 2026-02-12T08:00:00+08:00\nend: 2026-03-05T00:00:00+08:00\n"
ONE = "cases:\n  - {case: C1, numbers: ['13800000001'], replied_at: 2026-02-12T10:00:00+08:00}\n"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (START + "colour: red\n" + ONE, "3: colour"),
        (START.replace("03-05", "02-01") + ONE, "1: (file)"),
        (START + "bands: ['09:00-12:00', '11:00-13:00']\n" + ONE, "1: (file)"),
        (START + "bands: ['12:00-09:00']\n" + ONE, "3: bands.0"),
        (START + ONE + ONE.partition("\n")[2], "1: (file)"),
        (START + ONE.replace("13800000001", "abc"), "4: cases.0.numbers.0"),
        (START + ONE.replace("2026-02-12T10:00:00+08:00", "soon"), "4: cases.0.replied_at"),
        (
            START + ONE + "crashes:\n  - {at: 2026-02-12T10:30:00+08:00, point: nowhere, down: 3}\n",
            "6: crashes.0.point",
        ),
        (START + ONE + "    calls: [{alerting: 181}]\n", "5: (syntax)"),
        (START, "1: cases"),
        ("", "1: (file)"),
        ("[1, 2]", "1: (file)"),
        ("start: [", "1: (syntax)"),
    ],
)
def test_each_fault_is_a_line_with_its_place(problems, text, place):
    assert problems(text)[0].startswith(f"{place}: ")


# A case whose citizen always rings out.

HOURS = st.integers(8 * 60, 20 * 60)
BAND_SETS = st.sampled_from(
    (
        BANDS,
        ("09:00-12:00",),
        ("09:00-18:00",),
        ("09:00-09:02", "12:04-12:06"),
        ("09:00-11:00", "11:00-13:00", "13:00-15:00"),
        ("08:00-09:00", "20:00-21:00"),
    )
)


@given(
    day=st.sampled_from(("02-11", "02-12", "02-13", "02-14", "02-15", "02-23", "03-06", "04-03", "04-30")),
    minute=st.integers(0, 24 * 60 - 1),
    bands=BAND_SETS,
)
@settings(max_examples=60)
def test_who_always_rings_out_is_deemed_satisfied_in_time_whenever_two_lawful_times_exist(
    tmp_path_factory, day, minute, bands
):
    replied = at(f"{day} 00:00") + timedelta(minutes=minute)
    values = scenario(
        case("C1", {"alerting": 180, "final": "timeout"}, replied_at=replied.isoformat()),
        start=replied.isoformat(),
        end=(replied + timedelta(days=20)).isoformat(),
        bands=list(bands),
    )
    (told,) = played(tmp_path_factory.mktemp("scenario") / "s.json", values)["cases"]
    exist = two_lawful_times_exist(replied, [parse_band(text) for text in bands])
    assert (told["verdict"] == "deemed_satisfied") == exist
    assert not exist or told["decided_at"] <= told["due_at"]
    assert_spaced(told)


def two_lawful_times_exist(replied, bands):
    """Search all pairs of minutes, by nothing but the text of Art. 16 and 17."""
    guard, due_at = timedelta(seconds=75), CALENDAR.deadline_after(replied, 2)
    lawful = []
    day = replied.astimezone(CHINA).date()
    while datetime.combine(day, datetime.min.time(), CHINA) < due_at:
        for window in windows_of(day, tuple(bands)) if CALENDAR.is_working_day(day) else ():
            minutes = (window.opens + timedelta(minutes=n) for n in range(24 * 60))
            lawful += [
                (minute, window)
                for minute in minutes
                if minute >= replied and minute + guard <= min(window.closes, due_at)
            ]
        day += timedelta(days=1)
    latest = {window: minute for minute, window in lawful}
    return any(
        second - (first + guard) >= timedelta(hours=3) and window != other
        for first, window in lawful
        for other, second in latest.items()
    )


def assert_spaced(told):
    for one, other in zip(told["attempts"], told["attempts"][1:], strict=False):
        apart = datetime.fromisoformat(other["started_at"]) - datetime.fromisoformat(one["ended_at"])
        assert apart >= timedelta(hours=3)
