"""What each party hears right now, on a real switch: in a queue call, in a room, and beside it."""

import array
import wave
from dataclasses import dataclass

import pytest

from telephony.peers.baresip import Baresip
from telephony.peers.ear import RATE
from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.peers.sipp import SippCitizen
from tests.pbx.conftest import QUEUE
from tests.pbx.hearing import Unit, gap_ms, wait_hears
from tests.pbx.outbound import place
from tests.pbx.rooms import RoomSwitch

CITIZEN, AGENT, UNIT, MUSIC = VOICES = (425, 700, 523, 300)
NUMBER, ROOM, LATE_ROOM = "13800000301", "1000001", "2000001"
WAITED_MS = 350
"""A little less than the way to LATE_ROOM takes."""
PIECE = RATE // 5


@pytest.fixture(scope="module")
def rooms(tmp_path_factory):
    switch = RoomSwitch(tmp_path_factory.mktemp("rooms"))
    yield switch.start()
    switch.stop()


@dataclass
class Parties:
    """Citizen and agent of a queue call with the names of their channels; the unit when it is called."""

    switch: RoomSwitch
    citizen: SippCitizen
    agent: Baresip
    unit: Unit
    citizen_leg: str
    agent_leg: str

    def meet(self, room=ROOM):
        """Bring all three into one room, and wait until they are in it."""
        place(self.switch, NUMBER, Context="hearing", Exten=ROOM, Priority="1", timeout_ms=5000)
        self.switch.move(self.citizen_leg, room, self.agent_leg)
        for _ in range(3):
            self.switch.ami.wait_event("ConfbridgeJoin")

    def wait_all(self, citizen, agent, unit):
        """Wait until each party hears exactly this."""
        wait_hears(self.citizen, citizen, of=VOICES)
        wait_hears(self.agent, agent, of=VOICES)
        wait_hears(self.unit, unit, of=VOICES)


@pytest.fixture
def parties(rooms, tmp_path):
    rooms.ami.action("QueueAdd", Queue=QUEUE, Interface="PJSIP/8001")
    citizen = SippCitizen(server=rooms.sip, folder=tmp_path / "citizen", called="12315", hertz=CITIZEN)
    phone = Baresip("8001", rooms.secrets.sip["8001"], rooms.sip, tmp_path / "agent", tone=AGENT)
    with phone as agent, FarEnd("127.0.0.2", rooms.carrier_port, tmp_path / "far-end") as far_end:
        far_end.plan(NUMBER, [Behaviour(answer=True, voice="tone", hertz=UNIT)])
        agent.wait_registered()
        citizen.start()
        agent.wait_event("CALL_INCOMING")
        agent.answer()
        legs = rooms.ami.wait_event("AgentConnect")
        yield Parties(rooms, citizen, agent, Unit(far_end, NUMBER), legs["Channel"], legs["DestChannel"])
        rooms.cli("channel request hangup all")
        citizen.wait()
    rooms.ami.action("QueueRemove", Queue=QUEUE, Interface="PJSIP/8001")


def test_in_a_queue_call_citizen_and_agent_hear_each_other_only(parties):
    wait_hears(parties.citizen, {AGENT}, of=VOICES)
    wait_hears(parties.agent, {CITIZEN}, of=VOICES)


def test_in_a_room_each_of_three_hears_exactly_the_two_others(parties):
    parties.meet()
    parties.wait_all({AGENT, UNIT}, {CITIZEN, UNIT}, {CITIZEN, AGENT})


def test_who_is_moved_to_music_hears_only_music_and_the_two_left_only_each_other(parties):
    parties.meet()
    parties.switch.move(parties.citizen_leg, "music")
    parties.wait_all({MUSIC}, {UNIT}, {AGENT})


def test_who_comes_back_from_music_hears_the_others_again(parties):
    parties.meet()
    parties.switch.move(parties.citizen_leg, "music")
    wait_hears(parties.citizen, {MUSIC}, of=VOICES)
    parties.switch.move(parties.citizen_leg, ROOM)
    parties.wait_all({AGENT, UNIT}, {CITIZEN, UNIT}, {CITIZEN, AGENT})


@pytest.mark.parametrize("room", [ROOM, LATE_ROOM])
def test_the_gap_while_a_citizen_is_moved_from_call_to_room_can_be_measured(parties, room):
    wait_hears(parties.citizen, {AGENT}, of=VOICES)
    before = len(parties.citizen.hears(None))
    parties.meet(room)
    wait_hears(parties.citizen, {AGENT, UNIT}, of=VOICES)
    assert (gap_ms(parties.citizen.hears(None)[before - PIECE :]) < WAITED_MS) == (room == ROOM)


def test_who_is_hung_up_hears_nothing_and_the_two_left_only_each_other(parties):
    parties.meet()
    parties.switch.cli(f"channel request hangup {parties.citizen_leg}")
    parties.wait_all(set(), {UNIT}, {AGENT})


def test_what_an_agents_phone_heard_live_is_what_it_has_recorded(parties):
    wait_hears(parties.agent, {CITIZEN}, of=VOICES)
    parties.agent.hangup()
    parties.agent.wait_event("CALL_CLOSED")
    parties.agent.stop()
    with wave.open(str(*parties.agent.recordings())) as file:
        recorded = array.array("h", file.readframes(file.getnframes()))
    live = parties.agent.hears(None)
    assert without_holes(live) == without_holes(recorded)


def without_holes(samples):
    """Leave out where nothing came in time: A-law, which the phone hears, knows no sample of zero."""
    return [sample for sample in samples if sample]
