"""What Asterisk says of calls that we place, for each thing the far end may do: the verdicts rest on this."""

import pytest

from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import VOICE_HERTZ, Behaviour
from tests.pbx.hearing import heard
from tests.pbx.outbound import Seen, journal, place
from tests.switch import extra, prompt_hertz

NUMBER = "13800000101"
RING, PROGRESS = ["RINGING"], ["PROGRESS"]


def says(status):
    return Behaviour(alerting=None, ring_ms=50, final=status)


def rings_then(status):
    return Behaviour(ring_ms=50, final=status)


@pytest.fixture(scope="module")
def line(switch, tmp_path_factory):
    with FarEnd("127.0.0.2", switch.carrier_port, tmp_path_factory.mktemp("far-end")) as far_end:
        yield far_end


@pytest.fixture
def far_end(line):
    """The carrier, with nothing noted that happened before this test, and nothing left to the next."""
    line.events.clear()
    yield line
    if invited := [words for words in line.events if words[0] == "invited"]:
        line.wait_event("ended", nth=len(invited))


# far end → alerting, DialEnd, Reason, Cause, TechCause, and whether the network released
ROWS = {
    "180, then silence": (Behaviour(), RING, [], "3", "19", "480", False),
    "183, then silence": (Behaviour(alerting=183), PROGRESS, [], "3", "19", "480", False),
    "nothing at all": (Behaviour(alerting=None), [], [], "3", "19", "480", False),
    "180, 486": (rings_then(486), RING, ["BUSY"], "0", "17", "486", True),
    "180, 480": (rings_then(480), RING, ["NOANSWER"], "0", "19", "480", True),
    "180, 408": (rings_then(408), RING, ["NOANSWER"], "0", "18", "408", True),
    "180, 603": (rings_then(603), RING, ["NOANSWER"], "0", "21", "603", True),
    "183, 480": (Behaviour(alerting=183, final=480), PROGRESS, ["NOANSWER"], "0", "19", "480", True),
}
# What the network says at once → DialEnd, Cause
AT_ONCE = {
    486: ("BUSY", "17"),
    600: ("BUSY", "17"),
    480: ("NOANSWER", "19"),
    408: ("NOANSWER", "18"),
    404: ("NOANSWER", "1"),
    410: ("NOANSWER", "22"),
    484: ("NOANSWER", "28"),
    485: ("NOANSWER", "1"),
    604: ("NOANSWER", "1"),
    # Refused by a person, or by the carrier: only the SIP status tells.
    603: ("NOANSWER", "21"),
    401: ("NOANSWER", "21"),
    403: ("NOANSWER", "21"),
    407: ("NOANSWER", "21"),
    # A routing loop, with the cause of one who does not answer.
    483: ("NOANSWER", "19"),
    500: ("NOANSWER", "38"),
    501: ("NOANSWER", "29"),
    502: ("NOANSWER", "27"),
    503: ("CONGESTION", "34"),
    504: ("NOANSWER", "102"),
    606: ("NOANSWER", "58"),
    488: ("NOANSWER", "58"),
    420: ("CHANUNAVAIL", "3"),
    482: ("NOANSWER", "127"),
    487: ("NOANSWER", "127"),
}
ROWS |= {
    str(status): (says(status), [], [end], "0", cause, str(status), True)
    for status, (end, cause) in AT_ONCE.items()
}


@pytest.mark.parametrize("row", ROWS)
def test_each_thing_that_the_far_end_does_has_its_own_row(switch, far_end, row):
    behaviour, alerted, *ended, by_network = ROWS[row]
    far_end.plan(NUMBER, [behaviour])
    seen = Seen.of(switch, place(switch, NUMBER, timeout_ms=500))
    assert (seen.alerted, *seen.row) == (alerted, *ended)
    assert seen.released == ([(ended[-2], ended[-1])] if by_network else [])


@pytest.mark.parametrize(
    ("hang_up_after_ms", "q850", "cause", "released"),
    [
        (None, None, "0", []),
        (0, None, "0", [(None, None)]),
        (0, 16, "16", [("16", None)]),
    ],
)
def test_an_answered_call_says_who_ended_it(switch, far_end, hang_up_after_ms, q850, cause, released):
    far_end.plan(NUMBER, [Behaviour(answer=True, hang_up_after_ms=hang_up_after_ms, q850=q850)])
    seen = Seen.of(switch, place(switch, NUMBER))
    assert seen.row == (["ANSWER"], "4", cause, None)
    assert seen.released == released


