"""The simulated phones against a real Asterisk, while the service is absent."""

from pathlib import Path

import pytest

from telephony.errors import SwitchUnavailableError
from telephony.peers.baresip import Baresip
from telephony.peers.sipp import RegistrationRefusedError, SippAgents, SippCitizen
from telephony.peers.tone import loudness
from tests.pbx.hearing import wait_heard
from tests.switch import Switch, extra

CITIZEN_TONE, AGENT_TONE, UNUSED_TONE = 425, 700, 1300
AUDIBLE = 1500
TALK_MS = 2000
HOSTILE = {
    "quotes": b'"a\\"b\\\\c" ',
    "latin-1": b'"J\xfcrgen \xff" ',
    "json": b'"\\", \\"uniqueid\\": \\"1" ',
    "line breaks": b'"%0d%0aEvent: Hangup%0d%0a" ',
    "4 kB": b'"' + b"A" * 4096 + b'" ',
}


def test_a_citizen_reaches_an_agent_without_the_service(
    switch: Switch, agent: Baresip, citizen: SippCitizen
) -> None:
    citizen.start().wait_answered()
    agent.wait_event("CALL_INCOMING")
    agent.answer()
    agent.wait_event("CALL_ESTABLISHED")
    agent.hangup()
    result = citizen.wait()
    assert (result.exit_code, result.answered, result.ended_by_far_end) == (0, True, True), result.log_tail


def test_citizen_and_agent_hear_each_other_and_the_recording_has_both(
    switch: Switch, agent: Baresip, tmp_path: Path
) -> None:
    citizen = SippCitizen(
        server=switch.sip, folder=tmp_path / "c", called="12315", caller="13800000002"
    ).start()
    agent.wait_event("CALL_INCOMING")
    agent.answer()
    wait_heard(agent, TALK_MS)
    citizen.hangup()
    assert citizen.wait().exit_code == 0
    agent.wait_event("CALL_CLOSED")
    agent.stop()  # what it heard is whole in its file once it has ended
    lines = switch.wait_call("13800000002")
    (recording,) = [extra(line)["extra"] for line in lines if line["eventtype"] == "recording"]
    assert recording.endswith(f"/{lines[0]['uniqueid']}.wav")
    heard = {"citizen": citizen.heard, "agent": agent.recordings()[0]}
    heard["recording"] = switch.paths.recordings / recording
    tones = (CITIZEN_TONE, AGENT_TONE, UNUSED_TONE)
    levels = {who: [loudness(file, hertz) for hertz in tones] for who, file in heard.items()}
    assert levels["citizen"][1] > AUDIBLE > levels["citizen"][0], levels
    assert levels["agent"][0] > AUDIBLE > levels["agent"][1], levels
    assert min(levels["recording"][:2]) > AUDIBLE > levels["recording"][2], levels


def test_a_test_phone_passes_the_menu_and_reaches_an_agent(
    switch: Switch, agent: Baresip, tmp_path: Path
) -> None:
    with Baresip("7001", switch.secrets.sip["7001"], switch.sip, tmp_path / "phone") as phone:
        phone.wait_registered()
        phone.dial("12345")
        phone.wait_event("CALL_ESTABLISHED")
        switch.ami.wait_event("Newstate", ChannelStateDesc="Up", CallerIDNum="13937500001")
        phone.dtmf("1")
        agent.wait_event("CALL_INCOMING")
        agent.answer()
        agent.wait_event("CALL_ESTABLISHED")
        agent.hangup()
        phone.wait_event("CALL_CLOSED")


def test_keys_of_a_citizen_arrive(switch: Switch, tmp_path: Path) -> None:
    citizen = SippCitizen(
        server=switch.sip, folder=tmp_path, caller="13800000003", keys="2", key_delay_ms=300
    ).start()
    switch.wait_call("13800000003", "queued")
    citizen.hangup()
    citizen.wait()
    lines = switch.wait_call("13800000003")
    assert [extra(line) for line in lines if line["eventtype"] == "greeted"] == [{"extra": "2"}]


def test_an_agent_who_hangs_up_is_the_hangups_source(
    switch: Switch, agents: SippAgents, tmp_path: Path
) -> None:
    agents.talk_ms = 300
    agents.start().wait_checked()
    citizen = SippCitizen(server=switch.sip, folder=tmp_path / "c", called="12315", caller="13800000004")
    assert citizen.start().wait().ended_by_far_end
    hangups = [extra(line) for line in switch.wait_call("13800000004") if line["eventtype"] == "HANGUP"]
    assert len(hangups) == 2
    assert all(h["hangupsource"].startswith("PJSIP/8001-") and h["hangupcause"] == 16 for h in hangups)


def test_a_citizen_whom_an_agent_rejects_stays_in_the_queue(
    switch: Switch, agents: SippAgents, citizen: SippCitizen
) -> None:
    agents.reject = 486
    agents.start().wait_checked()
    citizen.start()
    agents.wait_event("rejected")
    agents.wait_event("rejected", nth=2)
    assert switch.ami.action("QueueSummary", Queue="city-12345")["Response"] == "Success"
    assert switch.ami.wait_event("QueueSummary")["Callers"] == "1"


