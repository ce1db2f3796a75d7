"""Rows for tests: a call of the ledger at a minute of a fixed day."""

from datetime import UTC, datetime, timedelta

from telephony.store.tables import calls, events, legs

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""16:00 in Shanghai."""


def ago(seconds):
    return NOW - timedelta(seconds=seconds)


def put_call(connection, call_id="1795420886.1", **values):
    row = {"direction": "inbound", "state": "ended", "marks": [], "called_number": "12345"}
    row |= {"arrived_at": ago(600), "caller_number": "13800001234", "queue": "city-12345", "centre": "city"}
    connection.execute(calls.insert().values(id=call_id, **(row | values)))


def put_answered(connection, call_id="1795420886.1", waited=12.5, **values):
    times = {"queued_at": ago(500), "answered_at": ago(500 - waited), "ended_at": ago(100)}
    more = {"agent": "8001", "outcome": "answered", "ended_by": "citizen"}
    put_call(connection, call_id, **(times | more | values))


def put_leg(connection, leg_id, call_id="1795420886.1", **values):
    row = {"role": "citizen", "party": "carrier", "started_at": ago(600)}
    connection.execute(legs.insert().values(id=leg_id, call_id=call_id, **(row | values)))


def put_event(connection, kind="arrived", call_id="1795420886.1", key=None, **values):
    row = {"at": ago(600), "data": {}, "key": key or f"{call_id}:{kind}"}
    connection.execute(events.insert().values(kind=kind, call_id=call_id, **(row | values)))