def hang_up_on_our_side(switch, call_id, **cause):
    channel = switch.ami.wait_event("Newstate", Uniqueid=call_id, ChannelStateDesc="Ringing")["Channel"]
    switch.ami.action("Hangup", Channel=channel, **cause)


@pytest.mark.parametrize(
    ("headers", "cause", "status"),
    [
        ({}, "0", None),
        # What we ask for comes back as if the network had said so.
        ({"Cause": "21"}, "21", "403"),
        ({"Cause": "19"}, "19", "480"),
    ],
)
def test_a_hangup_of_ours_while_it_rings_is_no_release_by_the_network(
    switch, far_end, headers, cause, status
):
    far_end.plan(NUMBER, [Behaviour()])
    call_id = place(switch, NUMBER)
    hang_up_on_our_side(switch, call_id, **headers)
    seen = Seen.of(switch, call_id)
    assert seen.row == (["NOANSWER"], "0", cause, status)
    assert seen.released == []


def test_every_180_is_told_but_the_channel_begins_to_ring_once(switch, far_end):
    far_end.plan(NUMBER, [Behaviour(again=((50, 180), (100, 183)), ring_ms=150, final=480)])
    seen = Seen.of(switch, place(switch, NUMBER))
    assert seen.alerted == ["RINGING", "RINGING", "PROGRESS"]
    assert seen.values("Newstate", "ChannelStateDesc") == ["Ringing"]


def test_ringing_after_early_media_is_told_as_well(switch, far_end):
    far_end.plan(NUMBER, [Behaviour(alerting=183, again=((50, 180),), ring_ms=100, final=480)])
    assert Seen.of(switch, place(switch, NUMBER)).alerted == ["PROGRESS", "RINGING"]


def test_the_id_that_we_chose_is_on_every_event_and_in_the_journal(switch, far_end):
    far_end.plan(NUMBER, [rings_then(480)])
    call_id = place(switch, NUMBER, call_id="rv-17")
    seen = Seen.of(switch, call_id)
    told = {
        (e.get("Uniqueid") or e["DestUniqueid"], e.get("Linkedid") or e.get("DestLinkedid"))
        for e in seen.events
    }
    assert told <= {(call_id, call_id), (call_id, None)}
    assert {line["linkedid"] for line in journal(switch, call_id)} == {call_id}


@pytest.mark.parametrize(
    ("behaviour", "by_us", "kinds", "cause", "source"),
    [
        (rings_then(480), False, "CHAN_START HANGUP CHAN_END LINKEDID_END", 19, "PJSIP/carrier-"),
        (Behaviour(), False, "CHAN_START HANGUP CHAN_END LINKEDID_END", 19, ""),
        (Behaviour(), True, "CHAN_START HANGUP CHAN_END LINKEDID_END", 0, ""),
        (
            Behaviour(answer=True, hang_up_after_ms=0),
            False,
            "CHAN_START ANSWER HANGUP CHAN_END LINKEDID_END",
            0,
            "PJSIP/carrier-",
        ),
    ],
    ids=["network", "guard timer", "our hangup", "far end's BYE"],
)
def test_the_journal_names_the_network_as_the_source_of_its_release(
    switch, far_end, behaviour, by_us, kinds, cause, source
):
    far_end.plan(NUMBER, [behaviour])
    call_id = place(switch, NUMBER, timeout_ms=500)
    if by_us:
        hang_up_on_our_side(switch, call_id)
    Seen.of(switch, call_id)
    lines = journal(switch, call_id)
    assert [line["eventtype"] for line in lines] == kinds.split()
    (hangup,) = [extra(line) for line in lines if line["eventtype"] == "HANGUP"]
    assert hangup["hangupcause"] == cause
    assert hangup["hangupsource"].startswith(source)
    assert bool(hangup["hangupsource"]) == bool(source)


@pytest.mark.parametrize("channel", ["PJSIP/13800000101@nowhere", "NOSUCH/13800000101"])
def test_a_call_that_cannot_be_placed_is_accepted_and_fails_without_a_channel(switch, far_end, channel):
    call_id = place(switch, NUMBER, channel=channel)
    response = switch.ami.wait_event("OriginateResponse", Uniqueid=call_id)
    assert (response["Response"], response["Reason"], response["Uniqueid"]) == ("Failure", "0", call_id)
    assert [e for e in switch.ami.events if call_id in {e.get("Uniqueid"), e.get("DestUniqueid")}] == []
    assert far_end.events == []


