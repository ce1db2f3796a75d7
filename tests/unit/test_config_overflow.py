"""The overflow of queues.yaml and the storm of hotline.yaml, as far as they could not work."""

import pytest

from telephony.config_load import load
from telephony.paths import PROJECT
from telephony.texts import say
from tests.unit.test_config_load import Folder

LIMIT = "length: 10, to: [city-12345]"


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path / "config")


@pytest.mark.parametrize(
    ("old", "new", "text", "key"),
    [
        ("{after_seconds: 900, to: [returns]}", "{to: [returns]}", "limit", ".1"),
        ("to: [baofeng-12345, jiaxian-12345]", "to: [returns]", "last", ".0.to"),
        ("to: [returns]", "to: [returns, demo]", "last", ".1.to"),
        ("to: [baofeng-12345, jiaxian-12345]", "to: [city-12345]", "self", ".0.to"),
    ],
)
def test_an_overflow_that_could_not_work_is_named_by_its_line(folder, old, new, text, key):
    folder.change("queues", old, new)
    (problem,) = folder.problems()
    assert f"queues.0.overflow{key}: " in problem
    assert say(f"config.overflow_{text}") in problem


@pytest.mark.parametrize(("length", "good"), [(1, False), (2, True)])
def test_a_length_is_two_at_least(folder, length, good):
    folder.change("queues", LIMIT, LIMIT.replace("10", str(length)))
    if good:
        assert load(folder.path).queues["baofeng-12345"].overflow[0].length == length
    else:
        assert len(folder.problems()) == 1


@pytest.mark.parametrize(("factor", "good"), [("0", False), ("0.01", True), ("1", True), ("1.01", False)])
def test_a_storm_makes_limits_shorter_and_never_nothing(folder, factor, good):
    folder.change("hotline", "overflow_factor: 0.5", f"overflow_factor: {factor}")
    if good:
        assert load(folder.path).hotline.storm.overflow_factor == float(factor)
    else:
        assert len(folder.problems()) == 1


def test_no_queue_may_be_called_returns(folder):
    folder.append("queues", "{name: returns, centre: city, label: 回拨}")
    assert any(say("config.our_name", name="returns") in problem for problem in folder.problems())


def test_each_queue_as_delivered_is_helped_by_another_centre_and_ends_in_returns():
    config = load(PROJECT / "config")
    demo = config.hotline.demo
    own = demo.queues | set(config.agents[demo.line.helper].skills)
    for seat in config.seats.values():  # nobody helps a leader; who waits as the day ends goes elsewhere
        own |= {seat.queue, seat.screening_queue}
    for queue in config.queues.values():
        if queue.name in own:
            continue
        helpers = {name for step in queue.overflow for name in step.to if name != "returns"}
        assert {config.queues[name].centre for name in helpers} - {queue.centre}, queue.name
        assert queue.overflow[-1].to == ("returns",), queue.name
