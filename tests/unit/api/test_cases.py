"""Cases over HTTP: stored, imported, replied to."""

import json

import pytest

from telephony.api.access import LARGEST_BODY
from tests.fakes import NOON
from tests.unit.api.revisits import NUMBER, put_case

FACTS = {"subject": "路灯不亮", "category": "B", "district": "新华区", "unit": "城管局", "channel": "电话"}
JSON = {"Content-Type": "application/json"}
REPLY = {"at": "2026-11-23T10:00:00+08:00", "contact": "11月23日电话告知"}


def test_a_case_is_stored_with_what_it_is_about(api):
    put_case(api, "PDS-1", **FACTS)
    case = api.get("cases/PDS-1").json()
    assert {name: case[name] for name in FACTS} == FACTS
    assert (case["numbers"], case["open"], case["round"]) == ([NUMBER], True, 1)


def test_what_is_not_told_leaves_what_is_known(api):
    put_case(api, "PDS-1", **FACTS)
    put_case(api, "PDS-1", open=False, unit=None)
    case = api.get("cases/PDS-1").json()
    assert {name: case[name] for name in FACTS} == FACTS
    assert case["open"] is False


def test_a_case_is_confidential_once_it_is_told_and_stays_so_until_it_is_told_otherwise(api):
    seen = []
    for told in ({}, {"confidential": True}, {"confidential": None}, {"confidential": False}):
        put_case(api, "PDS-1", **told)
        seen.append(api.get("cases/PDS-1").json()["confidential"])
    assert seen == [False, True, True, False]


def test_a_round_goes_on_and_never_back(api):
    put_case(api, "PDS-1", round=2)
    answer = api.ask("PUT", "cases/PDS-1", json={"numbers": [NUMBER], "open": True, "round": 1})
    assert answer.status_code == 409
    assert api.get("cases/PDS-1").json()["round"] == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "x" * 201},
        {"subject": "a\x00b"},
        {"category": "E"},
        {"unit": ""},
        {"confidential": "yes"},
        {"district": "x" * 41},
        {"round": 0},
        {"numbers": ["+86 138"]},
    ],
    ids=str,
)
def test_facts_that_cannot_be_meant_are_refused(api, wrong):
    body = {"numbers": [NUMBER], "open": True} | wrong
    assert api.ask("PUT", "cases/PDS-1", json=body).status_code == 422
    assert api.get("cases/PDS-1").status_code == 404


def test_an_import_stores_the_good_rows_and_names_the_wrong_ones(api):
    rows = [
        {"case_number": "A-1", "numbers": ["138 0000 0000"]},
        {"case_number": "A-2", "numbers": ["+8613800000002"], **FACTS},
        {"case_number": "A 3", "numbers": []},
        {"case_number": "A-4", "numbers": [], "colour": "red"},
    ]
    told = api.ask("POST", "cases/import", json=rows).json()
    assert (told["stored"], told["refused"]) == (1, 3)
    assert [(row["row"], row["case_number"], row["stored"]) for row in told["rows"]] == [
        (1, "A-1", False),
        (2, "A-2", True),
        (3, "A 3", False),
        (4, "A-4", False),
    ]
    assert [row["why"].split(":")[0] for row in told["rows"] if row["why"]] == [
        "numbers.0",
        "case_number",
        "colour",
    ]
    assert api.get("cases/A-2").json()["numbers"] == ["13800000002"]


def test_a_row_that_would_go_back_a_round_keeps_no_other_out(api):
    put_case(api, "A-1", round=3)
    rows = [{"case_number": "A-1", "numbers": [], "round": 1}, {"case_number": "A-2", "numbers": [NUMBER]}]
    told = api.ask("POST", "cases/import", json=rows).json()
    assert [row["stored"] for row in told["rows"]] == [False, True]
    assert "round 3" in told["rows"][0]["why"]
    assert api.get("cases/A-1").json()["numbers"] == [NUMBER]


