"""Run a scenario and tell what came of it, as plain values with ISO times at +08:00."""

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from telephony.callback.rules_in_force import keys_of, rules_of
from telephony.callback.simulate.scenario import Case, Scenario
from telephony.callback.simulate.world import World
from telephony.config import Config
from telephony.rules.bands import parse_band, window_at
from telephony.rules.planner import Planner
from telephony.rules.revisit import Rules
from telephony.rules.verdict import Outcome
from telephony.rules.workdays import CHINA
from telephony.store.attempts import CANCELLED
from telephony.store.outbound_tables import attempts, revisits

OPEN = "open"


def run(scenario: Scenario, config: Config) -> dict[str, Any]:
    """Play a scenario; what it leaves out comes from the configuration. Raise UnknownYearError."""
    rules = _rules(scenario, rules_of(config.revisits))
    channels = scenario.channels or config.revisits.dialer.channels
    planner = Planner(rules, config.calendar)
    due = {case.case: planner.due_at(case.replied_at) for case in scenario.cases}
    world = World(scenario, planner, channels, keys_of(config.revisits.survey))
    world.play()
    return _told(world, due)


def _rules(scenario: Scenario, rules: Rules) -> Rules:
    changes: dict[str, Any] = {}
    if scenario.bands is not None:
        changes["bands"] = tuple(parse_band(text) for text in scenario.bands)
    if scenario.ring_floor is not None:
        changes["ring_floor"] = scenario.ring_floor
    if scenario.daily_cap is not None:
        changes["daily_cap"] = scenario.daily_cap
    return replace(rules, guard_extra=15, **changes) if changes else rules


def _told(world: World, due: dict[str, datetime]) -> dict[str, Any]:
    connection = world.memory.connection
    rows = {row.case_number: row for row in connection.execute(sa.select(revisits))}
    of_task: dict[int, list[dict[str, Any]]] = {}
    placed = sa.select(attempts).where(attempts.c.state != CANCELLED)
    for row in connection.execute(placed.order_by(attempts.c.reserved_at, attempts.c.id)):
        of_task.setdefault(row.task_id, []).append(_attempt(row, world.planner.rules))
    cases = [_case(case, rows.get(case.case), due[case.case], of_task) for case in world.scenario.cases]
    return {"cases": cases, "summary": _summary(cases)}


def _case(
    case: Case, row: sa.Row[Any] | None, due_at: datetime, of_task: dict[int, list[dict[str, Any]]]
) -> dict[str, Any]:
    return {
        "case": case.case,
        "due_at": _iso(due_at),
        "verdict": (row.verdict if row else None) or OPEN,
        "decided_at": _iso(row.decided_at) if row else None,
        "attempts": of_task.get(row.id, []) if row else [],
    }


def _attempt(row: sa.Row[Any], rules: Rules) -> dict[str, Any]:
    started = row.started_at or row.reserved_at
    window = window_at(started, rules.bands)
    return {
        "id": row.id,
        "number": row.number,
        "started_at": _iso(started),
        "ended_at": _iso(row.ended_at),
        "band": window.band if window else None,
        "outcome": row.state,
        "counts": row.counts,
        "ring_seconds": row.ring_seconds if row.state != Outcome.UNKNOWN else None,
        "sip_code": row.sip_code,
        "cause": row.cause,
    }


def _summary(cases: list[dict[str, Any]]) -> dict[str, Any]:
    placed = [attempt for case in cases for attempt in case["attempts"]]
    decided = [case for case in cases if case["verdict"] != OPEN]
    in_time = [case for case in decided if case["decided_at"] <= case["due_at"]]
    return {
        "cases": len(cases),
        "verdicts": dict(sorted(Counter(case["verdict"] for case in cases).items())),
        "attempts": len(placed),
        "outcomes": dict(sorted(Counter(attempt["outcome"] for attempt in placed).items())),
        "counting": sum(attempt["counts"] for attempt in placed),
        "decided_in_time": len(in_time),
    }


def _iso(at: datetime | None) -> str | None:
    return at.astimezone(CHINA).isoformat() if at is not None else None
