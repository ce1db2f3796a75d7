"""The states of a transfer: what follows what, for every state and every event."""

from datetime import UTC, datetime

import pytest

from telephony.rules.call_story import Happening
from telephony.rules.transfer import EVENTS, FIRST, OVER, TABLE, cause_of, event_of, first, follow

AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
EXPECTED = {
    "asking": {
        "given": "ringing",
        "consulting": "consulting",
        "answered": "consulting",
        "unreached": "returning",
        "taken": "completed",
        "kept": "failed",
        "back": "returning",
        "citizen_left": "abandoned",
    },
    "ringing": {"answered": "completed", "back": "returning", "citizen_left": "abandoned"},
    "waiting": {"answered": "completed", "back": "returning", "citizen_left": "abandoned"},
    "consulting": {
        "taken": "completed",
        "left": "returning",
        "kept": "failed",
        "back": "returning",
        "citizen_left": "abandoned",
    },
    "returning": {"kept": "failed", "answered": "failed", "citizen_left": "abandoned"},
}
"""Whatever is not here leaves the state as it is."""


def happening(kind, **data):
    return Happening(AT, kind, "key", data.pop("agent", None), data)


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("state", TABLE)
def test_each_event_leads_where_it_should_from_each_state(state, event):
    assert follow(state, event) == EXPECTED.get(state, {}).get(event, state)


@pytest.mark.parametrize("state", sorted(OVER))
def test_what_is_over_stays_as_it_is(state):
    assert {follow(state, event) for event in EVENTS} == {state}


@pytest.mark.parametrize("state", ["asking", "consulting", "returning"])
def test_what_somebody_took_back_is_cancelled_and_has_not_failed(state):
    assert follow(state, "kept", "cancel") == "cancelled"


def test_what_somebody_completed_and_failed_has_failed():
    assert follow("consulting", "kept", "complete") == "failed"


def test_each_kind_and_mode_begins_in_a_state_that_is_not_over():
    assert set(FIRST.values()) == {"asking", "ringing", "waiting"}
    assert all(FIRST[kind, "attended"] == "asking" for kind in ("agent", "queue", "unit", "centre"))


def test_a_word_of_the_dialplan_counts_only_for_its_own_transfer():
    said = happening("transfer", id=7, word="taken", detail=None)
    assert (event_of(said, 7), event_of(said, 8)) == ("taken", None)


@pytest.mark.parametrize("kind", ["answered", "agent_joined"])
def test_an_agent_who_is_there_has_answered(kind):
    assert event_of(happening(kind, agent="8002"), 1) == "answered"


def test_the_end_of_the_call_is_the_citizens():
    assert event_of(happening("ended", by="citizen", outcome="answered"), 1) == "citizen_left"


@pytest.mark.parametrize(
    ("what", "to", "event"),
    [
        ("consulted", "consulting", "consulting"),
        ("joined", "left", "answered"),
        ("agent_cut_off", "entrusted", "given"),
        ("leave", "left", "taken"),
        ("agent_left", "left", "taken"),
        ("none_left", "pair", "kept"),
        ("none_left", "returned", "back"),
        ("units_left", "pair", "kept"),
        ("drop_units", "pair", "kept"),
        ("ask", "waiting", None),
        ("unit_asked", "waiting", None),
    ],
)
def test_a_step_of_the_three_way_call_is_a_step_of_the_transfer_to_a_unit(what, to, event):
    assert event_of(happening("threeway", what=what, to=to), 1) == event


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (happening("ring_ended", cause=17), "busy"),
        (happening("ring_ended", cause=21), "refused"),
        (happening("ring_ended", cause=19), "no_answer"),
        (happening("ring_ended", cause=None), "no_answer"),
        (happening("transfer", id=1, word="left", detail="CONTINUE"), "hung_up"),
        (happening("transfer", id=1, word="unreached", detail="JOINEMPTY"), "not_there"),
        (happening("transfer", id=1, word="unreached", detail="TIMEOUT"), "no_answer"),
        (happening("transfer", id=1, word="back", detail=None), None),
        (happening("ended", by="citizen", outcome="answered"), "ended_by_citizen"),
        (happening("ended", by="switch", outcome="interrupted"), "interrupted"),
        (happening("threeway", what="unit_refused", unit="water"), "refused"),
        (happening("threeway", what="unit_missed", unit="water"), "no_answer"),
        (happening("threeway", what="units_left", to="pair"), "hung_up"),
        (happening("answered", agent="8002"), None),
    ],
)
def test_why_it_did_not_come_about_is_told_by_what_happened(told, cause):
    assert cause_of(told) == cause


@pytest.mark.parametrize(
    ("detail", "cause"),
    [("BUSY", "busy"), ("NOANSWER", "no_answer"), ("CHANUNAVAIL", "not_there"), ("CONGESTION", "not_there")],
)
def test_what_the_line_said_of_a_centre_outside_is_why_it_was_not_reached(detail, cause):
    told = Happening(AT, "transfer", "k", data={"id": 7, "word": "unreached", "detail": detail})
    assert cause_of(told) == cause


@pytest.mark.parametrize(
    ("mode", "outside", "state"),
    [("blind", True, "ringing"), ("blind", False, "waiting"), ("attended", True, "asking")],
)
def test_a_centre_outside_is_rung_where_one_of_ours_is_waited_for(mode, outside, state):
    assert first("centre", mode, outside=outside) == state
