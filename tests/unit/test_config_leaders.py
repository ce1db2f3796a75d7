"""leaders.yaml: who may sit in a hall, on which seat, and what could not work."""

import pytest

from telephony.config_load import load
from telephony.texts import say
from tests.unit.test_config_load import Folder

MAYOR = "{code: mayor-li, name: 李建国, post: 市长, kind: city_government, centre: city}"
HEAD = "centre: city, unit: city-management}"
DISTRICT = "centre: city, district: 湛河区}"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "config")


def problem_of(folder, old, new):
    """Return what is said of a change of leaders.yaml, and the line at which it was made."""
    line = folder.change("leaders", old, new)
    (problem,) = folder.problems()
    return problem, line


def test_the_leaders_and_seats_as_delivered_are_found_by_their_codes(folder):
    config = load(folder.path)
    assert config.leaders["mayor-li"].post == "市长"
    assert config.seats["city-hall"].agent == "8801"
    assert config.leader_days.hours == "15:00-17:15"


def test_a_folder_without_the_file_is_refused(folder):
    (folder.path / "leaders.yaml").unlink()
    (problem,) = folder.problems()
    assert problem.startswith(folder.at("leaders", 1, "(file)"))


@pytest.mark.parametrize(
    ("key", "old", "low", "high"),
    [
        ("minutes", "\nminutes: 120", 1, 600),
        ("notice_days", "\nnotice_days: 7", 0, 31),
        ("remind_days", "\nremind_days: 7", 1, 31),
        ("hot_weeks", "\nhot_weeks: 4", 1, 26),
    ],
)
def test_a_number_lies_within_its_limits(tmp_path, key, old, low, high):
    for value, good in ((low - 1, False), (low, True), (high, True), (high + 1, False)):
        folder = Folder(tmp_path / f"{value}")
        line = folder.change("leaders", old, f"\n{key}: {value}") + 1
        if good:
            assert getattr(load(folder.path).leader_days, key) == value
        else:
            (problem,) = folder.problems()
            assert problem.startswith(folder.at("leaders", line, key))


@pytest.mark.parametrize("hours", ["15:00", "17:00-15:00", "15:00-24:30", "any"])
def test_hours_are_a_part_of_a_day(folder, hours):
    problem, line = problem_of(folder, '"15:00-17:15"', f'"{hours}"')
    assert problem.startswith(folder.at("leaders", line, "hours"))


# Leaders.


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (HEAD, "centre: city}"),
        (DISTRICT, "centre: city}"),
        (MAYOR, MAYOR.replace("}", ", unit: water}")),
        (MAYOR, MAYOR.replace("}", ", district: 湛河区}")),
        (HEAD, HEAD.replace("}", ", district: 湛河区}")),
        (DISTRICT, DISTRICT.replace("}", ", unit: water}")),
    ],
)
def test_a_leader_names_what_it_stands_for_and_nothing_else(folder, old, new):
    problem, _ = problem_of(folder, old, new)
    assert say("leader.stands_for") in problem


def test_two_leaders_have_two_codes(folder):
    folder.change("leaders", "code: vice-mayor-zhou", "code: mayor-li")
    assert [say("config.double", value="mayor-li", count=2) in each for each in folder.problems()] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        (MAYOR, MAYOR.replace("centre: city", "centre: nowhere"), "centre"),
        ("unit: city-management}", "unit: no-such-unit}", "unit"),
    ],
)
def test_a_leader_is_of_a_centre_and_a_unit_that_there_are(folder, old, new, key):
    problem, _ = problem_of(folder, old, new)
    assert f".{key}: " in problem
    assert ("nowhere" in problem) or ("no-such-unit" in problem)


@pytest.mark.parametrize(
    ("old", "new", "kinds"),
    [
        (
            "kind: city_government, centre: city",
            "kind: county_leader, centre: city",
            "city_government, unit_head, district_leader",
        ),
        ("kind: county_leader, centre: baofeng", "kind: city_government, centre: baofeng", "county_leader"),
        ("kind: city_government, centre: city", "kind: city_government, centre: baofeng", "county_leader"),
    ],
)
def test_in_a_citys_hall_sit_other_kinds_than_in_a_countys(folder, old, new, kinds):
    problem, line = problem_of(folder, old, new)
    assert problem.startswith(f"{folder.path}/leaders.yaml:{line}: ")
    assert problem.endswith(say("config.leader_kind", kinds=kinds))


# Seats.


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("code: baofeng-hall", "code: city-hall", "city-hall"),
        (
            "screening_queue: baofeng-leader-screening",
            "screening_queue: city-leader-screening",
            "city-leader-screening",
        ),
    ],
)
def test_seats_share_neither_code_nor_screening_queue(folder, old, new, value):
    folder.change("leaders", old, new)
    wanted = say("config.double", value=value, count=2)
    assert [each.endswith(wanted) for each in folder.problems()] == [True, True]


