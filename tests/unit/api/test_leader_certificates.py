"""Certificates of leader days over HTTP, as data and as a page."""

from datetime import timedelta

import pytest

from tests.unit.api.served import CONFIG
from tests.unit.leader.day_stories import CITIZEN, ENDS, LATER, DayStore


@pytest.fixture
def day(api):
    store = DayStore(api.database.engine, CONFIG)
    store.day()
    store.notice()
    api.clock.time = LATER
    return store


def certify(api, day, by="李敏"):
    return api.ask("POST", f"leader-days/{day.day_id}/certify", json={"by": by})


def test_a_draft_is_shown_with_what_citizens_said_by_now(api, day):
    day.say(day.call(talk=60.0), "result", result="on_the_spot", case_number="C1")
    found = api.get(f"leader-days/{day.day_id}/certificate").json()
    assert (found["frozen"], found["state"], found["intact"]) == (False, "closed", True)
    assert (found["document"]["figures"]["on_the_spot"], found["satisfaction"]["not_asked"]) == (1, 1)


def test_a_day_that_nobody_was_there_for_shows_its_shortfall(api, day):
    (found,) = api.get(f"leader-days/{day.day_id}/certificate").json()["document"]["deviations"]
    assert (found["code"], found["values"]) == ("shortfall", {"seconds": 7200})


def test_it_is_certified_once_and_shown_as_it_was(api, day):
    first = certify(api, day)
    assert (first.status_code, first.json()["frozen"]) == (200, True)
    assert certify(api, day).status_code == 409
    api.clock.time = LATER + timedelta(days=9)
    assert api.get(f"leader-days/{day.day_id}/certificate").json() == first.json()


def test_with_somebody_on_the_register_it_is_refused_with_what_to_do(api, day):
    day.call()
    refused = certify(api, day)
    assert refused.status_code == 409
    assert "未接通登记还有 1 个来电" in refused.json()["message"]
    assert "hotline leader-days register" in refused.json()["message"]


@pytest.mark.parametrize("by", ["rules", " Rules "])
def test_a_person_certifies_and_not_the_service_itself(api, day, by):
    assert certify(api, day, by).status_code == 422
    assert certify(api, day).status_code == 200


def test_an_open_day_is_not_certified(api, day):
    day.day("open", closed_at=None)
    assert certify(api, day).status_code == 409


def test_of_a_day_to_come_there_is_none(api, day):
    day.day("published")
    for path in ("certificate", "certificate.html"):
        assert api.get(f"leader-days/{day.day_id}/{path}").status_code == 409


@pytest.mark.parametrize("path", ["certificate", "certificate.html"])
def test_of_a_day_that_is_not_there_there_is_none(api, day, path):
    assert api.get(f"leader-days/99/{path}").status_code == 404
    assert api.get(f"leader-days/0/{path}").status_code == 422


def test_without_a_name_nothing_is_certified(api, day):
    assert api.ask("POST", f"leader-days/{day.day_id}/certify", json={}).status_code == 422
    assert certify(api, day, by="").status_code == 422


def test_the_page_runs_nothing_whatever_was_written_and_masks_numbers(api, day):
    call_id = day.call(talk=60.0)
    day.say(call_id, "screened", in_scope=True, summary=f"<script>alert({CITIZEN})</script>")
    found = api.get(f"leader-days/{day.day_id}/certificate.html")
    assert found.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in found.headers["content-security-policy"]
    assert found.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in found.text
    assert CITIZEN not in found.text
    assert "138****1234" in found.text


def test_the_page_wants_the_token(api, day):
    assert api.get(f"leader-days/{day.day_id}/certificate.html", token="").status_code == 401


def test_a_day_that_ended_early_is_flagged_and_certified_all_the_same(api, day):
    day.day(closed_at=ENDS - timedelta(minutes=10), closed_why="防汛")
    found = certify(api, day).json()["document"]["deviations"]
    assert [each["code"] for each in found] == ["second_in_month", "closed_early", "shortfall"]