def test_many_agents_answer_at_one_port(switch: Switch, tmp_path: Path) -> None:
    passwords = {user: word for user, word in switch.secrets.sip.items() if user.startswith("8")}
    agents = SippAgents(
        passwords=passwords, server=switch.sip, folder=tmp_path / "a", count=3, answer_after_ms=50
    )
    members = ["PJSIP/8001", "PJSIP/8002", "PJSIP/8003"]
    try:
        agents.start().wait_checked()
        for member in members:
            switch.ami.action("QueueAdd", Queue="city-12345", Interface=member)
        citizens = [
            SippCitizen(server=switch.sip, folder=tmp_path / str(n), called="12315").start() for n in range(3)
        ]
        answered = {agents.wait_event("answered", nth=nth)[1] for nth in (1, 2, 3)}
        for citizen in citizens:
            citizen.hangup()
        assert [c.wait().exit_code for c in citizens] == [0, 0, 0]
        agents.wait()
        assert answered == {"8001", "8002", "8003"}
    finally:
        agents.stop()
        for member in members:
            switch.ami.action("QueueRemove", Queue="city-12345", Interface=member)


def test_a_wrong_password_is_refused(switch: Switch, tmp_path: Path) -> None:
    with Baresip("8002", "wrong", switch.sip, tmp_path / "phone") as phone:
        assert phone.wait_event("REGISTER_FAIL")["param"] == "401 Unauthorized"
    with pytest.raises(RegistrationRefusedError):
        SippAgents(passwords={"8002": "wrong"}, server=switch.sip, folder=tmp_path / "sipp").start()


def test_an_unknown_number_of_ours_is_refused(switch: Switch, tmp_path: Path) -> None:
    result = SippCitizen(server=switch.sip, folder=tmp_path, called="99999").start().wait()
    assert (result.exit_code, result.answered, result.final_code) == (0, False, 404), result.log_tail


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_no_name_of_a_caller_breaks_the_journal(switch: Switch, tmp_path: Path, name: bytes) -> None:
    before = len(switch.journal())
    citizen = SippCitizen(
        server=switch.sip,
        folder=tmp_path,
        called="12315",
        caller="13800000005",
        caller_name=name,
        talk_ms=500,
    )
    result = citizen.start().wait()
    assert result.answered, result.log_tail
    switch.wait_call("13800000005")
    raw = (switch.paths.journal / "calls.json").read_bytes().splitlines()[before:]
    assert raw[0].startswith(b'{"eventtype":"CHAN_START"')
    assert {len(line) for line in switch.journal()[before:]} == {7}


@pytest.mark.parametrize("user", [b"500&PJSIP/8001", b"1%0d%0aX:%20y", b"a,b;c", b"%22%7d%ff", b"9" * 4096])
def test_no_number_of_a_caller_breaks_the_journal(switch: Switch, tmp_path: Path, user: bytes) -> None:
    before = len(switch.journal())
    result = SippCitizen(server=switch.sip, folder=tmp_path, called="12315", caller=user, talk_ms=300)
    assert result.start().wait().final_code is not None
    assert all(len(line) == 7 for line in switch.journal()[before:])


def test_a_number_that_is_no_sip_is_dropped(switch: Switch, tmp_path: Path) -> None:
    citizen = SippCitizen(server=switch.sip, folder=tmp_path, called="12315", caller=b'1"|<x>').start()
    switch.wait_log("PJSIP syntax error exception when parsing 'From' header")
    with pytest.raises(SwitchUnavailableError):
        citizen.wait(1)


def test_a_citizen_gives_up_while_it_rings(agents: SippAgents, tmp_path: Path) -> None:
    agents.answer_after_ms = 60_000
    agents.start()
    phone = f"{agents.local_ip}:{agents.port}"
    for number, patience in enumerate((1000, None)):
        citizen = SippCitizen(
            server=phone, folder=tmp_path / str(number), called="8001", cancel_after_ms=patience
        ).start()
        citizen.wait_event("ringing")
        if patience is None:
            citizen.hangup()
        result = citizen.wait()
        assert (result.exit_code, result.answered, result.final_code) == (0, False, 487), result.log_tail
        agents.wait_event("cancelled", nth=number + 1)


def test_a_citizen_hangs_up_on_command(switch: Switch, citizen: SippCitizen) -> None:
    citizen.start().wait_answered()
    citizen.hangup()
    assert citizen.wait().exit_code == 0
    assert switch.wait_call("13800000001")[-1]["eventtype"] == "LINKEDID_END"


def test_an_agent_holds_and_resumes(switch: Switch, agent: Baresip, citizen: SippCitizen) -> None:
    citizen.start()
    agent.wait_event("CALL_INCOMING")
    agent.answer()
    agent.wait_event("CALL_ESTABLISHED")
    agent.hold()
    held = switch.ami.wait_event("Hold")
    agent.resume()
    assert switch.ami.wait_event("Unhold")["Channel"] == held["Channel"]
    assert held["Channel"].startswith("PJSIP/8001-")
    agent.hangup()
    assert citizen.wait().ended_by_far_end
