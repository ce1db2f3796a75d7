"""Two installations on one store, each with its own switch: one that starts ends nothing of the other's."""

import pytest
import sqlalchemy as sa

from telephony.leader.seat import PATIENCE
from telephony.store import agents as agent_rows
from telephony.store.database import engine_of
from telephony.store.leader_tables import leader_stretches
from tests.pbx.calls import call_through, ended
from tests.pbx.test_leader_presence import Sitting
from tests.system import System
from tests.unit.leader.seating import AGENT as LEADER


class Evening:
    """At the first installation an agent talks and a leader sits on an open day as the second one starts."""

    def __init__(self, tmp_path_factory, url):
        folders = [tmp_path_factory.mktemp(name) for name in ("first", "second")]
        self.first, self.second = (System(folder, {"database": url}) for folder in folders)
        self.engine = engine_of(url)

    def begin(self):
        self.first.start()
        self.sitting = Sitting(self.first).begin()
        self.phone, _, self.call_id = call_through(self.first)
        self.mark = self.first.service.mark()
        self.second.start()
        self.second.service.wait_ready()
        self.passes(PATIENCE + 2)  # by then the second one has given up the phones that are not at its switch
        return self

    def passes(self, seconds):
        """Block until the leader's clock at the first one has run so much longer."""
        service, until = self.first.service, self.sitting.presence()["there"] + seconds
        while self.sitting.presence()["there"] < until:
            service.get("/events", after=service.mark(), wait=0.3)  # of time that passes nothing tells

    def stop(self):
        self.engine.dispose()
        for each in (self.first, self.second):
            each.stop()


@pytest.fixture(scope="module")
def evening(tmp_path_factory, postgres):
    evening = Evening(tmp_path_factory, postgres.database("evening"))
    try:
        yield evening.begin()
    finally:
        evening.stop()


def test_the_agent_talks_on_and_is_logged_out_at_the_second_one(evening):
    with evening.engine.connect() as connection:
        assert agent_rows.load(connection)["8001"]["state"] == "talking"
    states = [each.service.agent("8001")["state"] for each in (evening.first, evening.second)]
    assert states == ["talking", "logged_out"]


def test_the_ledger_tells_of_no_end(evening):
    told = evening.first.service.get("/events", after=evening.mark)["events"]
    assert [each for each in told if each["kind"] in {"agent", "ended"}] == []
    for each in (evening.first, evening.second):
        assert each.service.get(f"/calls/{evening.call_id}")["state"] == "talking"


def test_the_leaders_presence_goes_on_in_one_stretch(evening):
    with evening.engine.connect() as connection:
        assert connection.scalars(sa.select(leader_stretches.c.ended_at)).all() == [None]
    assert evening.sitting.presence()["away"] == pytest.approx(0, abs=1)


def test_the_talk_ends_when_it_ends(evening):
    evening.phone.hangup()
    assert ended(evening.first, evening.call_id, evening.mark)["outcome"] == "answered"


def test_a_leader_who_logs_out_and_goes_to_the_second_one_is_counted_there(evening):
    evening.first.service.post(f"/agents/{LEADER}/logout")
    evening.first.unplug(LEADER)
    evening.second.agent(LEADER)
    evening.passes(3)
    assert evening.second.service.agent(LEADER)["state"] == "ready"
    assert evening.first.service.agent(LEADER)["state"] == "logged_out"
