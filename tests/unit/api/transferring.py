"""Transfers of a call in which 8001 talks with a citizen, for tests of the API and the command."""

from telephony.rules.call_story import Happening
from telephony.store import calls as call_rows
from tests.unit.api.three_way import CALL

CITIZEN, FIRST = "1795420886.1", "1795420886.2"


def give(api, to="agent:8002", **wish):
    """Begin a transfer; return the answer."""
    return api.ask("POST", "transfers", json={"call_id": CALL, "to": to} | wish)


def happens(api, kind, agent=None, **data):
    """Let something be told of the call, a second after what was told before."""
    api.clock.advance(1)
    now = api.clock.now()
    key = f"{kind}:{now.timestamp()}"
    api.put_rows(call_rows.append, [(CALL, Happening(now, kind, key, agent, data))])


def says(api, word, detail=None, number=1):
    """Let the dialplan tell a step of a transfer."""
    happens(api, "transfer", id=number, word=word, detail=detail)


def shown(api, reference=CALL):
    return api.get(f"transfers/{reference}").json()
