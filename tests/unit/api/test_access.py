"""Who may ask."""

import asyncio
from ipaddress import IPv4Address

import pytest

from telephony.api.access import LARGEST_BODY, is_ours
from tests.unit.api.served import TOKEN

OURS = IPv4Address("127.0.0.1")


@pytest.mark.parametrize("path", ["agents", "calls", "no-such-thing", "openapi.json", "/", "/docs"])
def test_without_a_token_nothing_is_answered(api, path):
    answer = api.get(path, token=None)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("header", [f"Bearer {TOKEN}x", "Bearer ", f"Basic {TOKEN}", TOKEN, "Bearer \u00e9"])
def test_a_wrong_token_is_refused(api, header):
    assert (
        api.get("agents", token=None, headers={"Authorization": header.encode("latin-1")}).status_code == 401
    )


def test_two_tokens_are_refused_even_if_one_is_right(api):
    headers = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer other")]
    assert api.get("agents", token=None, headers=headers).status_code == 401


def test_a_refusal_says_in_both_languages_what_to_do(api):
    body = api.get("agents", token=None).json()
    assert body["error"] == "token"
    assert "令牌" in body["message"]
    assert "var/secrets.yaml" in body["message"]


@pytest.mark.parametrize("path", ["/health", "/metrics"])
def test_health_and_metrics_need_no_token(api, path):
    assert api.get(path, token=None).status_code == 200


@pytest.mark.parametrize("path", ["/health", "/api/v1/agents"])
def test_a_name_of_somebody_else_is_refused_even_with_the_token(api, path):
    answer = api.get(path, host="http://evil.example:8345")
    assert (answer.status_code, answer.json()["error"]) == (421, "wrong_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8345", "127.0.0.1:8345", "127.0.0.2", "[::1]:80"])
def test_a_loopback_name_is_ours(host):
    assert is_ours(host, OURS)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]", "[", "::1"],
)
def test_any_other_name_is_not_ours(host):
    assert not is_ours(host, OURS)


def test_the_configured_address_is_ours():
    assert is_ours("10.0.0.1:8345", IPv4Address("10.0.0.1"))
    assert not is_ours("10.0.0.2:8345", IPv4Address("10.0.0.1"))


def test_who_listens_everywhere_takes_any_address_but_no_name():
    assert is_ours("10.0.0.2", IPv4Address("0.0.0.0"))  # noqa: S104 - that is the case at hand
    assert not is_ours("evil.example", IPv4Address("0.0.0.0"))  # noqa: S104 - as above


@pytest.mark.parametrize(("size", "status"), [(LARGEST_BODY, 422), (LARGEST_BODY + 1, 413)])
def test_a_body_over_the_limit_is_refused(api, size, status):
    answer = api.ask("PUT", "cases/1", content=b" " * size)
    assert answer.status_code == status


def test_a_body_without_a_length_is_counted_as_it_comes(api):
    sent = []

    async def endless():
        while True:
            sent.append(1)
            yield b" " * 10_000

    assert api.ask("PUT", "cases/1", content=endless()).status_code == 413
    assert len(sent) == 7


def test_a_request_that_breaks_off_is_not_carried_out(api):
    messages = [{"type": "http.request", "body": b'{"reason": "rest"}', "more_body": True}]

    async def receive():
        return messages.pop() if messages else {"type": "http.disconnect"}

    async def send(_message):
        await asyncio.sleep(0)

    headers = [(b"host", b"localhost"), (b"authorization", b"Bearer " + TOKEN.encode())]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/agents/8001/pause", "headers": headers}
    api.run(api.app({**scope, "query_string": b"", "root_path": ""}, receive, send))
    assert api.roster.commands == []
