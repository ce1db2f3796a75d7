"""Why no call may start before the planner's next lawful time: days and windows that it passed over. Pure."""

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from telephony.rules.bands import Window, windows_of
from telephony.rules.planner import Planner
from telephony.rules.revisit import Impossible, Next, Round
from telephony.rules.workdays import CHINA

NO_LAWFUL_TIME = "no_lawful_time"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A window, or a whole day (`band` is None), in which no call may start.

    `code` of the catalogue (`plan.CODE`): not_working_day, used_band (Art. 17: another time period),
    daily_cap, held (by what holds the call back), too_late (a ring would not end in it).
    """

    day: date
    band: str | None
    code: str


def rejected(planner: Planner, now: datetime, revisit: Round) -> list[Rejected]:
    """Return what was passed over from now to the next call, or to the deadline if there is none.

    Nothing where no window was looked at: without a number, after the deadline, with no attempt left.
    Raise UnknownYearError.
    """
    plan = planner.plan(now, revisit)
    number = revisit.number
    if number is None or (isinstance(plan, Impossible) and plan.code != NO_LAWFUL_TIME):
        return []
    return list(_Search(planner, now, revisit, plan, *planner.spent(revisit, number)).passed_over())


@dataclass(frozen=True)
class _Search:
    planner: Planner
    now: datetime
    revisit: Round
    plan: Next | Impossible
    used: Collection[Window | None]
    tries: Counter[date]

    def passed_over(self) -> Iterator[Rejected]:
        found = self.plan.window if isinstance(self.plan, Next) else None
        last = found.closes if found else self.revisit.due_at
        day = self.now.astimezone(CHINA).date()
        while day <= (last - timedelta(microseconds=1)).astimezone(CHINA).date():
            if not self.planner.calendar.is_working_day(day):
                yield Rejected(day, None, "not_working_day")
            else:
                yield from self._of_day(day, found)
            day += timedelta(days=1)

    def _of_day(self, day: date, found: Window | None) -> Iterator[Rejected]:
        for window in windows_of(day, self.planner.rules.bands):
            if window == found:
                return
            if window.closes > self.now:
                yield Rejected(day, window.band, self._why(window))

    def _why(self, window: Window) -> str:
        if window in self.used:
            return "used_band"
        if self.tries[window.day] >= self.planner.rules.daily_cap:
            return "daily_cap"
        asked = max(self.now, self.revisit.opened_at, window.opens)
        in_time = asked + self.planner.rules.guard <= min(window.closes, self.revisit.due_at)
        return "held" if in_time else "too_late"
