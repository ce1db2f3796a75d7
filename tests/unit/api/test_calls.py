"""The ledger, queues and status over HTTP."""

import asyncio

import pytest
from sqlalchemy.exc import OperationalError
from twisted.internet.defer import fail

from tests.fakes import NOON
from tests.unit.store.ledger import put_answered, put_call, put_event, put_leg
from tests.unit.store.three_way_rows import put_three_way

CALL = "1795420886.1"
FIELDS = {
    *("id", "direction", "called_number", "caller_number", "centre", "queue", "agent", "arrived_at"),
    *("queued_at", "answered_at", "ended_at", "ended_by", "wait_seconds", "talk_seconds", "outcome"),
    *("route_reason", "recording"),
}


def test_a_call_has_every_field_that_is_promised(api):
    api.put_rows(put_answered)
    (call,) = api.get("calls").json()
    assert set(call) >= FIELDS
    assert (call["arrived_at"], call["wait_seconds"]) == ("2026-11-23T15:50:00+08:00", 12.5)


def test_one_call_comes_with_legs_and_events(api):
    api.put_rows(put_answered)
    api.put_rows(put_leg, CALL)
    api.put_rows(put_event, "arrived")
    call = api.get(f"calls/{CALL}").json()
    assert [leg["id"] for leg in call["legs"]] == [CALL]
    assert [event["kind"] for event in call["events"]] == ["arrived"]


def test_a_call_of_three_says_who_was_with_whom_and_where_that_is_heard(api):
    api.put_rows(put_three_way)
    call = api.get(f"calls/{CALL}").json()
    told = [
        (segment["seconds"], [one["party"] for one in segment["parties"]], segment["file"], segment["offset"])
        for segment in call["segments"]
    ]
    assert told == [
        (50.0, ["carrier", "8001"], "c.wav", 100.0),
        (20.0, ["carrier", "8001"], "c.wav", 180.0),
        (100.0, ["carrier", "8001", "water"], "c.wav", 200.0),
        (100.0, ["carrier", "water"], "c.wav", 300.0),
    ]
    assert call["segments"][0]["started_at"] == "2026-11-23T15:53:20+08:00"
    assert (len(call["stays"]), call["talk_seconds_by_agent"]) == (5, {"8001": 170.0})


def test_the_list_of_calls_leaves_the_hold_out_of_the_talk_as_well(api):
    api.put_rows(put_three_way)
    (call,) = api.get("calls").json()
    assert call["talk_seconds"] == 270.0


def test_a_legs_own_recording_is_told(api):
    api.put_rows(put_three_way)
    legs = {leg["id"]: leg["recording"] for leg in api.get(f"calls/{CALL}").json()["legs"]}
    assert legs == {CALL: "c.wav", "1795420886.2": None, "tw-1": None}


def test_an_unknown_call_is_not_found(api):
    assert api.get("calls/1.1").status_code == 404


def test_the_filter_is_passed_on(api):
    api.put_rows(put_answered, "1.1")
    api.put_rows(put_call, "1.2", called_number="12315")
    assert [call["id"] for call in api.get("calls?number=12315").json()] == ["1.2"]


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "since=2026-11-23T00:00:00",
        "since=0001-01-01T00:00:00Z",
        "number=1'--",
        "agent=%00",
    ],
)
def test_a_filter_that_cannot_be_meant_is_refused(api, query):
    answer = api.get(f"calls?{query}")
    assert answer.status_code == 422
    assert answer.json()["fields"][0]["where"] == f"query.{query.partition('=')[0]}"


def test_a_refusal_is_told_in_chinese_and_in_english(api):
    wanted = (
        "请求有误：query.limit: 应为 1000 或更小 · the request is wrong: query.limit: must be 1000 or less"
    )
    assert api.get("calls?limit=1001").json()["message"] == wanted


def test_queues_show_the_day_and_who_would_ring(api):
    api.clock.time = NOON.replace(hour=9)
    api.put_rows(put_answered)
    day = api.get("queues").json()
    queue = next(queue for queue in day["queues"] if queue["name"] == "city-12345")
    assert (day["day"], queue["label"], queue["agents_ready"]) == ("2026-11-23", "市热线综合", 1)
    assert queue["today"]["answered"] == 1
    assert {"12345", "12315"} <= {number["number"] for number in day["numbers"]}


def test_the_status_names_parts_addresses_and_agents(api):
    status = api.get("status").json()
    assert status["ready"]
    assert status["listening"] == [{"name": "sip", "address": "127.0.0.1", "port": 5060, "protocol": "udp"}]
    assert status["agents"] == {"logged_out": 1, "ready": 1}
    assert status["components"]["agi"] == {"ok": True, "detail": "agi detail"}


def test_a_status_that_is_waited_for_comes_as_soon_as_all_is_ready(api):
    api.health.broken.add("asterisk")

    async def asking():
        async with api.client() as client:
            asked = client.get("/api/v1/status?wait=30")
            answer = asyncio.ensure_future(asked)
            await api.waiting()
            api.health.broken.clear()
            api.pulse.beat()
            return await answer

    assert api.run(asking()).json()["ready"]


def test_a_status_that_is_not_waited_for_says_what_is_broken(api):
    api.health.broken.add("asterisk")
    status = api.get("status").json()
    assert (status["ready"], status["components"]["asterisk"]["ok"]) == (False, False)


def test_health_is_200_or_503(api):
    assert api.get("/health").status_code == 200
    api.health.broken.add("database")
    answer = api.get("/health")
    assert (answer.status_code, answer.json()["components"]["database"]) == (503, False)


def test_a_database_that_does_not_answer_is_unavailable(api, monkeypatch):
    monkeypatch.setattr(
        api.database, "read", lambda _: fail(OperationalError("SELECT", {}, Exception("gone")))
    )
    answer = api.get("calls")
    assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
    assert "SELECT" not in answer.text


def test_metrics_count_calls_agents_and_parts(api):
    api.put_rows(put_answered)
    api.put_rows(put_event, "ended")
    text = api.get("/metrics").text
    assert 'hotline_calls_total{number="12345",outcome="answered"} 1.0' in text
    assert 'hotline_agents{state="ready"} 1.0' in text
    assert 'hotline_component_up{component="agi"} 1.0' in text
    assert "hotline_agi_sessions_total 7.0" in text
    assert "hotline_ami_lag_seconds 0.5" in text


def test_metrics_count_each_call_once_and_hold_no_persons_number(api):
    api.put_rows(put_answered)
    api.put_rows(put_event, "ended")
    api.get("/metrics")
    api.put_rows(put_call, "1.2", outcome="abandoned")
    api.put_rows(put_event, "ended", "1.2")
    text = api.get("/metrics").text
    assert 'hotline_calls_total{number="12345",outcome="answered"} 1.0' in text
    assert 'hotline_calls_total{number="12345",outcome="abandoned"} 1.0' in text
    assert "13800001234" not in text
