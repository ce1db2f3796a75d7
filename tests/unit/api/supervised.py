"""Rows of supervision for tests of the API."""

from telephony.store import supervisions as rows
from tests.fakes import NOON

CALL = "1795420886.1"


def put_supervision(connection, **values):
    row = {"call_id": CALL, "supervisor": "8005", "agent": "8001", "leg_id": "sv-1", "agent_leg": "1.2"}
    row |= {"citizen_leg": CALL, "state": "listening", "mode": "listen", "ordered_at": NOON, "worker": "w"}
    listen = {"at": NOON.isoformat(), "what": "listen", "by": "8005", "why": None}
    return rows.begin(connection, row | {"changes": [listen]} | values)
