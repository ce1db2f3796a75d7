"""Leader days with a seat whose phone is there, for tests of doors."""

from datetime import timedelta

from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from telephony.store import leader_days as rows
from telephony.store import leader_presence
from telephony.store.database import transaction
from tests.fakes import NOON
from tests.unit.leader.seating import AGENT, planned


def sitting(api, *, before=20, **values):
    """Put in a day that was opened `before` minutes ago, since when the leader is there; return its id."""
    opened = NOON - timedelta(minutes=before)
    row = planned(state="open", opened_at=opened, opened_by="李敏", ends_at=opened + timedelta(minutes=150))
    ready = Happening(opened - timedelta(minutes=5), "agent", "agent:ready", AGENT, {"to": "ready"})
    with transaction(api.database.engine) as connection:
        day = rows.add(connection, row | values)
        call_rows.append(connection, [(None, ready)])
        leader_presence.begin(connection, day.id, opened)
    seen(api, day.id)
    return day.id


def seen(api, day_id):
    """Let the phone be there still."""
    with transaction(api.database.engine) as connection:
        leader_presence.see(connection, day_id, api.clock.now())


def becomes(api, state):
    """Let the leader's state change now."""
    now = api.clock.now()
    told = Happening(now, "agent", f"agent:{now.isoformat()}", AGENT, {"to": state})
    with transaction(api.database.engine) as connection:
        call_rows.append(connection, [(None, told)])


def passes(api, day_id, minutes):
    """Let time pass with the phone there."""
    api.clock.advance(60 * minutes)
    seen(api, day_id)
