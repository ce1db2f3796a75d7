"""Random days of the whole service: calls, answers, transfers, keys, hang-ups and returns, as they come.

Whatever happens, whoever is served was next, a number is owed one call back at most, nobody who waited in
vain is forgotten, and the figures are the sums of what happened.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.config_load import load
from telephony.paths import PROJECT
from tests.switch import change, spill
from tests.unit.days.day import Day

AGENTS = ["8001", "8002", "8003", "8101"]
NUMBERS = ["12345", "12315", "12328", "03756512345"]
QUEUES = ["city-12345", "city-12328", "baofeng-12345"]
CITIZENS = ["13800000001", "13800000002", "13800000003", "13800000004", "13800000005", ""]
OVERFLOW = {
    "city-12328": [{"after_seconds": 30, "to": ["returns"]}],
    "baofeng-12345": [{"after_seconds": 12, "length": 3, "to": ["city-12345"]}],
}
nth = st.integers(0, 5)

comes = st.tuples(st.just("comes"), st.sampled_from(CITIZENS), st.sampled_from(NUMBERS))
of_agent = st.sampled_from(AGENTS)
steps = st.one_of(
    comes,
    comes,
    comes,
    st.tuples(st.just("works"), of_agent, st.sampled_from(["login", "ready", "ready", "pause", "logout"])),
    st.tuples(st.just("works"), of_agent, st.just("ready")),
    st.tuples(st.just("answers"), of_agent),
    st.tuples(st.just("answers"), of_agent),
    st.tuples(st.just("misses"), of_agent),
    st.tuples(st.just("hangs_up"), nth),
    st.tuples(st.just("presses_1"), nth),
    st.tuples(st.just("ends"), nth, st.sampled_from(["citizen", "agent"])),
    st.tuples(st.just("gives_on"), nth, st.sampled_from(QUEUES)),
    st.tuples(st.just("is_called"), st.booleans()),
    st.tuples(st.just("passes"), st.sampled_from([1.0, 6.0, 15.0])),
    st.sampled_from([("restarts",), ("reads_again",)]),
)
opening = [("works", agent, "login") for agent in AGENTS]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("config") / "config"
    shutil.copytree(PROJECT / "config", folder)
    spill(folder / "queues.yaml", OVERFLOW)
    change(folder / "returns.yaml", {"spacing_minutes": 0.5, "agent_ring_seconds": 8, "line_share": 1.0})
    change(folder / "hotline.yaml", {"agents": {"ring_seconds": 8, "wrap_up_seconds": 3}})
    return load(folder)


@settings(max_examples=50)
@given(st.lists(steps, min_size=15, max_size=45))
def test_whatever_happens_in_a_day_order_returns_and_figures_hold(config, sqlite_template, story):
    with tempfile.TemporaryDirectory() as folder:
        day = Day(config, Path(folder), sqlite_template)
        day.play([*opening, *story])
        day.check_figures()
        day.check_nobody_is_forgotten()
