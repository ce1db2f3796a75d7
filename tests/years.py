"""Years for an installation that reads the real clock: known, whatever year a test runs in, and without rest.

Revisits are placed on working days only, and tests of them run on any day.
"""

from datetime import UTC, date, datetime, timedelta

import yaml

from telephony.calendars import FILE

LAST = 2040
SATURDAY = 5
FAR = timedelta(days=20)


def supply_years(config):
    """Write holidays.yaml with years in which every day near today is a working day."""
    today = datetime.now(UTC).date()
    years = {year: _notice(year, today) for year in range(today.year - 1, LAST + 1)}
    (config / FILE).write_text(yaml.safe_dump({"years": years}), encoding="utf-8")


def _notice(year, today):
    first = date(year, 1, 1)
    weekends = [day for n in range(366) if (day := first + timedelta(days=n)).weekday() >= SATURDAY]
    holiday = next(day for day in (date(year, 7, 1), date(year, 3, 1)) if abs(day - today) > FAR)
    made_up = [day for day in weekends if day.year == year and day != holiday]
    return {"holidays": [holiday], "make_up_working_days": made_up}
