"""What an agent does in a conversation on a real switch: who hears whom, and how the agents' states go on."""

import re
import threading
from dataclasses import replace

import httpx
import pytest

from tests.pbx.conversing import (
    ACCEPTS,
    AGENT,
    CITIZEN,
    COLLEAGUE,
    MUSIC,
    SECOND,
    UNIT,
    VOICES,
    Conversing,
)
from tests.pbx.hearing import said, wait_hears
from tests.pbx.scene import VOICE, Scene, prompt

ALL = {who: set(VOICE.values()) - {voice} for who, voice in VOICE.items()}
"""What each of three hears while all of them talk."""
SECOND_ACCEPTS = replace(ACCEPTS, hertz=SECOND)
CHINESE_FIRST = re.compile("[\u4e00-\u9fff].* · [a-z]")
CONFLICT, UNKNOWN, DONE = 409, 404, 200


@pytest.fixture(scope="module")
def conversing(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("commands"), ring_seconds=20, ask_seconds=30) as conversing:
        yield conversing


@pytest.fixture
def scene(conversing):
    yield lambda state: Scene(conversing, state)
    conversing.rest()


@pytest.fixture
def talking(scene):
    return scene("talking")


def refusal(scene, what, **body):
    """Send a command that is refused; return status and message."""
    answer = scene.talk.service.http.post(f"/threeway/{scene.talk.call_id}/{what}", json=body)
    return answer.status_code, answer.json().get("message", "")


def bring(scene, what, number):
    """Ring another agent, and let them answer; return their phone."""
    phone = scene.conversing.system.agent(number, tone=COLLEAGUE)
    scene.talk.do(what, agent=number)
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    scene.talk.wait("party_joined", party=number)
    return phone


def ask_second(scene, mode):
    """Ask a second unit, which accepts; return its party."""
    nth = len(scene.conversing.far_end.events)
    [number] = scene.conversing.unit(f"second-{nth}", SECOND_ACCEPTS, short_code=f"8{nth:05}"[-6:])
    scene.talk.ask(f"second-{nth}", mode=mode)
    scene.talk.wait("unit_accepted", unit=f"second-{nth}")
    return scene.talk.unit(number)


def test_each_on_hold_hears_music_while_the_other_two_talk_and_comes_back(talking):
    talking.talk.do("hold", party="citizen")
    talking.wait_hear(citizen={MUSIC}, agent={UNIT}, unit={AGENT})
    talking.talk.do("resume", party="citizen")
    talking.wait_hear(**ALL)
    talking.talk.do("hold", party="units")
    talking.wait_hear(citizen={AGENT}, agent={CITIZEN}, unit={MUSIC})
    talking.talk.do("resume", party="units")
    talking.wait_hear(**ALL)


def test_the_agent_goes_from_one_to_the_other_and_back(scene):
    there = scene("consulting")
    there.talk.do("hold", party="units")
    there.wait_hear(citizen={AGENT}, agent={CITIZEN}, unit={MUSIC})
    there.talk.do("hold", party="citizen")
    there.wait_hear(citizen={MUSIC}, agent={UNIT}, unit={AGENT})


@pytest.mark.parametrize("who", VOICE)
def test_who_is_muted_is_not_heard_but_hears_also_after_a_hold_until_unmuted(talking, who):
    muted = {other: voices - {VOICE[who]} for other, voices in ALL.items()}
    talking.talk.do("mute", party=who)
    talking.wait_hear(**muted)
    talking.talk.do("hold", party="citizen")
    talking.wait_hear(citizen={MUSIC})
    talking.talk.do("resume", party="citizen")
    talking.wait_hear(**muted)
    talking.talk.do("unmute", party=who)
    talking.wait_hear(**ALL)


def test_a_unit_that_was_on_hold_while_muted_stays_muted_when_it_comes_back(talking):
    talking.talk.do("mute", party="unit")
    talking.talk.do("hold", party="units")
    talking.wait_hear(unit={MUSIC})
    talking.talk.do("resume", party="units")
    talking.wait_hear(citizen={AGENT}, agent={CITIZEN}, unit={CITIZEN, AGENT})


