"""Missed-call returns in the store."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from telephony.errors import NotAllowedError, UnknownThingError
from telephony.rules.returns import Reach
from telephony.store import return_calls, returns, threeway_tables  # noqa: F401 - it joins the metadata
from telephony.store.database import engine_of, transaction
from telephony.store.tables import blacklist, events, legs, metadata
from tests.unit.store.ledger import NOW, ago, put_answered, put_call

NUMBER = "13800001234"


@pytest.fixture
def connection(database_url):
    engine = engine_of(database_url)
    metadata.create_all(engine)
    with transaction(engine) as connection:
        yield connection
    engine.dispose()


def lose(connection, call_id="1.1", number=NUMBER, at=NOW):
    return returns.open_return(connection, number, call_id, "city", "interrupted", at)


def told(connection):
    return [tuple(row) for row in connection.execute(sa.select(events.c.kind, events.c.call_id))]


def test_a_second_lost_call_of_a_number_changes_nothing(connection):
    assert [lose(connection), lose(connection, "1.2")] == [True, False]
    (only,) = returns.open_list(connection, 10)
    assert (only.call_id, told(connection)) == ("1.1", [("return_opened", "1.1")])


def test_a_number_whose_return_is_closed_may_be_lost_again(connection):
    lose(connection)
    returns.close(connection, 1, "李敏", None, NOW)
    assert lose(connection, "1.2")


def test_the_longest_waiting_stands_first_and_with_closed_ones_the_newest(connection):
    for index, seconds in enumerate((20, 30, 10)):
        lose(connection, f"1.{index}", f"1380000000{index}", ago(seconds))
    assert [each.call_id for each in returns.open_list(connection, 2)] == ["1.1", "1.0"]
    returns.close(connection, 1, "李敏", None, NOW)
    assert [each.call_id for each in returns.open_list(connection, 9)] == ["1.1", "1.2"]
    everything = returns.open_list(connection, 9, with_closed=True)
    assert [each.call_id for each in everything] == ["1.2", "1.0", "1.1"]


def test_those_open_in_some_queues_are_moved_to_another_and_each_is_told_once(connection):
    for nth, queue in enumerate(("city-leader", "city-leader-screening", "city-12328", "city-leader")):
        number = f"1380000000{nth}"
        returns.open_return(connection, number, f"1.{nth}", "city", "kept", NOW, queue)
    returns.close(connection, 4, "李敏", None, NOW)
    leaders = ("city-leader", "city-leader-screening")
    moved = [returns.move_queue(connection, leaders, "city-12345", NOW) for _ in range(2)]
    assert moved == [[1, 2], []]
    queues = [each.queue for each in returns.open_list(connection, 9)]
    assert queues == ["city-12345", "city-12345", "city-12328"]
    query = sa.select(events.c.call_id, events.c.data).where(events.c.kind == "return_moved")
    assert [(row.call_id, row.data["from"], row.data["to"]) for row in connection.execute(query)] == [
        ("1.0", "city-leader", "city-12345"),
        ("1.1", "city-leader-screening", "city-12345"),
    ]


def test_who_closes_a_return_is_kept_with_the_note(connection):
    lose(connection)
    done = returns.close(connection, 1, "李敏", "已回电", NOW)
    assert (done.closed_by, done.note, done.closed_at.isoformat()) == (
        "李敏",
        "已回电",
        "2026-11-23T16:00:00+08:00",
    )
    assert told(connection) == [("return_opened", "1.1"), ("return_closed", "1.1")]


def test_a_return_that_is_closed_says_by_whom(connection):
    lose(connection)
    returns.close(connection, 1, "李敏", None, NOW)
    with pytest.raises(NotAllowedError, match="李敏 于 2026-11-23 16:00"):
        returns.close(connection, 1, "王芳", None, NOW)


def test_a_return_that_is_not_there_cannot_be_closed(connection):
    with pytest.raises(UnknownThingError):
        returns.close(connection, 1, "李敏", None, NOW)


@pytest.mark.parametrize(("after", "new"), [(-0.001, True), (0, False)])
def test_who_has_been_answered_since_is_owed_nothing(connection, after, new):
    put_answered(connection, "1.9", waited=100)  # answered at ago(400)
    assert lose(connection, at=ago(400) - timedelta(seconds=after)) is new


def test_the_lost_calls_own_answer_is_no_answer_since(connection):
    put_answered(connection, "1.1")
    assert lose(connection, at=ago(500))


def test_a_call_of_ours_that_was_answered_is_no_answer_since(connection):
    put_call(connection, "rv-1", direction="outbound", answered_at=ago(10))
    assert lose(connection, at=ago(20))


@pytest.mark.parametrize(("opened", "left"), [(10, 0), (9.999, 1)])
def test_an_answer_closes_only_what_was_lost_before_it(connection, opened, left):
    lose(connection, at=ago(opened))
    returns.close_answered(connection, [(NUMBER, "1.2", ago(10))])
    assert len(returns.open_list(connection, 9)) == left


def test_another_numbers_answer_closes_nothing(connection):
    lose(connection)
    returns.close_answered(connection, [("13900000000", "1.2", NOW)])
    assert len(returns.open_list(connection, 9)) == 1


@pytest.mark.parametrize(("expires", "owed"), [(None, False), (1, False), (0, True)])
def test_who_harasses_us_is_owed_none_until_that_expires(connection, expires, owed):
    at = None if expires is None else NOW + timedelta(seconds=expires)
    row = {"number": NUMBER, "reason": "辱骂", "added_at": ago(60), "expires_at": at}
    connection.execute(blacklist.insert().values(**row))
    assert lose(connection) == owed


def test_a_lost_call_that_is_told_again_after_its_return_was_closed_opens_none(connection):
    lose(connection)
    returns.close(connection, 1, "李敏", None, NOW)
    assert not lose(connection)


def blacklisted(connection):
    row = {"number": NUMBER, "reason": "辱骂", "added_at": ago(60), "expires_at": None}
    connection.execute(blacklist.insert().values(**row))


def promised(connection, call_id="1.1"):
    lost = (NUMBER, call_id, "city", "overflow", NOW, "city-12345", ago(300))
    return return_calls.promise(connection, *lost, Reach())


def test_who_will_not_be_called_back_is_promised_nothing(connection):
    blacklisted(connection)
    assert not promised(connection)
    assert returns.open_list(connection, 10) == []


def test_who_is_promised_a_call_while_one_is_owed_has_that_one(connection):
    lose(connection, at=ago(600))
    assert promised(connection, "1.2")
    assert [each.call_id for each in returns.open_list(connection, 10)] == ["1.1"]


@pytest.mark.parametrize("listed", [False, True])
def test_nothing_is_promised_to_who_was_listed_since_or_stands_as_one_whom_no_machine_may_call(
    connection, listed
):
    lose(connection, at=ago(600))
    if listed:
        blacklisted(connection)
    else:
        return_calls.give_up(connection, 1, "not_callable", ago(500))
    assert not promised(connection, "1.2")


def test_who_is_promised_a_call_and_was_given_up_before_is_called_anew(connection):
    lose(connection, at=ago(600))
    return_calls.give_up(connection, 1, "attempts", ago(500))
    assert promised(connection, "1.2")
    (only,) = returns.open_list(connection, 10)
    assert (only.state, only.tries) == ("planned", 0)


def kept(connection, bridged):
    """Tell whether a place is kept at NOW by a citizen whom an agent took up so many seconds later."""
    put_call(connection, "1.1", caller_number=NUMBER, state="queued", queue="city-12345")
    at = NOW + timedelta(seconds=bridged)
    leg = {"id": "1.2", "call_id": "1.1", "role": "agent", "started_at": ago(90), "bridged_at": at}
    connection.execute(legs.insert().values(**leg))
    return return_calls.keep(connection, "1.1", NOW, Reach())


@pytest.mark.parametrize(("bridged", "place"), [(0, False), (-0.001, True)])
def test_a_key_whose_answer_came_too_late_owes_nothing_to_whom_an_agent_took_up_since(
    connection, bridged, place
):
    assert kept(connection, bridged) == place
    assert len(returns.open_list(connection, 10)) == place
