"""Cases and revisits that tests of the API begin with."""

from telephony.rules.verdict import Finding, Outcome
from telephony.store import attempts as attempt_rows
from telephony.store.attempts import Reservation

NUMBER = "13800001234"


def put_case(api, case="PDS-1", **facts):
    answer = api.ask("PUT", f"cases/{case}", json={"numbers": [NUMBER], "open": True} | facts)
    assert answer.status_code == 200, answer.text


def replied(api, case="PDS-1", at="2026-11-23T10:00:00+08:00", **facts):
    """Return the revisit of a case that a unit has replied to."""
    put_case(api, case, **facts)
    answer = api.ask("POST", f"cases/{case}/reply", json={"at": at, "contact": "电话告知"})
    assert answer.status_code == 200, answer.text
    return answer.json()


def settled(
    api,
    revisit_id,
    outcome=Outcome.INVALID_NUMBER,
    attempt="rv-1",
    number=NUMBER,
    band="09:00-12:00",
    **found,
):
    """Let an attempt of a revisit end, and the rules decide or plan."""

    def work(connection):
        tick = api.outbound.times.tick()
        task = ("revisit", revisit_id, number, "carrier", "2026-11-23", band, tick.at)
        attempt_rows.reserve(connection, [Reservation(attempt, *task)], "epoch", tick.at)
        attempt_rows.dial(connection, attempt, tick.at, tick.at)
        finding = Finding(outcome, ended_at=tick.at, **found)
        attempt_rows.settle(connection, attempt, finding, "digest", None)
        api.outbound.campaign.settled(connection, revisit_id, finding, tick)

    api.put_rows(work)


def deemed(api, *revisit_ids):
    """Let two calls of each of these revisits ring out, at 14:30 and at 18:00."""
    for seconds, band in ((9000, "14:30-18:00"), (12600, "18:00-20:30")):
        api.clock.advance(seconds)
        for each in revisit_ids:
            name, number = f"rv-{each}-{seconds}", f"138{each:08d}"
            rang = {"attempt": name, "number": number, "band": band, "counts": True, "alerted": True}
            settled(api, each, Outcome.UNANSWERED, **rang)
