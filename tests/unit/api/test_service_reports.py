"""Service figures and declared outages over HTTP."""

from threading import Event

import pytest

from tests.unit.store.ledger import put_answered

OUTAGE = {
    "starts_at": "2026-11-23T11:00:00+08:00",
    "ends_at": "2026-11-23T13:00:00+08:00",
    "why": "中继中断",
    "by": "李明",
}


def test_without_a_time_the_figures_are_todays(api):
    api.put_rows(put_answered)
    found = api.get("report/service").json()
    assert (found["since"], found["until"]) == ("2026-11-23T00:00:00+08:00", "2026-11-23T12:00:00+08:00")
    assert (found["within_seconds"], found["target"], found["worst_24h"]) == (15.0, 0.95, None)


def test_a_call_is_told_in_total_and_in_its_groups(api):
    api.put_rows(put_answered)
    found = api.get("report/service?since=2026-11-22T00:00:00Z&until=2026-11-25T00:00:00Z").json()
    assert (found["total"]["answered"], found["worst_24h"]["reached"]) == (1, True)
    names = ("numbers", "queues", "centres", "agents")
    assert [found[name][0]["answered"] for name in names] == [1] * 4


def test_an_outage_is_stored_with_who_declared_it_and_why(api):
    declared = api.ask("POST", "outages", json=OUTAGE)
    assert declared.status_code == 201
    [outage] = api.get("outages").json()
    assert {name: outage[name] for name in OUTAGE} == OUTAGE
    assert outage["declared_at"] == "2026-11-23T12:00:00+08:00"
    assert [each["why"] for each in api.get("report/service").json()["declared"]] == ["中继中断"]


@pytest.mark.parametrize(("since", "found"), [("04:59:59.999999", 1), ("05:00:00", 0)])
def test_an_outage_is_listed_for_a_time_that_it_touches(api, since, found):
    api.ask("POST", "outages", json=OUTAGE)
    assert len(api.get(f"outages?since=2026-11-23T{since}Z").json()) == found


@pytest.mark.parametrize(
    "change",
    [{"ends_at": OUTAGE["starts_at"]}, {"why": ""}, {"by": ""}, {"starts_at": "2026-11-23T08:00"}],
    ids=str,
)
def test_an_outage_that_cannot_be_meant_is_refused(api, change):
    assert api.ask("POST", "outages", json=OUTAGE | change).status_code == 422


@pytest.mark.parametrize(
    "times",
    [
        "since=2026-11-23T04:00:00Z&until=2026-11-23T04:00:00Z",
        "since=2020-11-23T04:00:00Z",
    ],
)
def test_a_time_that_is_none_or_too_long_is_refused(api, times):
    assert api.get(f"report/service?{times}").status_code == 422


@pytest.mark.parametrize(("until", "status"), [("2026-11-25T05:00:00Z", 200), ("2026-11-25T05:00:01Z", 422)])
def test_at_most_two_days_are_counted_again(api, until, status):
    assert api.get(f"report/service/recount?since=2026-11-23T04:00:00Z&until={until}").status_code == status


def test_what_the_events_do_not_tell_is_named(api):
    api.put_rows(put_answered)
    found = api.get("report/service/recount?since=2026-11-23T00:00:00Z&until=2026-11-24T00:00:00Z").json()
    assert found["agrees"] is False
    assert any(each.startswith("total  fates") for each in found["differences"])


def test_one_report_too_many_is_told_when_to_ask_again(api):
    go_on = Event()
    made = api.inside(lambda: [api.database.report(lambda _: go_on.wait()) for _ in range(4)])
    refused = api.get("report/service")
    go_on.set()
    assert (refused.status_code, refused.json()["error"]) == (503, "busy")
    assert refused.headers["Retry-After"] == "30"
    for each in made:
        api.inside(lambda each=each: each)
    assert api.get("report/service").status_code == 200
