"""Coordination conferences (Art. 12) on the real switch: called together, heard, called by name, ended."""

import pytest

from telephony.peers.far_end_call import Behaviour
from tests.pbx.conversing import ACCEPTS, AGENT, SECOND, UNIT, VOICES, Conversing
from tests.pbx.hearing import Unit, wait_hears

JOINS = Behaviour(ring_ms=100, answer=True, voice="tone", hertz=SECOND, keys="1", key_delay_ms=700)
BUSY = Behaviour(alerting=None, ring_ms=0, final=486)


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    city = Conversing(tmp_path_factory.mktemp("coordination"))
    try:
        yield city.start()
    finally:
        city.stop()


@pytest.fixture(autouse=True)
def _rest(city):
    yield
    city.rest()


class Conference:
    """A conference of agent 8001, the unit `lead`, and one that supports it."""

    def __init__(self, city, supporter=JOINS):
        self.city, self.service, self.mark = city, city.service, city.service.mark()
        [self.lead] = city.unit("lead", ACCEPTS, short_code="931")
        [self.supporting] = city.unit("supporting", supporter, short_code="932")
        self.chair = city.system.phone("8001", tone=AGENT)
        body = {"agent": "8001", "lead": "lead", "supporting": ["supporting"], "matter": "道路积水"}
        self.id = city.service.post("/threeway/coordination", **body)["id"]
        self.chair.wait_event("CALL_INCOMING")
        self.chair.answer()

    def wait(self, what, **wanted):
        return self.service.wait_event("threeway", self.mark, three_way=self.id, what=what, **wanted)

    def wait_units(self):
        self.wait("unit_accepted", unit="lead")
        self.wait("unit_accepted", unit="supporting")

    @property
    def view(self):
        return self.service.get(f"/threeway/{self.id}")

    def call(self):
        return self.service.get(f"/calls/{self.view['call_id']}")


def test_chair_lead_unit_and_supporting_unit_hear_each_other(city):
    conference = Conference(city)
    conference.wait_units()
    wait_hears(conference.chair, {UNIT, SECOND}, of=VOICES)
    wait_hears(Unit(city.far_end, conference.lead), {AGENT, SECOND}, of=VOICES)
    wait_hears(Unit(city.far_end, conference.supporting), {AGENT, UNIT}, of=VOICES)
    parts = {each["unit"]: each["part"] for each in conference.view["invitations"]}
    assert parts == {"lead": "lead", "supporting": "supporting"}


def test_the_roll_call_says_and_stores_who_is_there_and_who_is_not(city):
    conference = Conference(city, BUSY)
    conference.wait("unit_accepted", unit="lead")
    conference.wait("unit_missed", unit="supporting")
    city.service.post(f"/threeway/{conference.id}/roll-call", by="王芳")
    [roll] = conference.view["roll_calls"]
    assert (roll["present"], roll["absent"], roll["called_by"]) == (["8001", "lead"], ["supporting"], "王芳")
    # What is said has no voice of its own in a test: the announcer is in the room, and leaves it again.
    city.switch.ami.wait_event(
        "ConfbridgeJoin", 10, Conference=conference.view["room"], Context="threeway-announcer"
    )


def test_each_unit_is_recorded_from_its_entrance_on(city):
    conference = Conference(city)
    conference.wait_units()
    wait_hears(conference.chair, {UNIT, SECOND}, of=VOICES)
    conference.city.service.post(f"/threeway/{conference.id}/end")
    conference.service.wait_event("ended", conference.mark, call_id=conference.view["call_id"])
    call = conference.call()
    units = [leg for leg in call["legs"] if leg["role"] == "unit"]
    recordings = city.switch.paths.recordings
    assert all((recordings / leg["recording"]).stat().st_size > 1000 for leg in units)
    assert {tuple(each["file"] or "") != () for each in call["segments"]} == {True}


def test_a_conference_goes_on_without_its_chair_who_may_come_back(city):
    conference = Conference(city)
    conference.wait_units()
    conference.wait("agent_joined")
    city.service.post(f"/threeway/{conference.id}/leave")
    wait_hears(Unit(city.far_end, conference.lead), {SECOND}, of=VOICES)
    city.service.post(f"/threeway/{conference.id}/back")
    conference.chair.wait_event("CALL_INCOMING")
    conference.chair.answer()
    wait_hears(Unit(city.far_end, conference.lead), {AGENT, SECOND}, of=VOICES)


def test_a_conference_ends_with_its_last_party_and_so_does_its_call(city):
    conference = Conference(city)
    conference.wait_units()
    conference.wait("agent_joined")
    conference.chair.hangup()
    city.far_end.hang_up(conference.lead)
    city.far_end.hang_up(conference.supporting)
    conference.wait("all_left")
    conference.service.wait_event("ended", conference.mark, call_id=conference.view["call_id"])
    assert (conference.view["state"], conference.call()["direction"]) == ("ended", "conference")


def test_a_conference_that_nobody_comes_to_is_over_and_closed(city):
    mark = city.service.mark()
    city.unit("lead", BUSY, short_code="931")
    phone = city.system.phone("8001")
    view = city.service.post("/threeway/coordination", agent="8001", lead="lead")
    phone.wait_event("CALL_INCOMING")
    phone.hangup()
    city.service.wait_event("threeway", mark, what="all_left", three_way=view["id"])
    call = city.service.get(f"/calls/{view['call_id']}")
    assert (call["state"], call["outcome"]) == ("ended", "not_reached")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"agent": "8001", "lead": "nobody"}, 404),
        ({"agent": "9999", "lead": "lead"}, 404),
        ({"agent": "8001", "lead": "lead", "supporting": ["lead"]}, 409),
        ({"agent": "8001", "lead": "police-110"}, 409),
    ],
)
def test_a_conference_that_cannot_be_is_refused_and_leaves_nothing(city, body, status):
    city.unit("lead", ACCEPTS, short_code="931")
    before = city.service.get("/threeway")
    assert city.service.http.post("/threeway/coordination", json=body).status_code == status
    assert city.service.get("/threeway") == before
