"""A call of three for tests: citizen and agent in the queue's bridge, then in a room with a unit."""

from telephony.store.threeway_tables import stays
from tests.unit.store.ledger import ago, put_answered, put_leg

CALL = "1795420886.1"
FROM = {"citizen": (CALL, "carrier"), "agent": ("1795420886.2", "8001"), "unit": ("tw-1", "water")}


def put_stay(connection, leg_id, entered_at, left_at, bridge="room", call_id=CALL):
    row = {"leg_id": leg_id, "bridge": bridge, "entered_at": entered_at, "left_at": left_at}
    connection.execute(stays.insert().values(call_id=call_id, **row))


def put_three_way(connection):
    """Put a call that was answered 400 s ago, joined by a unit 300 s ago, and ended 100 s ago."""
    put_answered(connection, waited=100)
    for role, (leg_id, party) in FROM.items():
        recorded = {"recording": "c.wav", "recorded_from": ago(500)} if role == "citizen" else {}
        put_leg(connection, leg_id, role=role, party=party, ended_at=ago(100), **recorded)
    for role in ("citizen", "agent"):
        put_stay(connection, FROM[role][0], ago(400), ago(350), "queue")
        put_stay(connection, FROM[role][0], ago(320), ago(200 if role == "agent" else 100))
    put_stay(connection, "tw-1", ago(300), None)