def test_a_unit_that_is_dropped_is_thanked_and_citizen_and_agent_talk_on(talking):
    talking.talk.do("drop")
    talking.wait_hear(citizen={AGENT}, agent={CITIZEN})
    talking.wait_let_go("unit")
    assert said(talking.heard("unit"), prompt(talking.conversing, "threeway-thanks"))


def test_the_agent_leaves_the_two_together_into_wrap_up_and_comes_back_to_talk(talking):
    talking.talk.do("leave")
    talking.wait_hear(citizen={UNIT}, unit={CITIZEN})
    talking.talk.service.wait_agent("8001", "wrap_up", talking.talk.mark)
    talking.talk.do("back")
    talking.talk.phone.wait_event("CALL_INCOMING")
    talking.talk.phone.answer()
    talking.wait_hear(**ALL)
    talking.talk.service.wait_agent("8001", "talking", talking.talk.mark)


def test_a_second_unit_that_is_consulted_leaves_the_others_with_music_then_all_hear_all(talking):
    second = ask_second(talking, "consult")
    talking.wait_hear(citizen={MUSIC}, agent={SECOND}, unit={MUSIC})
    wait_hears(second, {AGENT}, of=VOICES)
    talking.talk.do("join")
    talking.wait_hear(**{who: voices | {SECOND} for who, voices in ALL.items()})
    wait_hears(second, set(VOICE.values()), of=VOICES)


def test_a_second_unit_that_joins_at_once_is_heard_by_all(talking):
    second = ask_second(talking, "at_once")
    talking.wait_hear(**{who: voices | {SECOND} for who, voices in ALL.items()})
    wait_hears(second, set(VOICE.values()), of=VOICES)


def test_a_supervisor_comes_in_is_heard_by_all_and_is_let_go_into_wrap_up(talking):
    phone = bring(talking, "supervisor", "8003")
    talking.wait_hear(**{who: voices | {COLLEAGUE} for who, voices in ALL.items()})
    talking.talk.service.wait_agent("8003", "talking", talking.talk.mark)
    talking.talk.do("drop", party="8003")
    phone.wait_event("CALL_CLOSED")
    talking.wait_hear(**ALL)
    talking.talk.service.wait_agent("8003", "wrap_up", talking.talk.mark)


@pytest.mark.parametrize("how", ["leaves", "hangs up"])
def test_a_supervisor_who_is_there_has_the_conversation_when_the_agent_goes(talking, how):
    bring(talking, "supervisor", "8003")
    if how == "leaves":
        talking.talk.do("leave")
    else:
        talking.talk.phone.hangup()
    talking.talk.wait("agent_is", party="8003")
    talking.wait_hear(citizen={UNIT, COLLEAGUE}, unit={CITIZEN, COLLEAGUE})
    assert (talking.talk.state, talking.talk.view["agent"]) == ("talking", "8003")


def test_another_agent_takes_over_and_the_first_goes_into_wrap_up(talking):
    colleague = bring(talking, "hand-over", "8002")
    talking.wait_hear(citizen={UNIT, COLLEAGUE}, unit={CITIZEN, COLLEAGUE})
    wait_hears(colleague, {CITIZEN, UNIT}, of=VOICES)
    talking.talk.service.wait_agent("8001", "wrap_up", talking.talk.mark)
    talking.talk.service.wait_agent("8002", "talking", talking.talk.mark)
    assert (talking.talk.state, talking.talk.view["agent"]) == ("talking", "8002")


def test_another_agent_who_does_not_answer_changes_nothing(talking):
    talking.conversing.system.agent("8002")
    talking.talk.do("hand-over", agent="8002")
    talking.talk.service.wait_agent("8002", "ringing", talking.talk.mark)
    talking.talk.wait("not_reached", party="8002")
    assert talking.talk.service.wait_agent("8002", "ready", talking.talk.mark)["missed_rings"] == 1
    talking.wait_hear(**ALL)
    assert (talking.talk.state, talking.talk.view["agent"]) == ("talking", "8001")


def test_a_ring_that_is_overtaken_by_the_end_leaves_the_other_agent_ready(talking):
    talking.conversing.system.agent("8002")
    talking.talk.do("hand-over", agent="8002")
    talking.talk.service.wait_agent("8002", "ringing", talking.talk.mark)
    talking.talk.do("end")
    assert talking.talk.service.wait_agent("8002", "ready", talking.talk.mark)["missed_rings"] == 0


