"""Calls in which an agent talks with a citizen, and units that are asked into them, for tests of the API."""

from datetime import timedelta

from telephony.pbx.conference import Ended
from telephony.store.tables import insert_once
from telephony.store.threeway_tables import stays
from tests.fakes import NOON
from tests.unit.store.ledger import put_call, put_leg

CALL, CITIZEN, AGENT = "1795420886.1", "1795420886.1", "1795420886.2"


def talking(api, call_id=CALL, agent="8001", agent_leg=AGENT, **values):
    """Put a call in which a citizen and an agent talk."""
    known = {"state": "talking", "agent": agent, "arrived_at": NOON, "answered_at": NOON}
    api.put_rows(put_call, call_id, **(known | values))
    talk = {"started_at": NOON, "bridged_at": NOON}
    api.put_rows(put_leg, call_id, call_id, **talk)
    api.put_rows(put_leg, agent_leg, call_id, role="agent", party=agent, **talk)
    return call_id


def start(api, unit="water", call_id=CALL, **wish):
    """Ask a unit into a call; return the answer."""
    return api.ask("POST", "threeway", json={"call_id": call_id, "unit": unit} | wish)


def do(api, what, call_id=CALL, **body):
    """Do something in the conversation; return the answer."""
    return api.ask("POST", f"threeway/{call_id}/{what}", json=body or None)


def rung(api):
    """Return the leg of the next ring that the switch is told of."""

    def rings():
        return [told[2].leg_id for told in api.line.told if told[0] == "ring"]

    api.until(lambda: len(rings()) > api.rings_seen)
    api.rings_seen += 1
    return rings()[api.rings_seen - 1]


def answers(api, leg_id, key="1"):
    """Let the unit's person answer, and press a key: `1` accepts, another is why not."""
    api.inside(api.line.listener.up, leg_id, api.clock.now())
    if key == "1":
        return api.inside(api.rooms.hearing.accept, leg_id)
    return api.inside(api.rooms.hearing.refuse, leg_id, key)


def comes_in(api, leg_id):
    """Let an agent, or an emergency service, answer: that is enough to be in."""
    api.inside(api.line.listener.up, leg_id, api.clock.now())
    written(api)


def hangs_up(api, leg_id, cause=16):
    """Let a channel end."""
    api.inside(api.line.listener.gone, leg_id, api.clock.now(), Ended(cause, None))
    written(api)


def written(api):
    """Return once all is written that the service has asked to be."""
    api.inside(lambda: api.database.write(lambda _: None, urgent=True))


def joined(api, unit="water", call_id=CALL, **wish):
    """Let a unit be asked, accept, and speak with all; return its leg."""
    asked = start(api, unit, call_id, mode="at_once", **wish)
    assert asked.status_code == 200, asked.text
    leg_id = rung(api)
    assert answers(api, leg_id)
    together(api, leg_id, call_id, unit)
    return leg_id


def together(api, leg_id, call_id=CALL, unit="water"):
    """Write what the switch's journal tells of a unit that is with the citizen."""
    start = api.clock.now()
    api.put_rows(put_leg, leg_id, call_id, role="unit", party=unit, started_at=start, bridged_at=start)
    for each in (call_id, leg_id):
        api.put_rows(put_stay, call_id, each, start, start + timedelta(seconds=30))


def put_stay(connection, call_id, leg_id, entered_at, left_at):
    row = {"call_id": call_id, "leg_id": leg_id, "bridge": f"room-{entered_at:%H%M%S}"}
    stays_once = insert_once(connection.dialect.name, stays)
    connection.execute(stays_once, [row | {"entered_at": entered_at, "left_at": left_at}])


def ended(api, call_id=CALL, **wish):
    """Let a unit have spoken in a call that is over."""
    joined(api, call_id=call_id, **wish)
    assert do(api, "end", call_id).status_code == 200
