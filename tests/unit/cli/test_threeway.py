"""Three-way calls at a terminal, against the real API over a switch that says nothing by itself."""

import json

import pytest

from tests.unit.api.three_way import CALL, answers, ended, hangs_up, joined, rung, talking

NUMBER = "13800001234"


@pytest.fixture
def talk(running):
    """An agent talks with a citizen, who has given another number as well."""
    talking(running.api)
    return running


def document(house, *words):
    done = house.run("threeway", *words, "--json")
    assert (done.exit_code, done.stderr) == (0, ""), done.stderr
    return json.loads(done.stdout)


def state(house):
    return house.api.get(f"threeway/{CALL}").json()["state"]


def test_a_unit_is_asked_into_a_call_with_what_is_told_of_it(talk):
    words = (
        "--at-once",
        "--matter",
        "停水",
        "--case",
        "PDS-1",
        "--name",
        "赵先生",
        "--confidential",
        "--by",
        "8001",
    )
    told = document(talk, "start", CALL, "202", *words)
    assert (told["matter"], told["case_number"], told["citizen_name"]) == ("停水", "PDS-1", "赵先生")
    assert (told["confidential"], told["state"]) == (True, "waiting")
    (asked,) = told["invitations"]
    assert (asked["unit"], asked["mode"], asked["invited_by"]) == ("water", "at_once", "8001")


def test_without_a_word_the_agent_speaks_with_the_unit_first_and_the_state_is_told(talk):
    done = talk.run("threeway", "start", CALL, "water")
    assert "三方通话 1：正在呼叫单位 · three-way call 1: a unit is being asked" in done.stdout
    assert talk.api.get("threeway/1").json()["invitations"][0]["mode"] == "consult"


def test_they_may_talk_on_meanwhile(talk):
    assert document(talk, "start", CALL, "water", "--beside")["state"] == "pair"


def test_one_more_unit_is_asked_by_the_three_way_calls_own_number(talk):
    joined(talk.api)
    assert [each["unit"] for each in document(talk, "start", "1", "gas")["invitations"]] == ["water", "gas"]


@pytest.mark.parametrize("call", [CALL, "1"])
@pytest.mark.parametrize(
    ("words", "after"),
    [
        (["hold"], "units_held"),
        (["hold", "citizen"], "consulting"),
        (["mute", "water"], "talking"),
        (["drop", "water"], "pair"),
        (["drop"], "pair"),
        (["leave"], "left"),
        (["hand-over", "8002"], "talking"),
        (["supervisor", "8002"], "talking"),
        (["end"], "ended"),
    ],
    ids=str,
)
def test_each_command_is_done_and_tells_the_state(talk, call, words, after):
    joined(talk.api)
    done = talk.run("threeway", words[0], call, *words[1:])
    assert (done.exit_code, done.stderr, done.stdout.startswith("三方通话 1：")) == (0, "", True)
    assert state(talk) == after


@pytest.mark.parametrize(
    ("first", "then", "after"),
    [
        (["hold", CALL], ["resume", CALL], "talking"),
        (["hold", CALL, "citizen"], ["join", CALL], "talking"),
        (["mute", CALL, "citizen"], ["unmute", CALL, "citizen"], "talking"),
        (["leave", CALL, "--by", "8001"], ["back", CALL, "--agent", "8002"], "left"),
    ],
    ids=str,
)
def test_what_was_done_is_undone(talk, first, then, after):
    joined(talk.api)
    document(talk, *first)
    if first[0] == "leave":
        hangs_up(talk.api, "1795420886.2")
    assert document(talk, *then)["state"] == after


def test_the_list_shows_what_is_asked_for_without_whole_numbers(talk):
    joined(talk.api, matter=f"来电 {NUMBER}")
    done = talk.run("threeway", "list")
    for text in ("三方通话中 all speak", "三方通话 three-way call", "138****1234", "11-23 12:00:00"):
        assert text in done.stdout
    assert NUMBER not in done.stdout
    assert NUMBER in talk.run("threeway", "list", "--show-numbers").stdout
    counts = [len(document(talk, "list", *words)) for words in (["--live"], ["--over"], ["--open-results"])]
    assert counts == [1, 0, 0]


def test_one_is_shown_with_who_is_there_who_was_asked_and_what_came_of_it(talk):
    ended(talk.api, matter="停水")
    talk.run("threeway", "result", CALL, "dispatched", "--by", "王芳", "--note", f"回电 {NUMBER}")
    done = talk.run("threeway", "show", CALL)
    assert (done.exit_code, done.stderr) == (0, "")
    for text in (
        *(
            "诉求人 citizen",
            "客服调度",
            "10000202001",
            "接受 accepted",
            "立即三方 at once",
            "交办 dispatched",
        ),
        *("未当场答复 not answered", "11-23 16:00:00", "王芳: 回电 138****1234"),
    ):
        assert text in done.stdout
    assert document(talk, "show", "1") == talk.api.get("threeway/1").json()


def test_a_unit_that_refuses_is_shown_with_its_reason_and_the_time_that_it_has(talk):
    talk.run("threeway", "start", CALL, "water")
    answers(talk.api, rung(talk.api), key="other")
    done = talk.run("threeway", "show", CALL)
    assert ("其他 other" in done.stdout, "拒绝 refused" in done.stdout) == (True, True)


def test_a_result_is_told_with_what_follows(talk):
    ended(talk.api)
    done = talk.run("threeway", "result", "1", "dispatched", "--by", "王芳")
    assert done.stdout.splitlines() == [
        "三方通话 1：已结束 · three-way call 1: over",
        "三方通话 1 的结果：交办 · three-way call 1 came to: dispatched",
        "单位 water 须在 11-23 16:00:00 前办结 · unit water has until 11-23 16:00:00",
    ]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["show", "1.7"], 2, "hotline threeway list"),
        (["start", CALL, "nowhere"], 2, "hotline units list"),
        (["start", "1.7", "water"], 1, "没有市民与坐席正在通话"),
        (["result", "1.7", "dispatched", "--by", "x"], 2, "没有三方通话"),
        (["result", CALL, "done", "--by", "x"], 2, "result"),
        (["hold", CALL], 2, "没有三方通话"),
        (["start", CALL], 2, "UNIT"),
        (["mute", CALL], 2, "PARTY"),
        (["result", CALL, "dispatched"], 2, "--by"),
    ],
    ids=str,
)
def test_what_cannot_be_done_ends_with_its_status_and_says_why(talk, words, status, said):
    done = talk.run("threeway", *words)
    assert (done.exit_code, said in done.stderr) == (status, True), done.stderr


def test_what_makes_no_sense_now_ends_with_1(talk):
    joined(talk.api)
    done = talk.run("threeway", "back", CALL)
    assert (done.exit_code, "坐席仍在通话中" in done.stderr) == (1, True)
