"""Transfers over HTTP: begun, completed, taken back, and what the journal makes of them."""

import pytest
from twisted.internet.defer import fail, succeed

from telephony.errors import SwitchRefusedError, SwitchUnavailableError
from telephony.pbx.snapshot import Channel
from telephony.pbx.transfers import Step
from telephony.store.tables import legs
from tests.fakes import agent_view
from tests.unit.api.three_way import CALL, joined, talking
from tests.unit.api.transferring import CITIZEN, FIRST, give, happens, says, shown

OK, CONFLICT, UNKNOWN, WRONG, UNAVAILABLE = 200, 409, 404, 422, 503


@pytest.fixture
def talk(api):
    """An agent talks with a citizen; 8002 is ready."""
    talking(api)
    return api


def refusal(answer):
    return answer.status_code, answer.json()["message"].partition(" · ")[0]


def steps(api):
    """Return who was moved where, each as leg and place."""
    return [
        (step.leg_id, step.place) for told in api.transfer_line.told if told[0] == "move" for step in told[2:]
    ]


def variables(api, leg_id):
    moved = [step for told in api.transfer_line.told if told[0] == "move" for step in told[2:]]
    return next(dict(step.variables) for step in moved if step.leg_id == leg_id)


def do(api, what, reference=CALL, **body):
    return api.ask("POST", f"transfers/{reference}/{what}", json=body or None)


def test_blind_to_an_agent_moves_the_citizen_alone(talk):
    told = give(talk, by="8001").json()
    facts = ("id", "kind", "target", "mode", "agent", "from_agent", "by", "state", "ended_at")
    assert [told[name] for name in facts] == [
        *(1, "agent", "8002", "blind", "8002", "8001", "8001", "ringing", None)
    ]
    assert steps(talk) == [(CITIZEN, "transfer-agent")]
    assert variables(talk, CITIZEN)["HOTLINE_TRANSFER_FIRST"] == "8001"


def test_attended_moves_both_and_the_agents_line_passes_on_whose_citizen_it_is(talk):
    assert give(talk, mode="attended").json()["state"] == "asking"
    assert steps(talk) == [(CITIZEN, "transfer-waits"), (FIRST, "transfer-consult")]
    assert variables(talk, FIRST)["__HOTLINE_TRANSFER_CITIZEN"] == CITIZEN


@pytest.mark.parametrize(
    ("to", "queue"), [("queue:city-12328", "city-12328"), ("centre:baofeng", "baofeng-12345")]
)
def test_blind_to_a_queue_or_a_centre_the_citizen_waits_there(talk, to, queue):
    told = give(talk, to).json()
    assert (told["state"], told["queue"], told["agent"]) == ("waiting", queue, None)
    assert variables(talk, CITIZEN)["HOTLINE_TRANSFER_QUEUE"] == queue


def test_attended_to_a_queue_rings_the_free_agent_who_is_asked_first_there(talk):
    for number in ("8001", "8003"):
        talk.roster.agents[number] = agent_view(number, state="ready")
    assert give(talk, "queue:city-12345", mode="attended").json()["agent"] == "8002"
    assert give_again(talk, "queue:city-12328") == "8003"


def give_again(talk, to):
    happens(talk, "ended", by="citizen", outcome="answered")
    return give(talk, to, mode="attended").json()["agent"]


@pytest.mark.parametrize(
    ("to", "wish", "refused"),
    [
        ("agent:8999", {}, (CONFLICT, "坐席 8999 没有示闲，请换一位")),
        ("agent:8001", {}, (CONFLICT, "坐席 8001 没有示闲，请换一位")),
        ("agent:9999", {}, (UNKNOWN, "没有坐席 9999")),
        ("queue:nowhere", {}, (UNKNOWN, "没有这个转接目标：queue:nowhere")),
        ("centre:nowhere", {}, (UNKNOWN, "没有这个转接目标：centre:nowhere")),
        (
            "queue:demo",
            {"mode": "attended"},
            (CONFLICT, "队列 demo 现在没有示闲的坐席，可以盲转到这个队列"),
        ),
    ],
)
def test_what_is_not_there_or_not_free_is_refused_and_nobody_is_moved(talk, to, wish, refused):
    assert refusal(give(talk, to, **wish)) == refused
    assert (steps(talk), talk.get("transfers").json()) == ([], [])


@pytest.mark.parametrize("to", ["agent:", "agent:80 02", "phone:10000", "8002", "agent:8002\nx"])
def test_what_names_nobody_is_wrong(talk, to):
    assert give(talk, to).status_code == WRONG


def test_a_call_in_which_nobody_talks_is_refused(api):
    assert refusal(give(api))[0] == CONFLICT


