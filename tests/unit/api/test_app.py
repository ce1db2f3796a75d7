"""The application itself: what must not wait for the first request."""

import asyncio

import fastapi.routing
import httpx

from telephony.api.app import PREFIX, create_app
from tests.unit.api.served import TOKEN


def test_the_first_request_finds_all_routes_put_together(api, monkeypatch):
    app = create_app(api.services)
    monkeypatch.delattr(fastapi.routing, "get_dependant")  # with which FastAPI puts a route together

    async def first():
        transport = httpx.ASGITransport(app)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:8345", headers=headers
        ) as client:
            return await client.get(f"{PREFIX}/threeway")

    answer = api.run(asyncio.wait_for(first(), 10))
    assert answer.json() == []
