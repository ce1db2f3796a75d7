"""Numbers as prompts say them in Mandarin."""

import pytest

from telephony.rules.spoken_number import HUNDRED, TEN, spoken

SIGNS = {TEN: "十", HUNDRED: "百", **{f"digit-{n}": sign for n, sign in enumerate("零一二三四五六七八九")}}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (-1, "零"),
        (0, "零"),
        (1, "一"),
        (9, "九"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (125, "一百二十五"),
        (999, "九百九十九"),
        (1000, "九百九十九"),
    ],
)
def test_a_number_is_said_as_people_say_it(number, said):
    assert "".join(SIGNS[prompt] for prompt in spoken(number)) == said
