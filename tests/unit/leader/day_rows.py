"""Rows of a leader day for tests: an open day at noon, calls let in to it, and who talked with whom in them.

Seconds are from `BEGAN` on, an hour before NOON.
"""

from datetime import timedelta

from telephony.store import attempts, leader_calls
from telephony.store import leader_days as day_rows
from telephony.store.attempts import Reservation
from telephony.store.tables import calls, inserted_id, legs
from telephony.store.threeway_tables import returns, stays
from tests.unit.times import NOON

BEGAN = NOON - timedelta(hours=1)
LEADER, ASKER, ASSISTANT, OTHER = "8801", "8803", "8802", "8001"
MINE = "13800001234"


def at(seconds):
    return BEGAN + timedelta(seconds=seconds)


def put_day(connection, state="open", **values):
    row = {"centre": "city", "seat": "city-hall", "leader": "mayor-li", "state": state, "scope": "供水"}
    row |= {"starts_at": BEGAN, "ends_at": NOON + timedelta(hours=1), "topics": [], "by": "op"}
    return day_rows.add(connection, {**row, "created_at": BEGAN, **values}).id


def put_lost(connection, day_id, call_id="1.0", began=0, until=100, **values):
    """Put a call that came to the day and ended, without anybody having talked; `until` None: it goes on."""
    entry = values.pop("entry", "screened")
    row = {"direction": "inbound", "state": "queued", "marks": [], "called_number": "037512346"}
    row |= {"caller_number": MINE, "queue": "city-leader-screening", "centre": "city"}
    row["arrived_at"] = at(began)
    if until is not None:
        row |= {"state": "ended", "ended_at": at(until), "outcome": "abandoned", "ended_by": "citizen"}
    connection.execute(calls.insert().values(id=call_id, **(row | values)))
    put_leg(connection, call_id, call_id, "citizen", "carrier", began, until)
    leader_calls.enter(connection, call_id, day_id, entry, at(began))
    return call_id


def put_leg(connection, leg_id, call_id, role, party, began, until, **values):
    row = {"role": role, "party": party, "started_at": at(began), "bridged_at": None}
    row["ended_at"] = None if until is None else at(until)
    connection.execute(legs.insert().values(id=leg_id, call_id=call_id, **(row | values)))


def put_talk(connection, call_id, party, began, until, *, leg=None, hears=True):
    """Let an agent talk in a call; unless `hears` the citizen is not there, as when an agent asks another."""
    leg = leg or f"{call_id}-{party}"
    put_leg(connection, leg, call_id, "agent", party, began, until, bridged_at=at(began))
    bridge = f"{leg}-bridge"
    for each in (leg, *([call_id] if hears else [])):
        left = None if until is None else at(until)
        row = {"call_id": call_id, "leg_id": each, "bridge": bridge, "entered_at": at(began), "left_at": left}
        connection.execute(stays.insert().values(**row))
    if hears:
        mine = legs.c.id == call_id
        connection.execute(
            legs.update().where(mine, legs.c.bridged_at.is_(None)).values(bridged_at=at(began))
        )


def put_back(connection, call_id="rv-1", began=200, *, talk=True, marks=("return",), number=MINE):
    """Put a call that we placed to a citizen; unless `talk`, no agent and citizen came together in it."""
    row = {"direction": "outbound", "state": "ended", "marks": list(marks), "caller_number": number}
    row |= {"arrived_at": at(began), "answered_at": at(began + 10), "ended_at": at(began + 60)}
    connection.execute(calls.insert().values(id=call_id, **row))
    put_leg(connection, call_id, call_id, "citizen", "carrier", began, began + 60)
    put_talk(connection, call_id, ASKER, began + 10, began + 60, hears=talk)


def put_return(connection, lost, back, *, renewed):
    """Put the return of a lost call, for which we placed another; it was begun anew then."""
    row = {"number": MINE, "call_id": lost, "why": "abandoned", "opened_at": at(100)}
    inserted = connection.execute(returns.insert().values(**row, renewed_at=at(renewed)))
    reserved = Reservation(back, "return", inserted_id(inserted), MINE, "carrier", "", "", at(200))
    attempts.reserve(connection, [reserved], "epoch", at(200))
