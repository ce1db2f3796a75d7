"""Agents are rung before citizens: what is asked of the switch, and what is told of the leg."""

import pytest
from twisted.internet.defer import succeed

from telephony.pbx.agent_ring import AgentRing
from telephony.pbx.codec import Message

LEG = "ra-epoch0000000-90000001.1"


class Switch:
    """Notes what it is asked; tells what a test says."""

    is_up = True

    def __init__(self):
        self.asked, self._told = [], {}

    def subscribe(self, names, callback):
        self._told |= dict.fromkeys(names, callback)

    def action(self, name, headers, action_id=""):
        self.asked.append((name, dict(headers), action_id))
        return succeed(None)

    def tells(self, name, **fields):
        lines = [("Event", name), *fields.items()]
        self._told[name](Message("\r\n".join(f"{key}: {value}" for key, value in lines).encode()))


class Listener:
    """Notes what it is told."""

    def __init__(self):
        self.heard = []

    def alerted(self, leg_id):
        self.heard.append(("alerted", leg_id))

    def up(self, leg_id, channel):
        self.heard.append(("up", leg_id, channel))

    def gone(self, leg_id):
        self.heard.append(("gone", leg_id))


@pytest.fixture
def switch():
    return Switch()


@pytest.fixture
def ring(switch):
    ring = AgentRing(switch, "12345")
    ring.listener = Listener()
    ring.start(ring.listener)
    return ring


def test_an_agent_is_rung_under_the_id_that_was_stored_and_for_so_long(switch, ring):
    ring.ring(LEG, "8001", 20)
    [(name, headers, _)] = switch.asked
    wanted = {"Channel": "PJSIP/8001", "ChannelId": LEG, "Timeout": 20000, "Context": "return-agent"}
    assert (name, {key: headers[key] for key in wanted}) == ("Originate", wanted)


def test_a_ring_is_ended_by_the_id_of_its_leg(switch, ring):
    ring.hang_up(LEG)
    assert switch.asked == [("Hangup", {"Channel": LEG, "Cause": 16}, "")]


def test_who_waits_is_sent_to_the_word_that_nobody_was_reached(switch, ring):
    ring.tell_not_reached(LEG)
    [(name, headers, _)] = switch.asked
    assert (name, headers["Channel"], headers["Exten"]) == ("Redirect", LEG, "nobody")


def test_ring_answer_and_end_of_a_leg_are_told(switch, ring):
    switch.tells("DialState", DestUniqueid=LEG, DialStatus="RINGING")
    switch.tells("Newstate", Uniqueid=LEG, ChannelStateDesc="Up", Channel="PJSIP/8001-1")
    switch.tells("Hangup", Uniqueid=LEG)
    assert ring.listener.heard == [("alerted", LEG), ("up", LEG, "PJSIP/8001-1"), ("gone", LEG)]


def test_a_leg_that_never_came_to_be_is_gone_and_one_that_was_answered_is_not(switch, ring):
    switch.tells("OriginateResponse", Uniqueid=LEG, Response="Success")
    assert ring.listener.heard == []
    switch.tells("OriginateResponse", Uniqueid=LEG, Response="Failure")
    assert ring.listener.heard == [("gone", LEG)]


def test_others_legs_and_what_is_no_ring_are_not_told(switch, ring):
    switch.tells("DialState", DestUniqueid=LEG, DialStatus="PROGRESS")
    for name in ("Newstate", "Hangup", "OriginateResponse"):
        switch.tells(name, Uniqueid="rv-1", ChannelStateDesc="Up", Channel="PJSIP/8001-1")
    assert ring.listener.heard == []
