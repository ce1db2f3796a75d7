"""Rows for tests: units that are asked into calls."""

import itertools
from datetime import UTC, datetime, timedelta

from telephony.store.tables import inserted_id
from telephony.store.threeway_tables import asks, dispatches, invitations, three_ways

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Twelve o'clock in Shanghai."""
_names = itertools.count(1)


def put_three_way(connection, **values):
    """Put a three-way call that is over; return its id."""
    row = {
        "call_id": f"1.{next(_names)}",
        "kind": "three_way",
        "state": "ended",
        "agent": "8001",
        "matter": "",
    }
    row |= {"confidential": False, "demo": False, "worker": "w", "started_at": NOON, "ended_at": NOON}
    return inserted_id(connection.execute(three_ways.insert().values(**row | values)))


def put_invited(connection, unit="water", outcome=None, states=(), three_way_id=None, seconds=10, **values):
    """Put a unit that was asked, a number rung for each of the states; return the three-way call's id."""
    three_way_id = three_way_id or put_three_way(connection)
    name = f"{three_way_id}-{next(_names)}"
    row = {"id": name, "three_way_id": three_way_id, "unit": unit, "mode": "consult", "invited_at": NOON}
    row |= {"invited_by": "8001", "outcome": outcome} | values
    row["decided_at"] = row["invited_at"] + timedelta(seconds=seconds) if outcome else None
    connection.execute(invitations.insert().values(**row))
    for nth, state in enumerate(states):
        number = {"leg_id": f"tw-{name}-{nth}", "contact": "值班", "number": f"{nth}", "trunk": "carrier"}
        number |= {"state": state, "asked_at": row["invited_at"], "ended_at": row["invited_at"]}
        connection.execute(asks.insert().values(invitation_id=name, **number))
    return three_way_id


def put_dispatched(connection, three_way_id, unit="water"):
    times = {"dispatched_at": NOON, "due_at": NOON + timedelta(hours=4)}
    row = {"three_way_id": three_way_id, "unit": unit, "why": "missed"}
    connection.execute(dispatches.insert().values(**row | times))


def put_ask(connection, number, **values):
    """Put a number that is being rung, unless `values` say otherwise."""
    name = f"{put_invited(connection)}-ring"
    connection.execute(invitations.update().values(id=name))
    row = {"leg_id": f"tw-{name}", "invitation_id": name, "contact": "值班", "number": number}
    row |= {"trunk": "carrier", "state": "ringing", "asked_at": NOON}
    connection.execute(asks.insert().values(**row | values))
