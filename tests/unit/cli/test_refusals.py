"""Refused matters (Art. 4) at a terminal."""

import json

import pytest

from tests.unit.store.ledger import ago, put_call, put_leg

CALL = "1795420886.1"


@pytest.fixture
def talking(running):
    running.api.put_rows(put_call, CALL, state="talking", answered_at=ago(500), agent="8001")
    running.api.put_rows(put_leg, CALL, bridged_at=ago(500))
    running.api.put_rows(put_leg, "a-leg", role="agent", party="8001", bridged_at=ago(500))
    return running


def test_a_matter_is_refused_by_call_and_kind(talking):
    done = talking.run("calls", "refuse", CALL, "internal", "--by", "Wang", "--note", "13800001234")
    assert (done.exit_code, "内部行政管理" in done.stdout) == (0, True)
    shown = talking.run("refusals").stdout
    assert ("138****1234" in shown, "13800001234" in shown) == (True, False)
    found = json.loads(talking.run("refusals", "--json").stdout)
    assert (found["counts"]["internal"], found["refusals"][0]["by"]) == (1, "Wang")


def test_the_calls_are_still_listed_without_a_command(talking):
    assert json.loads(talking.run("calls", "--limit", "5", "--json").stdout)[0]["id"] == CALL


@pytest.mark.parametrize(
    "words",
    [
        ("calls", "refuse", CALL, "rude", "--by", "x"),
        ("calls", "refuse", CALL, "internal"),
        ("calls", "refuse", "7.7", "internal", "--by", "x"),
    ],
    ids=" ".join,
)
def test_a_wrong_argument_ends_with_2(talking, words):
    assert talking.run(*words).exit_code == 2
