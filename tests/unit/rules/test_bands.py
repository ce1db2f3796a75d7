"""Bands of a day: how they are written, and to which of them a moment belongs."""

from datetime import UTC, date, time

import pytest

from telephony.rules.bands import Band, overlap, parse_band, window_at, windows_of
from tests.unit.rules.revisits import BANDS, US, at

MORNING, AFTERNOON, EVENING = (band.name for band in BANDS)


def test_a_band_is_read_as_it_is_written():
    assert parse_band("09:00-12:00") == Band(time(9), time(12))
    assert [parse_band(text).name for text in ("9:00-12:00", " 09:05 - 23:59")] == [
        "09:00-12:00",
        "09:05-23:59",
    ]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "-",
            "09:00",
            "0900-1200",
            "09:00-",
            "-12:00",
            "9-12",
            "09:0-12:00",
            "09:00-24:00",
            "09:60-12:00",
        ),
        *("09:00-12:00-13:00", "09:00:00-12:00", "12:00-09:00", "12:00-12:00", "-1:00-12:00", "09:00–12:00"),
    ],
)
def test_what_is_no_band_is_refused(text):
    with pytest.raises(ValueError, match=r"09:00|hour must|minute must"):
        parse_band(text)


@pytest.mark.parametrize(
    ("texts", "shared"),
    [
        (("09:00-12:00", "12:00-13:00"), False),
        (("12:00-13:00", "09:00-12:00"), False),
        (("09:00-12:01", "12:00-13:00"), True),
        (("09:00-18:00", "10:00-11:00"), True),
        (("09:00-12:00", "09:00-12:00"), True),
    ],
)
def test_bands_that_touch_share_nothing(texts, shared):
    assert overlap([parse_band(text) for text in texts]) == shared


@pytest.mark.parametrize(
    ("instant", "band"),
    [
        (at("09:00") - US, None),
        (at("09:00"), MORNING),
        (at("12:00") - US, MORNING),
        (at("12:00"), None),
        (at("18:00") - US, AFTERNOON),
        (at("18:00"), EVENING),
        (at("20:30") - US, EVENING),
        (at("20:30"), None),
    ],
)
def test_a_band_begins_with_its_start_and_ends_before_its_end(instant, band):
    window = window_at(instant, BANDS)
    assert (window.band if window else None) == band


def test_a_moment_belongs_to_shanghais_day_whatever_zone_it_is_told_in():
    window = window_at(at("02-13 09:30").astimezone(UTC), BANDS)
    assert (window.day, window.opens, window.closes) == (
        date(2026, 2, 13),
        at("02-13 09:00"),
        at("02-13 12:00"),
    )


def test_the_windows_of_a_day_come_in_the_order_of_time():
    assert [w.band for w in windows_of(date(2026, 2, 12), BANDS[::-1])] == [MORNING, AFTERNOON, EVENING]


def test_the_same_band_of_another_day_is_another_window():
    assert window_at(at("10:00"), BANDS) == window_at(at("11:59"), BANDS)
    assert window_at(at("10:00"), BANDS) != window_at(at("02-13 10:00"), BANDS)
