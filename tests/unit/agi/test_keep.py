"""The entry of who keeps the place, on a scripted switch."""

import re

import pytest
from twisted.internet.defer import fail, succeed

from telephony.agi.entries import keep
from telephony.agi.session import Session
from telephony.errors import HotlineError

CALL, DEMO = "1795420886.1", "10000012345"


def pressed(keeps, caller="13800001234"):
    """Return what is set on the channel of who has pressed the key."""
    told, sent, errors = {}, [], []
    session = Session({"agi_uniqueid": CALL, "agi_callerid": caller}, sent.append, lambda: None)
    handle = keep.entry(keeps, DEMO, "0375")

    def run():
        try:
            handle(session)
        except HotlineError as error:
            errors.append(error)

    session.start(run)
    while sent:
        name, value = re.findall(r'"([^"]*)"', sent.pop().decode())
        told[name] = value
        session.feed(b"200 result=1\n")
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


def test_the_demos_citizen_keeps_no_place():
    assert pressed(lambda _call_id: succeed(True), caller=DEMO)[0] == {"HOTLINE_KEPT": "no"}