@pytest.mark.parametrize(
    ("behaviour", "state"), [(Behaviour(), "Ringing"), (Behaviour(alerting=None), "Down")]
)
def test_a_snapshot_lists_a_call_that_is_being_placed(switch, far_end, behaviour, state):
    far_end.plan(NUMBER, [behaviour])
    call_id = place(switch, NUMBER)
    switch.ami.wait_event("DialBegin", DestUniqueid=call_id)
    if state == "Ringing":
        switch.ami.wait_event("Newstate", Uniqueid=call_id, ChannelStateDesc=state)
    switch.ami.action("CoreShowChannels")
    assert switch.ami.wait_event("CoreShowChannel", Uniqueid=call_id)["ChannelStateDesc"] == state
    far_end.reject(NUMBER, 480)
    Seen.of(switch, call_id)


def test_our_user_cannot_start_a_program_of_the_machine_by_a_call(switch):
    answer = switch.ami.action(
        "Originate", Channel=f"PJSIP/{NUMBER}@carrier", Application="System", Data="id", Async="true"
    )
    assert answer["Message"] == "Originate Access Forbidden: app or data blacklisted"


def test_the_far_end_answers_talks_and_hangs_up_when_told(switch, far_end):
    far_end.plan(NUMBER, [Behaviour()])
    call_id = place(switch, NUMBER, Application="Wait", Data="20")
    far_end.wait_event("alerting")
    far_end.answer(NUMBER)
    far_end.wait_event("answered")
    far_end.hang_up(NUMBER)
    far_end.wait_event("ended")
    assert Seen.of(switch, call_id).row == (["ANSWER"], "4", "0", None)
    assert [words[0] for words in far_end.events] == ["invited", "alerting", "answered", "hung-up", "ended"]


@pytest.mark.parametrize(("number", "when_told"), [("13800000201", False), ("13800000202", True)])
def test_the_far_end_presses_a_key_and_hears_the_prompts(switch, far_end, number, when_told):
    far_end.plan(number, [Behaviour(answer=True, keys="" if when_told else "2", key_delay_ms=400)])
    call_id = place(switch, number, Context="citizens", Exten="12345", Priority="1")
    far_end.wait_event("answered")
    if when_told:
        far_end.press(number, "2")
    switch.ami.wait_event("QueueCallerJoin", Uniqueid=call_id)
    far_end.hang_up(number)
    far_end.wait_event("ended")
    assert [extra(line) for line in journal(switch, call_id) if line["eventtype"] == "greeted"] == [
        {"extra": "2"}
    ]
    greeting = list(switch.config.prompts.prompts).index("greeting-12345")
    assert heard(far_end.heard(number), [prompt_hertz(greeting), VOICE_HERTZ])[:1] == [prompt_hertz(greeting)]


@pytest.fixture(scope="module")
def judge(switch):
    """An extension that says in the journal who answered."""
    says = "amd,2,CELGenUserEvent(amd,${AMDSTATUS}/${AMDCAUSE})"
    for line in ("amd,1,AMD()", says):
        switch.cli(f"dialplan add extension {line} into judge")
    return {"Context": "judge", "Exten": "amd", "Priority": "1"}


@pytest.mark.parametrize(
    ("voice", "judgement"),
    [
        ("human", "HUMAN/HUMAN-600-600"),
        ("machine", "MACHINE/LONGGREETING-1500-1500"),
        ("tone", "MACHINE/LONGGREETING-1500-1500"),
        ("silent", "MACHINE/INITIALSILENCE-2000-2000"),  # as somebody who waits: no proof of a machine
    ],
)
def test_the_voice_that_answers_is_told_apart(switch, far_end, judge, voice, judgement):
    far_end.plan(NUMBER, [Behaviour(answer=True, voice=voice)])
    call_id = place(switch, NUMBER, **judge)
    Seen.of(switch, call_id)
    assert [extra(e)["extra"] for e in journal(switch, call_id) if e["eventtype"] == "amd"] == [judgement]


def test_many_calls_at_once_each_ring_as_long_as_planned(switch, far_end):
    numbers = [f"138000003{n:02}" for n in range(30)]
    for number in numbers:
        far_end.plan(number, [Behaviour(ring_ms=1000, final=480)])
    calls = [place(switch, number) for number in numbers]
    far_end.wait_event("alerting", nth=len(numbers))
    assert "rejected" not in {words[0] for words in far_end.events}
    assert {Seen.of(switch, call_id).row[3] for call_id in calls} == {"480"}
