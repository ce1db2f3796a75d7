"""Events: the long poll and the stream."""

import asyncio
import json

import httpx
import pytest

from telephony.api import serve, stream
from telephony.api.waiting import Waiter
from telephony.config_hotline import Listen
from telephony.errors import ConfigError
from tests.unit.api.served import TOKEN
from tests.unit.store.ledger import put_event

ANYWHERE = Listen.model_construct(address="127.0.0.1", port=0)


def put_three(connection):
    for index, kind in enumerate(["arrived", "queued", "arrived"]):
        put_event(connection, kind, f"1.{index}", key=str(index))


def test_without_an_id_the_newest_events_come_in_order(api):
    api.put_rows(put_three)
    page = api.get("events?limit=2").json()
    assert ([event["id"] for event in page["events"]], page["last"]) == ([2, 3], 3)


def test_an_empty_ledger_says_where_to_go_on(api):
    assert api.get("events").json() == {"events": [], "last": 0}


def test_events_after_an_id_can_be_of_one_kind_or_call(api):
    api.put_rows(put_three)
    assert [event["id"] for event in api.get("events?after=1&kind=arrived").json()["events"]] == [3]
    assert [event["id"] for event in api.get("events?after=0&call_id=1.1").json()["events"]] == [2]


def test_nothing_new_is_an_empty_page_at_the_same_place(api):
    api.put_rows(put_three)
    assert api.get("events?after=3").json() == {"events": [], "last": 3}


def test_a_long_poll_answers_at_the_commit_and_not_before(api):
    async def asking():
        async with api.client() as client:
            answer = asyncio.ensure_future(client.get("/api/v1/events?after=0&wait=30"))
            await api.waiting()
            api.pulse.beat()  # news, but not what was asked for
            await api.waiting()
            assert not answer.done()
            api.put_rows(put_event)
            return await answer

    assert api.run(asking()).json()["last"] == 1


def test_who_waited_in_vain_leaves_nothing_behind(api):
    assert api.get("events?after=0&wait=0.01").json()["events"] == []
    assert api.pulse._waiting == []


def test_a_long_poll_ends_when_the_service_stops(api):
    async def asking():
        async with api.client() as client:
            answer = asyncio.ensure_future(client.get("/api/v1/events?after=0&wait=60"))
            await api.waiting()
            api.app.state.closing.set()
            return await answer

    assert api.run(asking()).json()["events"] == []


def test_the_stream_resumes_after_an_id_and_goes_on_with_each_commit(api):
    api.put_rows(put_three)

    async def reading():
        frames = stream.frames(api.app.state.services, Waiter(api.app.state.services, asyncio.Event()), 2)
        seen = [await anext(frames), await anext(frames)]
        following = asyncio.ensure_future(anext(frames))
        await api.waiting()
        api.put_rows(put_event, "ended", key="later")
        return [*seen, await following]

    seen = api.run(reading())
    assert [frame.splitlines()[0] for frame in seen] == [": from 2", "id: 3", "id: 4"]


def test_a_frame_is_one_line_of_json_whatever_the_data(api):
    api.put_rows(put_event, data={"name": "a\r\n\r\nid: 9\u2028"})

    async def reading():
        frames = stream.frames(api.app.state.services, Waiter(api.app.state.services, asyncio.Event()), 0)
        return [await anext(frames), await anext(frames)]

    *head, data = api.run(reading())[1].rstrip("\n").split("\n")
    assert head == ["id: 1", "event: arrived"]
    assert json.loads(data.removeprefix("data: "))["data"] == {"name": "a\r\n\r\nid: 9\u2028"}


def test_over_a_real_socket_the_stream_resumes_and_ends_when_the_service_stops(api):
    api.put_rows(put_three)
    headers = {"Authorization": f"Bearer {TOKEN}", "Last-Event-ID": "2"}

    async def reading():
        handle = await serve.start(api.app, ANYWHERE)
        url = f"http://127.0.0.1:{handle.port}/api/v1/events/stream"
        async with httpx.AsyncClient() as client, client.stream("GET", url, headers=headers) as answer:
            lines = answer.aiter_lines()
            seen = [await anext(lines) for _ in range(4)]
            await handle.stop()
            return answer.headers["content-type"], seen, [line async for line in lines][-2]

    kind, seen, last = api.run(reading())
    assert kind.startswith("text/event-stream")
    assert seen == [": from 2", "", "id: 3", "event: arrived"]
    assert last == ": alive"


def test_a_port_in_use_is_named_with_what_to_do(api):
    async def starting():
        handle = await serve.start(api.app, ANYWHERE)
        try:
            await serve.start(api.app, Listen(address="127.0.0.1", port=handle.port))
        finally:
            await handle.stop()

    with pytest.raises(ConfigError, match=r"127\.0\.0\.1:\d+ \(Address already in use\).*hotline\.yaml"):
        api.run(starting())
