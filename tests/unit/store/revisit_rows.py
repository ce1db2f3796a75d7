"""Rows for tests of reports: revisits of cases, with what they ended in."""

from datetime import datetime, timedelta

from telephony.clock import SHANGHAI
from telephony.rules.revisit import RATED
from telephony.store.outbound_tables import attempts, decisions, revisits
from telephony.store.tables import cases, inserted_id

NOON = datetime(2026, 2, 11, 12, 0, tzinfo=SHANGHAI)
"""A Wednesday; what was replied to then is due at 24:00 of Friday."""
DUE = datetime(2026, 2, 14, 0, 0, tzinfo=SHANGHAI)
DAY = timedelta(days=1)


def put_revisit(connection, number, verdict=None, *, unit="water", replied_at=NOON, due_at=DUE, **values):
    """Insert a case with a revisit, decided at its deadline if nothing else is said; return its id."""
    known = {name: values.pop(name, None) for name in ("district", "category", "subject")}
    case = {"case_number": number, "unit": unit, "open": True, "updated_at": replied_at, **known}
    connection.execute(cases.insert().values(**case))
    decided_at = values.pop("decided_at", due_at if verdict else None)
    row = {"case_number": number, "round": 1, "numbers": ["13800000001"], "contact": "told", "ready": False}
    row |= {"replied_at": replied_at, "due_at": due_at, "verdict": verdict, "decided_at": decided_at}
    revisit_id = inserted_id(connection.execute(revisits.insert().values(**{"demo": False, **row, **values})))
    if verdict:
        put_decision(connection, revisit_id, verdict, decided_at)
    if verdict in RATED:
        put_attempt(connection, revisit_id, "answered")
    return revisit_id


def put_decision(connection, revisit_id, verdict, at, first="rv-1", second="rv-2"):
    values = {
        "revisit_id": revisit_id,
        "verdict": verdict,
        "at": at,
        "decided_by": "rules",
        "why": "",
        "facts": {},
    }
    pair = {"first_attempt": first, "second_attempt": second}
    connection.execute(decisions.insert().values(rules_version="1", digest="", **values, **pair))


def put_attempt(connection, revisit_id, state, campaign="revisit"):
    values = {"id": f"{campaign}-{revisit_id}", "campaign": campaign, "task_id": revisit_id, "state": state}
    values |= {"number": f"138{revisit_id:08d}", "trunk": "carrier", "epoch": "1", "reserved_at": NOON}
    connection.execute(attempts.insert().values(counts=False, alerted=True, **values))
