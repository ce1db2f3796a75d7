"""Years that no notice is out for: an installation that reads the real clock is tested in any of them."""

from datetime import date

import yaml

from telephony.calendars import FILE

YEARS = range(2027, 2041)


def supply_years(config):
    """Write holidays.yaml with years to come, each with New Year's Day for its one holiday."""
    years = {year: {"holidays": [date(year, 1, 1)], "make_up_working_days": []} for year in YEARS}
    (config / FILE).write_text(yaml.safe_dump({"years": years}), encoding="utf-8")
