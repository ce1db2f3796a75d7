"""The entry of who keeps the place, on a scripted switch."""

import re

import pytest
from twisted.internet.defer import fail, succeed

from telephony.agi.entries import keep
from telephony.agi.session import Session
from telephony.config_load import load
from telephony.errors import HotlineError
from telephony.paths import PROJECT

CALL, DEMO, OURS = "1795420886.1", "10000012345", "03756512345"


def pressed(keeps, caller="13800001234", queue="city-12315"):
    """Return what is set on the channel of who has pressed the key while waiting in a queue."""
    told, sent, errors = {}, [], []
    session = Session({"agi_uniqueid": CALL, "agi_callerid": caller}, sent.append, lambda: None)
    handle = keep.entry(keeps, load(PROJECT / "config").calls_back, "0375")

    def run():
        try:
            handle(session)
        except HotlineError as error:
            errors.append(error)

    session.start(run)
    while sent:
        name, *value = re.findall(r'"([^"]*)"', sent.pop().decode())
        told.update((name, each) for each in value)
        session.feed(b"200 result=1\n" if value else f"200 result=1 ({queue})\n".encode())
    return told, errors


@pytest.mark.parametrize(("stored", "answer"), [(True, "yes"), (False, "no")])
def test_the_caller_is_told_whether_the_place_is_kept(stored, answer):
    asked = []

    def keeps(call_id):
        asked.append(call_id)
        return succeed(stored)

    assert pressed(keeps) == ({"HOTLINE_KEPT": answer}, [])
    assert asked == [CALL]


def test_a_store_that_refuses_leaves_the_caller_in_the_line():
    assert pressed(lambda _call_id: fail(HotlineError("full")))[0] == {}


@pytest.mark.parametrize(("queue", "answer"), [("demo", "no"), ("city-12315", "no"), ("demo-line", "yes")])
def test_the_demos_citizen_keeps_a_place_on_the_demos_line_only(queue, answer):
    assert pressed(lambda _call_id: succeed(True), DEMO, queue)[0] == {"HOTLINE_KEPT": answer}


@pytest.mark.parametrize("caller", [DEMO, OURS, "", "anonymous", "110", "12345", "+88213000111", "95588"])
def test_whom_no_machine_may_call_is_answered_without_the_store(caller):
    asked = []
    assert pressed(asked.append, caller=caller) == ({"HOTLINE_KEPT": "no"}, [])
    assert asked == []
