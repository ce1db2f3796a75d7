"""Returns and those who wait on the line share the agents: nobody is given twice, and each has a share."""

import pytest

from telephony.callback import turns as turns_module
from telephony.errors import NotAllowedError
from telephony.rules.verdict import Finding, Outcome
from telephony.store.threeway_tables import returns
from tests.unit.callback.returning import CONFIG, NUMBER, OTHER, Installation
from tests.unit.callback.test_turns import settle
from tests.unit.floor.waiting_house import GENERAL, FakeStore, House
from tests.unit.times import FixedClock


class Both(Installation):
    """Returns, and the waiting room that gives turns to all."""

    def __init__(self, url):
        super().__init__(url)
        self.waiting = House(CONFIG, FixedClock(), self.timer, FakeStore()).opened()
        room = self.room = self.waiting.room
        room.returns, self.turns.allot, self.turns.rings = self.turns.give, room.look, room.rings_for

    def pass_by(self, seconds):
        self.waiting.pass_time(seconds)
        self.clock.advance(seconds)
        self.turns.look()


@pytest.fixture
def both(tmp_path):
    return Both(f"sqlite:///{tmp_path}/returns.db")


@pytest.fixture
def house(tmp_path):
    return Installation(f"sqlite:///{tmp_path}/returns.db", agent_first=False)


def test_an_agent_who_is_on_the_way_to_a_caller_is_not_rung_for_a_return(both):
    both.waiting.free("8001")
    both.waiting.ask("one", GENERAL)
    assert both.waiting.moved == [("one", "8001")]
    both.lose()
    both.pass_by(1)
    assert both.line.told == []


def test_an_agent_who_is_rung_for_a_return_is_given_to_no_caller(both):
    both.waiting.free("8001")
    both.lose()
    both.pass_by(1)
    both.waiting.ask("one", GENERAL, came=1)
    assert ([told[1] for told in both.line.told], both.waiting.moved) == (["8001"], [])


def test_a_person_cannot_have_an_agent_rung_who_is_on_the_way_to_a_caller(both):
    both.waiting.free("8001")
    both.waiting.ask("one", GENERAL)
    both.lose()
    with pytest.raises(NotAllowedError):
        both.turns.call(1, "8001")


def test_an_agent_who_rests_because_nobody_answered_is_not_rung_for_a_return(both):
    both.waiting.free("8001")
    both.waiting.ask("one", GENERAL)
    both.waiting.ask("one", GENERAL, offered="8001", status="TIMEOUT")
    both.waiting.line.listener.gone("one")
    both.lose()
    both.pass_by(0.5)
    assert both.line.told == []


def test_nobody_is_rung_for_a_return_while_the_room_does_not_know_who_is_given_to_whom(both):
    both.room.gate.lost()
    both.waiting.agents.ready = ["8001"]
    both.lose()
    both.pass_by(1)
    assert both.line.told == []


@pytest.mark.parametrize(("share", "held"), [(0, set()), (0.5, {"8001"}), (1, {"8001"})])
def test_a_return_has_an_agent_whom_a_later_caller_waits_for_only_within_its_share(house, share, held):
    house.share = share
    house.lose(ago=60)
    house.on_line(ago=10)
    house.ready("8001")
    assert house.turns.held == held


def test_what_the_share_has_taken_is_remembered_from_look_to_look(house):
    house.share = 0.5
    for number in range(4):
        house.lose(f"1380000010{number}", f"1.{number}", ago=60)
    house.on_line(ago=10)
    house.ready("8001")
    house.agents.free = frozenset({"8001", "8002"})
    house.pass_by(1)
    assert house.turns.held == {"8001"}
    house.pass_by(1)
    house.pass_by(1)
    assert house.turns.held == {"8001", "8002"}


def test_many_returns_of_one_queue_do_not_hide_those_of_another(house, monkeypatch):
    monkeypatch.setattr(turns_module, "MOST", 2)
    for number in range(3):
        house.lose(f"1380000010{number}", f"1.{number}", ago=60)
    house.lose(OTHER, "2.2", ago=1, queue="baofeng-12345")
    house.ready("8101")
    assert house.turns.held == {"8101"}


def test_faults_use_no_attempt_and_are_tried_again_ever_later(house):
    house.lose()
    waits = []
    for _ in range(4):
        house.ready("8001")
        [candidate] = house.candidates()
        assert candidate.number == NUMBER
        settle(house, Finding(Outcome.FAILED).outcome)
        [row] = house.all(returns)
        waits.append((row.next_at - house.clock.now()).total_seconds() / 60)
        house.pass_by(1)
        house.pass_by(20 * 60)
    assert (row.tries, waits) == (0, [5, 10, 20, 20])
