"""A day and an hour in Mandarin, as they are said: 十二月十日下午三点. Pure; the time's own zone counts."""

from datetime import date, datetime

_FIGURES = "零一二三四五六七八九"
_PARTS = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))
"""The hour before which each part of a day ends."""
_TEN, _NOON = 10, 12
_TWO = 2
WEEKDAYS = "一二三四五六日"


def spoken_day(day: date) -> str:
    """Return the day as it is said, without its year: 十二月十日."""
    return f"{_number(day.month)}月{_number(day.day)}日"


def spoken_hour(at: datetime) -> str:
    """Return the time of day as it is said: 下午三点, 上午九点三十分, 晚上八点零五分."""
    part = next(name for before, name in _PARTS if at.hour < before)
    hour = at.hour if at.hour <= _NOON else at.hour - _NOON
    said = "两" if hour == _TWO else _number(hour)
    if not at.minute:
        return f"{part}{said}点"
    zero = "零" if at.minute < _TEN else ""
    return f"{part}{said}点{zero}{_number(at.minute)}分"


def weekday(day: date) -> str:
    """Return the day of the week as it is written: 星期四."""
    return f"星期{WEEKDAYS[day.weekday()]}"


def _number(value: int) -> str:
    """Return a number below 100: 七, 十, 十二, 三十, 五十九."""
    tens, ones = divmod(value, _TEN)
    if not tens:
        return _FIGURES[ones]
    return f"{_FIGURES[tens] if tens > 1 else ''}十{_FIGURES[ones] if ones else ''}"
