"""From the configuration to the rules: the parameters, and a version that no change leaves the same."""

import hashlib
import json
from dataclasses import replace
from datetime import date, time, timedelta

from telephony.config import RevisitsFile, Survey
from telephony.rules.bands import Band, parse_band
from telephony.rules.planner import Planner
from telephony.rules.revisit import Rules, describe
from telephony.rules.survey import Keys
from telephony.rules.workdays import WorkCalendar

DEMO = "demo"
MANY = 10_000
"""No limit that a demonstration could meet."""


def rules_of(config: RevisitsFile) -> Rules:
    """Return the rules that revisits.yaml sets."""
    return Rules(
        version=config.version,
        bands=tuple(parse_band(text) for text in config.bands),
        ring_floor=config.ring_floor_seconds,
        guard_extra=config.guard_extra_seconds,
        interval=timedelta(minutes=config.interval_minutes),
        daily_cap=config.daily_cap,
        most_attempts=config.attempts_per_round,
        busy_retry=timedelta(minutes=config.busy_retry_minutes),
        failed_retry=timedelta(minutes=config.failed_retry_minutes),
        number_gap=timedelta(minutes=config.number_gap_minutes),
    )


def version_of(config: RevisitsFile) -> str:
    """Return the version stored with decisions: the operator's, a mark of test mode, a digest of it all.

    So two sets of parameters never share a version, even if the operator forgot to change it.
    """
    mark = "-test" if config.mode == "test" else ""
    return f"{config.version}{mark}-{_digest(rules_of(config))}"


def _digest(rules: Rules) -> str:
    text = json.dumps(describe(rules), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def demo_planner(config: RevisitsFile) -> Planner:
    """Return the rules of `hotline demo`: its number is nobody's, so it is called at any hour of any day."""
    rules = replace(
        rules_of(config),
        bands=(Band(time(0), time(23, 59)),),
        number_gap=timedelta(0),
        daily_cap=MANY,
        most_attempts=MANY,
    )
    return Planner(replace(rules, version=f"{DEMO}-{_digest(rules)}"), EveryDay({}))


class EveryDay(WorkCalendar):
    """A calendar on which nobody rests."""

    def is_working_day(self, day: date) -> bool:  # noqa: ARG002 - any day
        """Return True."""
        return True


def keys_of(survey: Survey) -> Keys:
    """Return what each key of the survey means."""
    return Keys(survey.keys, survey.person_key, survey.asks)
