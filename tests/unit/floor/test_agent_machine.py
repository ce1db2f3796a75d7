import pytest
from automat import NoTransition

from telephony.floor.agent_machine import MISSED, AgentMachine

INPUTS = (
    "login",
    "logout",
    "ready",
    "offered",
    "ring_missed",
    "ring_withdrawn",
    "connected",
    "hung_up",
    "wrap_up_over",
)
TABLE = {
    "logged_out": "ready logged_out ! ringing ! ! talking ! !",
    "ready": "ready logged_out ready ringing ! ! talking ! !",
    "paused": "paused logged_out ready ringing ! ! talking ! !",
    "ringing": "ringing ringing ringing ringing ready ready talking ! !",
    "talking": "talking talking talking ! ! ! talking wrap_up !",
    "wrap_up": "wrap_up logged_out ready ringing ! ! talking ! ready",
}


@pytest.mark.parametrize("state", TABLE)
def test_every_input_in_every_state_does_what_the_table_says(state):
    for name, expected in zip(INPUTS, TABLE[state].split(), strict=True):
        machine = AgentMachine()
        machine.restore(state)
        if expected == "!":
            with pytest.raises(NoTransition):
                getattr(machine, name)()
        else:
            getattr(machine, name)()
        assert machine.state() == (state if expected == "!" else expected)


def machine_in(*inputs):
    machine = AgentMachine()
    for name in inputs:
        getattr(machine, name)()
    return machine


def test_a_pause_asked_for_in_a_call_holds_after_the_wrap_up():
    machine = machine_in("login", "offered", "connected")
    machine.pause("meal")
    assert (machine.state(), machine.after) == ("talking", "paused")
    machine.hung_up()
    machine.wrap_up_over()
    machine.settle()
    assert (machine.state(), machine.reason, machine.after) == ("paused", "meal", None)


def test_a_log_out_asked_for_in_a_call_comes_after_the_wrap_up():
    machine = machine_in("login", "offered", "connected", "logout", "hung_up", "wrap_up_over", "settle")
    assert machine.state() == "logged_out"


def test_ready_takes_back_what_was_asked_for_in_the_call():
    machine = machine_in(
        "login", "offered", "connected", "logout", "ready", "hung_up", "wrap_up_over", "settle"
    )
    assert machine.state() == "ready"


def test_a_call_that_was_on_its_way_when_the_agent_paused_leaves_the_pause_standing():
    machine = machine_in("login")
    machine.pause("rest")
    for name in ("offered", "ring_withdrawn", "settle"):
        getattr(machine, name)()
    assert (machine.state(), machine.reason) == ("paused", "rest")


def test_an_answered_call_forgets_missed_rings():
    machine = machine_in("login", "offered", "ring_missed", "offered", "ring_missed", "offered", "connected")
    assert machine.missed_rings == 0


def test_a_withdrawn_ring_is_not_a_missed_one():
    assert machine_in("login", "offered", "ring_withdrawn").missed_rings == 0


def test_too_many_missed_rings_pause_the_agent_with_that_reason():
    machine = machine_in("login", "offered", "ring_missed", "missed_too_often")
    assert (machine.state(), machine.reason, machine.missed_rings) == ("paused", MISSED, 0)


@pytest.mark.parametrize("inputs", [(), ("connected",), ("connected", "hung_up")])
def test_a_log_in_takes_back_a_log_out_asked_for_in_the_call(inputs):
    machine = machine_in("login", "offered", *inputs)
    machine.after = "logged_out"
    machine.login()
    assert machine.after is None


def test_a_log_in_leaves_a_pause_asked_for_in_the_call_standing():
    machine = machine_in("login", "offered", "connected")
    machine.pause("meal")
    machine.login()
    assert (machine.after, machine.after_reason) == ("paused", "meal")
