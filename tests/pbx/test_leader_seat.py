"""A leader's seat on a real switch: a warm hand-over, the assistant beside, a unit in the room."""

from datetime import UTC, datetime, timedelta

import pytest

from telephony.store import leader_calls
from telephony.store.database import engine_of, transaction, url_of
from tests.pbx.conversing import ACCEPTS, AGENT, CITIZEN, COLLEAGUE, MUSIC, UNIT, VOICES, Conversing, Talk
from tests.pbx.hearing import wait_hears
from tests.pbx.scene import wait_over
from tests.pbx.supervising import BOSS, Supervised
from tests.unit.leader.day_rows import put_day

LEADER_SEAT, ASSISTANT, LEADER = "8801", "8802", COLLEAGUE
PATIENCE = 20


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    with Conversing(tmp_path_factory.mktemp("leader-seat"), ring_seconds=20, ask_seconds=30) as conversing:
        yield conversing


@pytest.fixture
def conversing(whole):
    yield whole
    whole.rest()


@pytest.fixture(scope="module")
def day(whole):
    """A day that is open on the seat, as if it had been announced long ago."""
    now, engine = datetime.now(UTC), engine_of(url_of("sqlite", whole.switch.paths.var))
    times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    with transaction(engine) as connection:
        number = put_day(connection, opened_at=now, opened_by="test", **times)
    yield number, engine
    engine.dispose()


def wait_hear(talk, **expected):
    """Block until each hears exactly this: citizen={…}, asker={…}, leader={…}."""
    for who, pitches in expected.items():
        wait_hears(talk[who], pitches, of=VOICES, timeout=PATIENCE)


def given_to_leader(conversing):
    """Let an agent give a citizen to the leader, who answers; return the talk of the two."""
    talk = conversing.talk()
    leader = conversing.system.agent(LEADER_SEAT, tone=LEADER)
    mark = conversing.service.mark()
    conversing.service.post("/transfers", call_id=talk.call_id, to=f"agent:{LEADER_SEAT}")
    leader.wait_event("CALL_INCOMING", PATIENCE)
    leader.answer()
    conversing.service.wait_event("agent_joined", mark, agent=LEADER_SEAT)
    wait_hears(talk.citizen, {LEADER}, of=VOICES, timeout=PATIENCE)
    return Talk(conversing, LEADER_SEAT, leader, talk.citizen, talk.call_id, mark)


class Assisted(Supervised):
    """A citizen with the leader, and the assistant's phone beside."""

    def __init__(self, conversing):
        self.conversing, self.system, self.service = conversing, conversing.system, conversing.service
        self.boss = self.system.phone(ASSISTANT, tone=BOSS)
        self.talk = given_to_leader(conversing)
        self.mark = self.talk.mark

    def order(self, what):
        return self.service.post(f"/supervision/{self.talk.call_id}/{what}", by=ASSISTANT)


def test_an_assistant_listens_and_neither_leader_nor_citizen_hears_it(conversing):
    assisted = Assisted(conversing).takes_part("listen")
    assisted.wait_hear(boss={CITIZEN, LEADER}, agent={CITIZEN}, citizen={LEADER})


def test_an_assistants_whisper_reaches_the_leader_alone(conversing):
    assisted = Assisted(conversing).takes_part("whisper")
    assisted.wait_hear(agent={CITIZEN, BOSS}, citizen={LEADER}, boss={CITIZEN, LEADER})


def test_a_unit_that_the_assistant_orders_comes_into_the_room_with_the_leader_in_the_agents_place(conversing):
    [number] = conversing.unit("for-the-leader", ACCEPTS, short_code="951")
    talk = given_to_leader(conversing)
    talk.ask("for-the-leader", mode="at_once", by=ASSISTANT)
    talk.wait("joined")
    talk.wait_hears(citizen={LEADER, UNIT}, agent={CITIZEN, UNIT})
    wait_hears(talk.unit(number), {CITIZEN, LEADER}, of=VOICES, timeout=PATIENCE)
    agents = [each["party"] for each in talk.view["participants"] if each["role"] == "agent"]
    assert agents == [LEADER_SEAT]


def test_a_screened_citizen_is_handed_over_warm_and_stands_as_answered_by_the_leader(conversing, day):
    day_id, engine = day
    talk = conversing.talk()
    leader = conversing.system.agent(LEADER_SEAT, tone=LEADER)
    all_of_them = {"citizen": talk.citizen, "asker": talk.phone, "leader": leader}
    with transaction(engine) as connection:
        leader_calls.enter(connection, talk.call_id, day_id, "screened", datetime.now(UTC))
    calls = f"/leader-calls/{talk.call_id}"
    talk.service.post(f"{calls}/screen", in_scope=True, summary="供水不足", by="8001")
    assert talk.service.post(f"{calls}/hand-over", by="8001")["how"] == "attended"
    leader.wait_event("CALL_INCOMING", PATIENCE)
    leader.answer()
    wait_hear(all_of_them, citizen={MUSIC}, asker={LEADER}, leader={AGENT})
    wait_stands(talk, day_id, "waiting")  # the leader was asked; the citizen hears music
    talk.phone.hangup()
    wait_hear(all_of_them, citizen={LEADER}, leader={CITIZEN})
    wait_stands(talk, day_id, "with_leader")
    leader.hangup()
    wait_over(talk)
    found = standing(talk, day_id)
    assert (found["standing"], found["screened_by"]) == ("answered", "8001")
    assert min(found["leader_seconds"], found["agent_seconds"]) > 0


def test_a_citizen_who_hangs_up_while_the_leader_is_asked_was_not_reached(conversing, day):
    day_id, engine = day
    talk = conversing.talk()
    leader = conversing.system.agent(LEADER_SEAT, tone=LEADER)
    with transaction(engine) as connection:
        leader_calls.enter(connection, talk.call_id, day_id, "screened", datetime.now(UTC))
    calls = f"/leader-calls/{talk.call_id}"
    talk.service.post(f"{calls}/screen", in_scope=True, summary="供水不足", by="8001")
    talk.service.post(f"{calls}/hand-over", by="8001")
    leader.wait_event("CALL_INCOMING", PATIENCE)
    leader.answer()
    wait_hears(leader, {AGENT}, of=VOICES, timeout=PATIENCE)
    talk.citizen.hangup()
    assert wait_stands(talk, day_id, "not_reached")["leader_at"] is None  # the two agents still speak
    owed = [each["call_id"] for each in talk.service.get(f"/leader-days/{day_id}/register")]
    assert talk.call_id in owed


def wait_stands(talk, day_id, wanted):
    """Block until the call stands so; return it."""
    for _ in range(100):
        mark, found = talk.service.mark(), standing(talk, day_id)
        if found["standing"] == wanted:
            return found
        talk.service.get("/events", after=mark, wait=0.2)  # who enters a bridge is told by no event
    raise AssertionError(f"not {wanted}: {found}")


def standing(talk, day_id):
    calls = talk.service.get(f"/leader-days/{day_id}/calls")
    [found] = [each for each in calls if each["call_id"] == talk.call_id]
    return found
