"""Notices of known incidents over HTTP."""

import pytest

UNTIL = "2026-11-23T13:00:00+08:00"
WANTED = {"text": "西区停水。", "until": UNTIL, "by": "李敏", "why": "爆管"}


def put(api, number="12345", **changes):
    body = {name: value for name, value in {**WANTED, **changes}.items() if value is not None}
    return api.ask("PUT", f"notices/{number}", json=body)


def test_a_notice_is_switched_on_with_who_and_why_and_listed(api):
    assert put(api).status_code == 200
    (notice,) = api.get("notices").json()
    assert (notice["number"], notice["text"], notice["by"]) == ("12345", "西区停水。", "李敏")
    assert (notice["starts_at"], notice["ends_at"]) == ("2026-11-23T12:00:00+08:00", UNTIL)
    assert (notice["is_on"], notice["heard"], notice["left"], notice["went_on"]) == (True, 0, 0, 0)
    assert api.sounds.made == ["西区停水。"]


def test_one_notice_is_shown_by_its_id(api):
    notice = put(api).json()
    assert api.get(f"notices/{notice['id']}").json() == notice


def test_it_is_gone_from_the_list_when_its_time_has_passed(api):
    put(api)
    api.clock.advance(3599)
    assert len(api.get("notices").json()) == 1
    api.clock.advance(1)
    assert api.get("notices").json() == []
    assert [each["is_on"] for each in api.get("notices?ended=true").json()] == [False]


def test_it_is_switched_off_by_a_person(api):
    put(api)
    over = api.ask("POST", "notices/12345/off", json={"by": "王芳"}).json()
    assert (over["is_on"], over["off_by"]) == (False, "王芳")
    assert api.ask("POST", "notices/12345/off", json={"by": "王芳"}).status_code == 409


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": None}, 422),
        ({"prompt": "nobody-now"}, 422),
        ({"until": "2026-11-23T12:00:00+08:00"}, 422),
        ({"until": None}, 422),
        ({"until": "2026-11-23T13:00:00"}, 422),
        ({"by": None}, 422),
        ({"text": "x" * 201}, 422),
        ({"text": "a\nb"}, 422),
        ({"text": None, "prompt": "no-such-prompt"}, 404),
    ],
    ids=str,
)
def test_a_notice_that_cannot_be_meant_is_refused(api, changes, status):
    assert put(api, **changes).status_code == status
    assert api.get("notices?ended=true").json() == []


def test_the_end_may_be_a_second_from_now(api):
    assert put(api, until="2026-11-23T12:00:01+08:00").status_code == 200


@pytest.mark.parametrize("path", ["notices/99999", "notices/0"])
def test_a_notice_that_is_not_there_is_not_shown(api, path):
    assert api.get(path).status_code in {404, 422}


def test_a_number_that_is_none_of_ours_has_no_notice(api):
    assert put(api, "11111").status_code == 404