def test_a_second_transfer_of_a_call_waits_for_the_first(talk):
    give(talk)
    assert refusal(give(talk, "queue:city-12345")) == (CONFLICT, "这个通话已在转接，请先完成或取消")


def test_a_call_that_is_in_a_three_way_call_is_not_transferred_beside_it(talk):
    joined(talk)
    assert refusal(give(talk))[0] == CONFLICT


def test_without_a_switch_nothing_is_begun(talk):
    talk.transfer_line.is_up = False
    assert (give(talk).status_code, talk.get("transfers").json()) == (UNAVAILABLE, [])


def test_a_line_that_cannot_be_moved_ends_the_transfer(talk):
    def refuse(*_):
        raise SwitchRefusedError("gone")

    talk.transfer_line.move = refuse
    give(talk)
    told = shown(talk)
    assert (told["state"], told["cause"]) == ("failed", "not_moved")


def test_the_agent_who_answers_has_the_citizen(talk):
    give(talk)
    says(talk, "given")
    happens(talk, "agent_joined", agent="8002")
    told = shown(talk)
    assert (told["state"], told["answered_by"], told["moved_at"][-14:]) == (
        *("completed", "8002", "12:00:01+08:00"),
    )
    assert told["ended_at"][-14:] == "12:00:02+08:00"


def test_what_was_told_of_the_call_before_means_nothing(talk):
    give(talk)
    talk.clock.advance(-10)
    happens(talk, "agent_joined", agent="8001")
    assert shown(talk)["state"] == "ringing"


def test_one_that_nobody_answers_is_over_when_somebody_has_the_citizen_again(talk):
    give(talk)
    happens(talk, "ring_ended", agent="8002", cause=17)
    says(talk, "back", "TIMEOUT")
    assert (shown(talk)["state"], shown(talk)["cause"]) == ("returning", "busy")
    happens(talk, "ring_ended", agent="8001", cause=19)
    happens(talk, "agent_joined", agent="8003")
    told = shown(talk)
    assert (told["state"], told["cause"], told["answered_by"]) == ("failed", "busy", "8003")


def test_completing_ends_the_first_agents_line(talk):
    give(talk, mode="attended")
    says(talk, "consulting")
    assert do(talk, "complete", by="8001").json()["wish"] == "complete"
    assert ("hang_up", FIRST) in talk.transfer_line.told


def test_taking_back_while_they_speak_ends_the_others_line_only(talk):
    give(talk, mode="attended")
    says(talk, "consulting")
    assert (do(talk, "cancel").json()["wish"], ("hang_up", FIRST) in talk.transfer_line.told) == (
        *("cancel", False),
    )
    assert ("set_variable", FIRST, "HOTLINE_TRANSFER_CANCEL", "yes") in talk.transfer_line.told


@pytest.mark.parametrize("to", ["agent:8002", "queue:city-12345"])
def test_taking_a_blind_one_back_moves_the_citizen(talk, to):
    give(talk, to)
    do(talk, "cancel")
    assert talk.transfer_line.told[-1] == ("move", 1, Step(CITIZEN, "transfer-back"))


@pytest.mark.parametrize("to", ["agent:8002", "queue:city-12345"])
def test_a_blind_one_cannot_be_completed(talk, to):
    give(talk, to)
    assert refusal(do(talk, "complete"))[0] == CONFLICT


def test_on_the_way_back_there_is_nothing_to_cancel(talk):
    give(talk)
    says(talk, "back")
    assert refusal(do(talk, "cancel")) == (CONFLICT, "市民已在转回的途中")


@pytest.mark.parametrize("what", ["complete", "cancel"])
def test_what_is_over_stays_so(talk, what):
    give(talk)
    happens(talk, "agent_joined", agent="8002")
    assert refusal(do(talk, what)) == (CONFLICT, "这次转接已经结束")


@pytest.mark.parametrize("what", ["complete", "cancel"])
def test_an_unknown_one_is_unknown(talk, what):
    assert refusal(do(talk, what, "77")) == (UNKNOWN, "没有转接 77")


def test_the_list_tells_of_an_agent_what_they_gave_and_what_they_got(talk):
    give(talk)
    happens(talk, "agent_joined", agent="8002")
    lists = {agent: len(talk.get(f"transfers?agent={agent}").json()) for agent in ("8001", "8002", "8003")}
    assert lists == {"8001": 1, "8002": 1, "8003": 0}


def test_the_list_is_of_those_under_way_or_of_those_that_are_over(talk):
    give(talk)
    live = talk.get("transfers?live=true").json(), talk.get("transfers?live=false").json()
    assert (len(live[0]), len(live[1])) == (1, 0)


