"""Blacklist, cases and alarms over HTTP."""

import pytest

from telephony.store import agents as agent_rows
from telephony.store import routing_facts
from telephony.store.database import transaction
from telephony.store.tables import blacklist
from tests.fakes import NOON

NUMBER = "13800001234"


def _facts(connection, now):
    return routing_facts.of_caller(connection, NUMBER, now, now, now)


def kinds(api):
    return [event["kind"] for event in api.get("events").json()["events"]]


def test_a_number_is_put_on_the_blacklist_and_taken_off_again(api):
    assert api.ask("PUT", f"blacklist/{NUMBER}", json={"reason": "骚扰"}).status_code == 200
    (entry,) = api.get("blacklist").json()
    assert (entry["number"], entry["reason"], entry["expired"]) == (NUMBER, "骚扰", False)
    assert api.ask("DELETE", f"blacklist/{NUMBER}").status_code == 204
    assert api.get("blacklist").json() == []
    assert kinds(api) == ["blacklist_added", "blacklist_removed"]


def test_the_route_of_a_call_knows_the_blacklist(api):
    api.ask("PUT", f"blacklist/{NUMBER}", json={"reason": "x", "expires_at": "2026-11-23T13:00:00+08:00"})
    with transaction(api.database.engine) as connection:
        assert _facts(connection, NOON).blacklisted == "x"
        assert _facts(connection, NOON.replace(hour=5)).blacklisted is None


def test_an_entry_without_an_end_holds_for_the_days_of_the_configuration(api):
    api.ask("PUT", f"blacklist/{NUMBER}", json={"reason": "x"})
    assert api.get("blacklist").json()[0]["expires_at"] == "2026-12-23T12:00:00+08:00"


@pytest.mark.parametrize(("seconds", "expired"), [(3599, False), (3600, True)])
def test_an_entry_passes_by_itself_when_its_end_has_come_and_is_still_listed(api, seconds, expired):
    api.ask("PUT", f"blacklist/{NUMBER}", json={"reason": "x", "expires_at": "2026-11-23T13:00:00+08:00"})
    api.clock.advance(seconds)
    assert [entry["expired"] for entry in api.get("blacklist").json()] == [expired]
    with transaction(api.database.engine) as connection:
        assert (_facts(connection, api.clock.now()).blacklisted is None) == expired


def test_an_entry_of_old_without_an_end_holds_until_it_is_removed(api):
    row = {"number": NUMBER, "reason": "x", "added_at": NOON, "expires_at": None}
    api.put_rows(lambda connection: connection.execute(blacklist.insert().values(**row)))
    assert [entry["expired"] for entry in api.get("blacklist").json()] == [False]


def test_a_second_entry_for_a_number_replaces_the_first(api):
    for reason in ("one", "two"):
        api.ask("PUT", f"blacklist/{NUMBER}", json={"reason": reason})
    assert [entry["reason"] for entry in api.get("blacklist").json()] == ["two"]


def test_a_number_that_is_not_on_the_blacklist_cannot_be_taken_off(api):
    assert api.ask("DELETE", f"blacklist/{NUMBER}").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"reason": ""},
        {"reason": "x" * 201},
        {"reason": "a\nb"},
        {"reason": "x", "expires_at": "2026-11-23T12:00:00"},
        {"reason": "x", "expires_at": "2026-11-23T12:00:00+08:00"},
        {},
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_meant_is_refused(api, body):
    assert api.ask("PUT", f"blacklist/{NUMBER}", json=body).status_code == 422
    assert api.get("blacklist").json() == []


def test_half_a_character_is_refused(api):
    answer = api.ask("PUT", f"blacklist/{NUMBER}", content=b'{"reason": "\\ud800"}')
    assert answer.status_code == 422


def test_a_case_is_stored_with_its_numbers_in_order(api):
    body = {"numbers": ["13900000002", "13900000001", "13900000002"], "open": True}
    assert api.ask("PUT", "cases/PDS-2026-1", json=body).status_code == 200
    case = api.get("cases/PDS-2026-1").json()
    assert (case["numbers"], case["open"]) == (["13900000002", "13900000001"], True)


def test_a_case_can_be_closed(api):
    for is_open in (True, False):
        api.ask("PUT", "cases/1", json={"numbers": [NUMBER], "open": is_open})
    with transaction(api.database.engine) as connection:
        assert _facts(connection, NOON).open_cases == ()
    assert kinds(api) == ["case_changed", "case_changed"]


@pytest.mark.parametrize("numbers", [["8001;x"], ["1" * 20], ["123"] * 21, "13800001234"], ids=str)
def test_a_case_with_impossible_numbers_is_refused(api, numbers):
    assert api.ask("PUT", "cases/1", json={"numbers": numbers, "open": True}).status_code == 422


def test_an_unknown_case_is_not_found(api):
    assert api.get("cases/1").status_code == 404


def test_an_alarm_stands_until_somebody_acknowledges_it(api):
    api.put_rows(agent_rows.raise_alarm, NOON, "missed-rings", "8001")
    (alarm,) = api.get("alarms").json()
    assert (alarm["kind"], alarm["subject"], alarm["acknowledged_at"]) == ("missed-rings", "8001", None)
    seen = api.ask("POST", f"alarms/{alarm['id']}/acknowledge").json()
    assert seen["acknowledged_at"] == "2026-11-23T12:00:00+08:00"
    assert api.get("alarms").json() == []
    assert len(api.get("alarms?acknowledged=true").json()) == 1


def test_the_first_acknowledgement_counts(api):
    api.put_rows(agent_rows.raise_alarm, NOON, "missed-rings", "8001")
    api.ask("POST", "alarms/1/acknowledge")
    api.clock.advance(60)
    again = api.ask("POST", "alarms/1/acknowledge").json()
    assert again["acknowledged_at"] == "2026-11-23T12:00:00+08:00"
    assert kinds(api) == ["alarm_acknowledged"]


@pytest.mark.parametrize(("alarm", "status"), [("1", 404), ("0", 422), (str(2**63), 422), ("x", 422)])
def test_an_alarm_that_is_not_there_cannot_be_acknowledged(api, alarm, status):
    assert api.ask("POST", f"alarms/{alarm}/acknowledge").status_code == status
