"""Storm mode over HTTP."""

import pytest

UNTIL = "2026-11-23T13:00:00+08:00"
WANTED = {"until": UNTIL, "why": "暴雨", "by": "李敏"}


def put(api, **changes):
    body = {name: value for name, value in {**WANTED, **changes}.items() if value is not None}
    return api.ask("PUT", "storm", json=body)


def test_a_storm_is_declared_and_its_effects_are_shown(api):
    assert api.get("storm").json()["is_on"] is False
    assert put(api).status_code == 200
    now = api.get("storm").json()
    assert (now["is_on"], now["overflow_factor"], now["revisits_rest"]) == (True, 0.5, True)
    assert (now["storm"]["ends_at"], now["storm"]["why"], now["storm"]["by"]) == (UNTIL, "暴雨", "李敏")


def test_the_status_says_that_a_storm_is_on_and_until_when(api):
    assert api.get("status").json()["storm"] is None
    put(api)
    assert api.get("status").json()["storm"]["ends_at"] == UNTIL


def test_it_is_over_by_itself_at_its_end(api):
    put(api)
    api.clock.advance(3599)
    assert api.get("storm").json()["is_on"] is True
    api.clock.advance(1)
    assert api.get("storm").json()["is_on"] is False
    assert [each["is_on"] for each in api.get("storm/past").json()] == [False]


def test_a_person_ends_it_and_there_is_none_to_end_then(api):
    put(api)
    assert api.ask("POST", "storm/off", json={"by": "王芳"}).json()["off_by"] == "王芳"
    assert api.ask("POST", "storm/off", json={"by": "王芳"}).status_code == 409


@pytest.mark.parametrize(
    "changes",
    [
        {"until": "2026-11-23T12:00:00+08:00"},
        {"until": "2026-11-23T13:00:00"},
        {"until": None},
        {"why": None},
        {"why": "x" * 201},
        {"by": None},
    ],
    ids=str,
)
def test_a_storm_that_cannot_be_meant_is_refused(api, changes):
    assert put(api, **changes).status_code == 422
    assert api.get("storm/past").json() == []