def test_an_agent_in_another_call_cannot_take_over(talking):
    other = talking.conversing.talk("8002", tone=COLLEAGUE)
    status, message = refusal(talking, "hand-over", agent="8002")
    assert (status, message[: message.index(" · ")]) == (CONFLICT, "坐席 8002 正在通话，请换一位")
    other.wait_hears(citizen={COLLEAGUE})
    talking.wait_hear(**ALL)


def test_at_the_end_every_line_is_hung_up_and_the_agent_is_in_wrap_up(talking):
    talking.talk.do("end")
    talking.wait_let_go("agent")
    talking.wait_let_go("unit")
    assert talking.talk.citizen.wait().ended_by_far_end
    talking.talk.service.wait_agent("8001", "wrap_up", talking.talk.mark)
    talking.wait_living([])


def test_what_makes_no_sense_is_refused_in_chinese_and_changes_nothing(scene):
    there = scene("pair")
    before = there.talk.view
    refused = [
        refusal(there, "join"),
        refusal(there, "hold", party="citizen"),
        refusal(there, "resume", party="citizen"),
        refusal(there, "drop"),
        refusal(there, "drop", party="citizen"),
        refusal(there, "leave"),
        refusal(there, "back"),
        refusal(there, "hand-over", agent="8001"),
    ]
    assert [status for status, _ in refused] == [CONFLICT] * len(refused)
    assert [message for _, message in refused if not CHINESE_FIRST.match(message)] == []
    assert there.talk.view == before
    there.wait_hear(citizen={AGENT}, agent={CITIZEN})


def test_a_command_for_a_conversation_that_has_just_ended_is_told_so(talking):
    talking.talk.do("end")
    talking.wait_living([])
    status, message = refusal(talking, "join")
    assert status == CONFLICT
    assert "已结束" in message.partition(" · ")[0]  # in other words until its last channel has ended


def test_two_hundred_parties_that_are_not_there_are_each_unknown_and_nothing_changes(talking):
    before = talking.talk.view
    refused = [refusal(talking, "drop", party=f"nobody-{nth}") for nth in range(200)]
    assert {status for status, _ in refused} == {UNKNOWN}
    assert refused[199][1].startswith("通话中没有 nobody-199 · ")
    assert talking.talk.view == before


def together(scene, *commands):
    """Send commands in the same instant, each over a connection of its own; return their statuses."""
    http, statuses = scene.talk.service.http, {}
    start = threading.Barrier(len(commands))

    def send(what, body):
        with httpx.Client(base_url=http.base_url, headers=http.headers, timeout=90) as client:
            start.wait()
            answer = client.post(f"/threeway/{scene.talk.call_id}/{what}", json=body)
            statuses[what, *body.values()] = answer.status_code

    threads = [threading.Thread(target=send, args=each) for each in commands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def test_of_leaving_and_ending_in_the_same_instant_the_end_stands(talking):
    statuses = together(talking, ("leave", {}), ("end", {}))
    assert statuses["end",] == DONE
    assert statuses["leave",] in {DONE, CONFLICT}
    talking.wait_living([])
    assert talking.talk.state == "ended"


def test_of_two_holds_in_the_same_instant_the_later_stands_and_everybody_is_where_it_says(talking):
    statuses = together(talking, ("hold", {"party": "citizen"}), ("hold", {"party": "units"}))
    assert set(statuses.values()) == {DONE}
    talking.wait_everybody(talking.talk.state)


def test_an_agent_who_is_asked_for_twice_in_the_same_instant_is_rung_once(talking):
    phone = talking.conversing.system.agent("8002", tone=COLLEAGUE)
    statuses = together(talking, ("hand-over", {"agent": "8002"}), ("supervisor", {"agent": "8002"}))
    assert sorted(statuses.values()) == [DONE, CONFLICT]
    phone.wait_event("CALL_INCOMING")
    phone.answer()
    talking.talk.wait("party_joined", party="8002")
    assert [each["party"] for each in talking.talk.view["participants"]].count("8002") == 1