def test_who_gave_a_citizen_away_that_comes_back_is_ready_for_them(talk):
    give(talk)
    talk.roster.agents["8001"] = agent_view("8001", state="wrap_up")
    talk.inside(talk.transfers.recall, 1)
    assert talk.roster.commands == [("8001", "ready", None, "transfer")]


@pytest.mark.parametrize("state", ["paused", "logged_out", "talking", "ready"])
def test_who_is_not_in_wrap_up_is_left_in_peace(talk, state):
    give(talk)
    talk.roster.agents["8001"] = agent_view("8001", state=state)
    talk.inside(talk.transfers.recall, 1)
    assert talk.roster.commands == []


def test_who_wants_to_pause_after_the_call_is_left_in_peace(talk):
    give(talk)
    talk.roster.agents["8001"] = agent_view("8001", state="wrap_up", after="paused")
    talk.inside(talk.transfers.recall, 1)
    assert talk.roster.commands == []


def test_what_the_switch_has_done_and_the_journal_not_told_yet_is_not_done_twice(talk):
    give(talk)
    talk.inside(talk.transfers.agree)
    assert steps(talk) == [(CITIZEN, "transfer-agent")]


def unsent(api, **wish):
    """Begin a transfer of which the switch never hears, as far as we know."""
    move, api.transfer_line.move = api.transfer_line.move, lambda *_: fail(SwitchUnavailableError("away"))
    assert give(api, **wish).status_code == UNAVAILABLE
    api.transfer_line.move = move


def test_what_was_not_answered_for_and_is_still_wanted_is_done_when_the_switch_is_back(talk):
    unsent(talk)
    talk.inside(talk.transfers.agree)
    assert steps(talk) == [(CITIZEN, "transfer-agent")]


@pytest.mark.parametrize(("seconds", "done"), [(60, 1), (61, 0)])
def test_an_old_command_is_not_carried_out_when_the_switch_is_back(talk, seconds, done):
    unsent(talk)
    talk.clock.advance(seconds)
    talk.inside(talk.transfers.agree)
    assert len(steps(talk)) == done
    assert (shown(talk)["state"], shown(talk)["cause"]) == (
        ("ringing", None) if done else ("failed", "not_moved")
    )


@pytest.mark.parametrize("mode", ["blind", "attended"])
def test_what_was_cancelled_before_it_was_sent_is_never_done_and_who_talks_is_left_alone(talk, mode):
    unsent(talk, mode=mode)
    assert do(talk, "cancel").status_code == OK
    talk.inside(talk.transfers.agree)
    assert (shown(talk)["state"], shown(talk)["cause"]) == ("cancelled", "cancelled")
    assert [told for told in talk.transfer_line.told if told[0] in {"move", "hang_up"}] == []


def test_two_who_do_not_talk_any_more_are_not_moved(talk):
    unsent(talk)
    gone = legs.update().where(legs.c.id == FIRST).values(ended_at=talk.clock.now())
    talk.put_rows(lambda connection: connection.execute(gone))
    talk.inside(talk.transfers.agree)
    assert (steps(talk), shown(talk)["cause"]) == ([], "not_moved")


@pytest.mark.parametrize(("seconds", "done"), [(60, True), (61, False)])
@pytest.mark.parametrize("what", ["complete", "cancel"])
def test_a_wish_is_done_late_only_while_it_is_fresh(talk, what, seconds, done):
    give(talk, mode="attended")
    says(talk, "consulting")
    do(talk, what)
    talk.transfer_line.told.clear()
    talk.clock.advance(seconds)
    talk.inside(talk.transfers.agree)
    assert (talk.transfer_line.told != []) == done


def test_a_ring_that_is_taken_back_is_not_one_that_the_other_agent_missed(talk):
    give(talk, mode="attended")
    ring = Channel("8002", "Ringing", "1795420886.3", CALL)
    talk.transfer_line.living = lambda: succeed([ring])
    do(talk, "cancel")
    assert talk.roster.commands == [("ring_ended", "8002", "1795420886.3", True)]
    assert talk.transfer_line.told[-1] == ("hang_up", "1795420886.3")


def test_what_has_begun_is_not_begun_again(talk):
    give(talk)
    says(talk, "given")
    talk.inside(talk.transfers.agree)
    assert steps(talk) == [(CITIZEN, "transfer-agent")]


def test_a_wish_that_was_stored_and_not_sent_is_sent_when_the_switch_is_back(talk):
    give(talk, mode="attended")
    says(talk, "consulting")
    do(talk, "complete")
    talk.transfer_line.told.clear()
    talk.inside(talk.transfers.agree)
    assert talk.transfer_line.told == [("hang_up", FIRST)]
