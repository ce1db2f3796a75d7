"""What must be done so that app_queue holds what the store says, on a model of app_queue."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.pbx.codec import Message, encode_action
from telephony.pbx.queues import ABSENT, Membership, held, members, queues_of, to_do

READY = Membership(member=True)
MEAL = Membership(member=True, paused=True, reason="meal")

names = st.sampled_from(["city-12345", "city-12315", "demo", "agent-8001"])
penalties = st.dictionaries(names, st.integers(0, 3))
memberships = st.sampled_from([ABSENT, READY, MEAL, Membership(member=True, paused=True, reason="rest")])
holdings = st.dictionaries(
    names,
    st.builds(
        lambda membership, penalty: Membership(True, membership.paused, membership.reason, penalty),
        memberships,
        st.integers(0, 3),
    ),
)


class AppQueue:
    """One agent's memberships; does what Asterisk 22 does (tried there), and refuses what it refuses."""

    def __init__(self, holding):
        self.holding = dict(holding)

    def do(self, name, headers):
        encode_action(name, "1", headers)
        values = dict(headers)
        assert values["Interface"] == "PJSIP/8001"
        getattr(self, f"_{name.removeprefix('Queue').lower()}")(values)

    def _add(self, values):
        assert values["Queue"] not in self.holding, "already there"
        state = Membership(True, values["Paused"] == "true", values["Reason"], values["Penalty"])
        self.holding[values["Queue"]] = state

    def _remove(self, values):
        del self.holding[values["Queue"]]

    def _penalty(self, values):
        old = self.holding[values["Queue"]]
        self.holding[values["Queue"]] = Membership(True, old.paused, old.reason, values["Penalty"])

    def _pause(self, values):
        assert self.holding, "not found"
        for queue, old in self.holding.items():
            paused = values["Paused"] == "true"
            self.holding[queue] = Membership(True, paused, values["Reason"], old.penalty)


@given(queues=penalties, wanted=memberships, holding=holdings)
def test_the_actions_bring_the_switch_to_exactly_what_is_wanted(queues, wanted, holding):
    switch = AppQueue(holding)
    for name, headers in to_do("8001", queues, wanted, holding):
        switch.do(name, headers)
    assert switch.holding == held(queues, wanted)


@given(queues=penalties, wanted=memberships)
def test_when_all_is_as_wanted_nothing_is_done(queues, wanted):
    assert list(to_do("8001", queues, wanted, held(queues, wanted))) == []


def names_of(queues, wanted, holding):
    return [name for name, _ in to_do("8001", queues, wanted, holding)]


def test_a_pause_is_one_action_for_all_queues():
    queues = {"city-12345": 0, "demo": 1}
    assert names_of(queues, MEAL, held(queues, READY)) == ["QueuePause"]


def test_an_agent_who_leaves_is_not_paused_first():
    queues = {"city-12345": 0}
    assert names_of(queues, ABSENT, held(queues, MEAL)) == ["QueueRemove"]


def test_a_new_agent_enters_already_paused():
    ((name, headers),) = to_do("8001", {"demo": 2}, MEAL, {})
    wanted = {"Queue": "demo", "MemberName": "8001", "Penalty": 2, "Paused": "true", "Reason": "meal"}
    assert (name, dict(headers) | wanted) == ("QueueAdd", dict(headers))


def test_a_penalty_changed_in_the_configuration_reaches_a_member_that_the_switch_kept():
    assert names_of({"demo": 2}, READY, held({"demo": 1}, READY)) == ["QueuePenalty"]


def test_an_agent_serves_the_skills_and_a_queue_of_their_own():
    assert queues_of("8001", {"demo": 3}) == {"demo": 3, "agent-8001": 0}


def member(**changes):
    headers = {"Event": "QueueMember", "Queue": "demo", "Name": "8001", "StateInterface": "PJSIP/8001"}
    headers |= {"Penalty": "2", "Paused": "0", "PausedReason": ""} | changes
    return Message("\r\n".join(f"{name}: {value}" for name, value in headers.items()).encode())


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({}, Membership(True, False, "", 2)),
        ({"Paused": "1", "PausedReason": "meal"}, Membership(True, True, "meal", 2)),
        ({"Paused": "1"}, Membership(True, True, "", 2)),
        ({"PausedReason": "left over"}, Membership(True, False, "", 2)),
        ({"Penalty": ""}, Membership(True, False, "", 0)),
    ],
)
def test_a_member_is_read_out_of_the_switchs_answer(changes, wanted):
    assert members([member(**changes)]) == {"8001": {"demo": wanted}}


def test_other_rows_of_the_answer_are_passed_over():
    assert members([member(Event="QueueParams"), member(Event="QueueEntry")]) == {}


def test_an_agent_in_two_queues_is_one_agent():
    (found,) = members([member(), member(Queue="city-12345")]).values()
    assert set(found) == {"demo", "city-12345"}
