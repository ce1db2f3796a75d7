"""Numbers as prompts say them in Mandarin."""

import pytest

from telephony.rules.spoken_number import HUNDRED, TEN, TWO_OF, spoken

DIGITS = {f"digit-{n}": sign for n, sign in enumerate("零一二三四五六七八九")}
SIGNS = {TEN: "十", HUNDRED: "百", TWO_OF: "两", **DIGITS}


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (-1, "零"),
        (0, "零"),
        (1, "一"),
        (2, "二"),
        (9, "九"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (101, "一百零一"),
        (110, "一百一十"),
        (125, "一百二十五"),
        (200, "两百"),
        (222, "两百二十二"),
        (999, "九百九十九"),
        (1000, "九百九十九"),
    ],
)
def test_a_number_is_said_as_people_say_it(number, said):
    assert "".join(SIGNS[prompt] for prompt in spoken(number)) == said


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(1, "一"), (2, "两"), (3, "三"), (12, "十二"), (20, "二十"), (102, "一百零二"), (200, "两百")],
)
def test_two_of_something_is_said_with_the_word_that_counts(minutes, said):
    assert "".join(SIGNS[prompt] for prompt in spoken(minutes, counts=True)) == said