def test_seats_share_no_softphone_and_no_leaders_queue(folder):
    folder.change("leaders", 'agent: "8811"', 'agent: "8801"')
    folder.change("leaders", "queue: baofeng-leader\n", "queue: city-leader\n")
    problems = folder.problems()
    for value in ("8801", "city-leader"):
        wanted = say("config.double", value=value, count=2)
        assert [each.endswith(wanted) for each in problems].count(True) == 2
    assert len(problems) == 4


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("    centre: baofeng\n", "    centre: nowhere\n", "centre"),
        ("normal_queue: baofeng-12345", "normal_queue: nowhere", "normal_queue"),
        ("screening_queue: baofeng-leader-screening", "screening_queue: nowhere", "screening_queue"),
        ('agent: "8811"', 'agent: "9999"', "agent"),
        ('assistants: ["8802"]', 'assistants: ["8802", "9999"]', "assistants.1"),
        ('number: "03756512346"', 'number: "03756599999"', "number"),
    ],
)
def test_what_a_seat_names_is_there(folder, old, new, key):
    problem, line = problem_of(folder, old, new)
    assert problem.startswith(f"{folder.path}/leaders.yaml:{line}: seats.")
    assert f".{key}: " in problem


def test_a_leaders_queue_that_is_not_there_is_named_beside_the_softphone_that_does_not_serve_it(folder):
    folder.change("leaders", "queue: baofeng-leader\n", "queue: nowhere\n")
    unknown, unserved = folder.problems()
    assert "seats.1.queue: " in unknown
    assert unserved.endswith(say("config.leader_skill", agent="8811", queue="nowhere"))


@pytest.mark.parametrize("skills", ["{city-12345: 0}", "{city-leader: 0, city-12345: 5}", "{}"])
def test_the_leaders_softphone_serves_the_leaders_queue_alone(folder, skills):
    folder.change("agents", "skills: {city-leader: 0}", f"skills: {skills}")
    (problem,) = folder.problems()
    assert "seats.0.agent: " in problem
    assert problem.endswith(say("config.leader_skill", agent="8801", queue="city-leader"))


# The way to a seat.


@pytest.mark.parametrize("line", ['    main_number: "12345"\n', '    key: "6"\n'])
def test_key_and_main_number_go_together(folder, line):
    folder.change("leaders", line, "")
    assert any(each.endswith(say("config.leader_key_number")) for each in folder.problems())


def test_a_main_number_is_one_of_ours(folder):
    problem, _ = problem_of(folder, 'main_number: "12345"', 'main_number: "99999"')
    assert "seats.0.main_number: " in problem


@pytest.mark.parametrize(("key", "free"), [("1", False), ("2", False), ("3", True), ("0", True)])
def test_the_leaders_key_is_one_that_the_menu_has_not(folder, key, free):
    folder.change("leaders", 'key: "6"', f'key: "{key}"')
    if free:
        assert load(folder.path).seats["city-hall"].key == key
    else:
        (problem,) = folder.problems()
        assert problem.endswith(say("config.leader_key", number="12345"))


def test_a_number_without_a_menu_has_no_key_for_the_leader(folder):
    problem, _ = problem_of(folder, 'main_number: "12345"', 'main_number: "12315"')
    assert problem.endswith(say("config.leader_key", number="12315"))


def test_a_seat_to_which_no_way_leads_is_refused(folder):
    problem, _ = problem_of(folder, '    number: "03756512346"\n', "")
    assert "seats.1: " in problem
    assert problem.endswith(say("config.leader_no_way"))


def test_a_seat_with_a_number_of_its_own_needs_no_key(folder):
    folder.change("leaders", '    main_number: "12345"\n    key: "6"\n', "")
    assert load(folder.path).seats["city-hall"].key is None


def test_a_seat_with_a_key_needs_no_number_of_its_own(folder):
    folder.change("leaders", '    number: "037512346"\n', "")
    assert load(folder.path).seats["city-hall"].number is None


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("entry: screened", "entry: by-chance", "entry"),
        ('key: "6"', 'key: "66"', "key"),
        ("kind: unit_head", "kind: head", "kind"),
        ("normal_queue: city-12345", "normal: city-12345", "normal"),
    ],
)
def test_what_no_leader_or_seat_can_be_is_named_with_its_key(folder, old, new, key):
    folder.change("leaders", old, new)
    assert any(f".{key}: " in problem for problem in folder.problems())


# Who helps at a seat.


def test_an_assistant_who_is_no_supervisor_is_refused(folder):
    problem, line = problem_of(folder, 'assistants: ["8802"]', 'assistants: ["8802", "8803"]')
    assert problem.startswith(folder.at("leaders", line, "seats.0.assistants.1"))
    assert problem.endswith(say("config.leader_assistant", agent="8803"))


def test_an_assistant_who_is_nobody_is_named_once(folder):
    folder.change("leaders", 'assistants: ["8802"]', 'assistants: ["8899"]')
    (problem,) = folder.problems()
    assert "8899" in problem