@pytest.mark.parametrize(
    "text",
    [
        '[{"case_number": "\\ud800", "numbers": []}]',
        '[{"case_number": "A", "numbers": [], "\\ud800": 1}]',
        '[{"case_number": "A", "numbers": [], "subject": "\\u0000"}]',
        '[{"case_number": "A", "numbers": null}]',
        "[{}]",
        "[[]]",
        "[null]",
    ],
)
def test_a_hostile_row_is_told_and_not_stored(api, text):
    told = api.ask("POST", "cases/import", content=text.encode(), headers=JSON)
    assert (told.status_code, told.json()["refused"]) == (200, 1)


@pytest.mark.parametrize("body", [{}, "x", [{"case_number": f"A-{n}"} for n in range(501)]], ids=repr)
def test_what_is_no_list_of_rows_is_refused(api, body):
    assert api.ask("POST", "cases/import", json=body).status_code == 422


def test_a_body_over_the_limit_is_refused(api):
    row = {"case_number": "A-1", "numbers": [NUMBER], "subject": "x" * 200}
    body = json.dumps([row] * 400)
    assert len(body) > LARGEST_BODY
    assert api.ask("POST", "cases/import", content=body.encode()).status_code == 413


def test_a_reply_opens_a_revisit_due_at_the_end_of_the_second_working_day(api):
    put_case(api, "PDS-1", **FACTS)
    revisit = api.ask("POST", "cases/PDS-1/reply", json=REPLY).json()
    assert (revisit["due_at"], revisit["verdict"]) == ("2026-11-26T00:00:00+08:00", None)
    assert (revisit["numbers"], revisit["unit"], revisit["contact"]) == ([NUMBER], "城管局", REPLY["contact"])
    assert [each["id"] for each in api.get("cases/PDS-1/revisits").json()] == [revisit["id"]]


def test_a_reply_wakes_the_dialer_when_the_first_call_may_be_placed(api):
    put_case(api, "PDS-1")
    revisit = api.ask("POST", "cases/PDS-1/reply", json=REPLY).json()
    (at,) = api.outbound.dialer.woken
    assert revisit["next_at"] == "2026-11-23T14:30:00+08:00"
    assert at.isoformat() == "2026-11-23T14:30:00+08:00"


@pytest.mark.parametrize("contact", [{}, {"contact": ""}, {"contact": "  "}, {"contact": None}], ids=str)
def test_a_reply_without_the_contact_that_told_the_citizen_is_refused(api, contact):
    put_case(api, "PDS-1")
    answer = api.ask("POST", "cases/PDS-1/reply", json={"at": REPLY["at"], **contact})
    assert answer.status_code == 409
    assert "Art. 13" in answer.json()["message"]
    assert api.get("cases/PDS-1/revisits").json() == []


def test_the_same_reply_told_twice_is_one_and_another_is_refused(api):
    put_case(api, "PDS-1")
    first, again = (api.ask("POST", "cases/PDS-1/reply", json=REPLY).json()["id"] for _ in range(2))
    other = REPLY | {"at": "2026-11-23T11:00:00+08:00"}
    assert first == again
    assert api.ask("POST", "cases/PDS-1/reply", json=other).status_code == 409


def test_a_reply_of_the_future_or_to_no_case_is_refused(api):
    put_case(api, "PDS-1")
    late = REPLY | {"at": "2026-11-23T12:00:01+08:00"}
    assert NOON.hour == 4
    assert api.ask("POST", "cases/PDS-1/reply", json=late).status_code == 409
    assert api.ask("POST", "cases/PDS-2/reply", json=REPLY).status_code == 404
    assert api.get("cases/PDS-2/revisits").status_code == 404


def test_what_a_value_must_look_like_is_told_in_words(api):
    (row,) = api.ask("POST", "cases/import", json=[{"case_number": "A 1", "numbers": ["1a"]}]).json()["rows"]
    assert "3 to 19 digits" in row["why"]
    assert "letters, digits, dots" in row["why"]
    answer = api.ask("PUT", "cases/A-1", json={"numbers": ["1a"], "open": True}).json()
    assert "3 至 19 位数字" in answer["message"]
