"""Whom the dialer may call back: not who is on a list, nor a number that a caller has made up."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from telephony.errors import NotAllowedError
from telephony.rules.returns import Reach
from telephony.rules.verdict import Finding, Outcome
from telephony.store import attempts as attempt_rows
from telephony.store import return_calls, returns, threeway_tables  # noqa: F401 - it joins the metadata
from telephony.store.attempts import Reservation
from telephony.store.database import engine_of, transaction
from telephony.store.outbound_tables import no_disturb
from telephony.store.tables import blacklist, events, metadata
from tests.unit.store.ledger import NOW, ago, put_answered, put_call

NUMBER, COUNTY = "13800001234", "03756512345"
LISTS = pytest.mark.parametrize("numbers", [blacklist, no_disturb], ids=lambda table: table.name)


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def lose(connection, number=NUMBER, call_id="1.1", at=NOW):
    lost = (number, call_id, "city", "abandoned", at, "city-12345", at, Reach(frozenset({COUNTY})))
    return returns.open_return(connection, *lost)


def put_on(connection, numbers, expires=None):
    """Put the number on a list, for so many seconds, None: for ever."""
    at = None if expires is None else NOW + timedelta(seconds=expires)
    row = {"number": NUMBER, "reason": "x", "added_at": NOW, "expires_at": at}
    connection.execute(numbers.insert().values(**row))


def called(connection):
    """Return who is due, and who may be dialled."""
    due = return_calls.due(connection, NOW, 9)
    return [row.id for row in due], [row.id for row in return_calls.callable_now(connection, [1], NOW)]


@pytest.mark.parametrize("number", ["110", "95588", "+88213000111", "19001234567890", COUNTY, "12345"])
def test_a_number_that_no_machine_may_call_is_a_persons_from_the_start(connection, number):
    assert lose(connection, number)
    (shown,) = returns.open_list(connection, 9)
    assert (shown.state, shown.given_up_why, shown.next_at) == ("given_up", "not_callable", None)
    assert called(connection) == ([], [])
    kinds = connection.scalars(sa.select(events.c.kind).order_by(events.c.id))
    assert list(kinds) == ["return_opened", "return_given_up"]


@pytest.mark.parametrize("number", ["13800001234", "03752345678", "01062345678"])
def test_a_citizens_number_is_due_at_once(connection, number):
    lose(connection, number)
    assert called(connection) == ([1], [1])


@pytest.mark.parametrize("command", [return_calls.call_now, return_calls.reset])
def test_no_command_lets_the_system_call_a_forged_number(connection, command):
    lose(connection, "110")
    more = ("李敏", NOW) if command is return_calls.reset else (NOW,)
    with pytest.raises(NotAllowedError, match="不能由系统拨打"):
        command(connection, 1, *more)


@LISTS
@pytest.mark.parametrize(("expires", "found"), [(None, []), (1, []), (0, [1])])
def test_who_is_listed_after_the_return_was_opened_is_not_called_until_that_expires(
    connection, numbers, expires, found
):
    lose(connection)
    put_on(connection, numbers, expires)
    assert called(connection) == (found, found)


@LISTS
def test_another_number_on_a_list_keeps_nobody_from_being_called(connection, numbers):
    lose(connection, "13800009999")
    put_on(connection, numbers)
    assert called(connection) == ([1], [1])


def test_a_person_may_call_whom_no_machine_may(connection):
    lose(connection)
    put_on(connection, no_disturb)
    return_calls.call_now(connection, 1, NOW)
    assert called(connection) == ([], [1])


def test_nobody_has_a_number_of_the_blacklist_called(connection):
    lose(connection)
    put_on(connection, blacklist)
    with pytest.raises(NotAllowedError, match="黑名单"):
        return_calls.call_now(connection, 1, NOW)


def test_nobody_is_told_of_a_call_back_whose_number_no_machine_may_call(connection):
    put_call(connection, "5.1", caller_number="+88213000111")
    assert not return_calls.keep(connection, "5.1", NOW, Reach())
    put_call(connection, "5.2", caller_number=COUNTY)
    assert not return_calls.keep(connection, "5.2", NOW, Reach(frozenset({COUNTY})))
    assert returns.open_list(connection, 9) == []


def test_only_numbers_with_which_nobody_has_ever_talked_are_strangers(connection):
    for number, at in ((NUMBER, ago(3600)), ("13800000002", NOW), ("13800000003", ago(3600.001))):
        lose(connection, number, number, at)
    assert return_calls.strangers(connection, ago(3600)) == 2
    put_answered(connection, "9.1", caller_number=NUMBER)
    assert return_calls.strangers(connection, ago(3600)) == 1


def talked(connection, call_id="rv-1"):
    """Let a call of ours, in which an agent talked with somebody, close the return."""
    reservation = Reservation(call_id, "return", 1, NUMBER, "carrier", "", "", NOW)
    attempt_rows.reserve(connection, [reservation], "epoch", NOW)
    attempt_rows.dial(connection, call_id, NOW, NOW)
    attempt_rows.settle(connection, call_id, Finding(Outcome.ANSWERED), "0" * 64, None)
    returns.close(connection, 1, returns.RULES, None, NOW, call_id)


def test_a_return_that_a_voicemail_answered_begins_anew_and_is_closed_again_by_the_next_talk(connection):
    lose(connection)
    talked(connection)
    shown = return_calls.reset(connection, 1, "李敏", NOW)
    assert (shown.state, shown.closed_by, shown.tries) == ("planned", None, 0)
    assert called(connection) == ([1], [1])
    returns.close(connection, 1, returns.RULES, None, NOW + timedelta(minutes=1), "rv-2")
    told = connection.execute(sa.select(events.c.kind, events.c.data).order_by(events.c.id)).all()
    assert [(row.kind, row.data.get("call")) for row in told] == [
        ("return_opened", None),
        ("return_closed", "rv-1"),
        ("return_reset", "rv-1"),
        ("return_closed", "rv-2"),
    ]


@pytest.mark.parametrize(("by", "call_id"), [("李敏", None), (returns.RULES, "1.7")])
def test_what_a_person_or_the_citizens_own_call_has_closed_stays_closed(connection, by, call_id):
    lose(connection)
    returns.close(connection, 1, by, None, NOW, call_id)
    with pytest.raises(NotAllowedError, match="办结"):
        return_calls.reset(connection, 1, "李敏", NOW)


def test_one_that_a_voicemail_answered_stays_closed_where_another_one_is_open_by_now(connection):
    lose(connection)
    talked(connection)
    lose(connection, call_id="2.1", at=NOW + timedelta(minutes=5))
    with pytest.raises(NotAllowedError, match="已有未办结的回拨 2"):
        return_calls.reset(connection, 1, "李敏", NOW)
