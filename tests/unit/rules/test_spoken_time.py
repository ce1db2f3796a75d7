"""Days and hours as they are said."""

from datetime import date, datetime

import pytest

from telephony.rules.spoken_time import spoken_day, spoken_hour, weekday


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 1, 1), "一月一日"),
        (date(2026, 2, 9), "二月九日"),
        (date(2026, 10, 10), "十月十日"),
        (date(2026, 12, 19), "十二月十九日"),
        (date(2026, 11, 20), "十一月二十日"),
        (date(2027, 3, 31), "三月三十一日"),
    ],
)
def test_a_day_is_said_with_its_month_and_without_its_year(day, said):
    assert spoken_day(day) == said


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        ("00:00", "凌晨零点"),
        ("05:59", "凌晨五点五十九分"),
        ("06:00", "上午六点"),
        ("09:05", "上午九点零五分"),
        ("11:10", "上午十一点十分"),
        ("12:00", "中午十二点"),
        ("13:00", "下午一点"),
        ("14:00", "下午两点"),
        ("15:00", "下午三点"),
        ("17:59", "下午五点五十九分"),
        ("18:00", "晚上六点"),
        ("22:20", "晚上十点二十分"),
        ("23:45", "晚上十一点四十五分"),
    ],
)
def test_a_time_of_day_is_said_by_its_part_of_the_day(clock, said):
    assert spoken_hour(datetime.fromisoformat(f"2026-12-10T{clock}")) == said


@pytest.mark.parametrize(
    ("day", "written"),
    [(date(2026, 12, 7), "星期一"), (date(2026, 12, 10), "星期四"), (date(2026, 12, 13), "星期日")],
)
def test_a_day_of_the_week_is_written_as_always(day, written):
    assert weekday(day) == written
