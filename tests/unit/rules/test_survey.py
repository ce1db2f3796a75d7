"""The survey's conversation: what each key makes of it, in a call and in the simulator alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.revisit import RATED
from telephony.rules.survey import PERSON, Asked, Keys, Played, Step, play

KEYS = Keys({"1": "satisfied", "2": "basically_satisfied", "3": "dissatisfied"}, "0", 3)
SATISFIED, DISSATISFIED = KEYS.ratings["1"], KEYS.ratings["3"]


@pytest.mark.parametrize(
    ("key", "meaning"),
    [*KEYS.ratings.items(), ("0", PERSON), ("9", None), ("*", None), ("#", None), ("", None)],
)
def test_a_key_means_a_rating_or_a_person_or_nothing(key, meaning):
    assert KEYS.meaning(key) == meaning


def test_keys_mean_what_the_operator_says():
    other = Keys({"7": "satisfied", "8": "basically_satisfied", "9": "dissatisfied"}, "1", 3)
    assert (other.meaning("9"), other.meaning("1"), other.meaning("3")) == ("dissatisfied", PERSON, None)


@pytest.mark.parametrize("key", KEYS.ratings)
def test_a_rating_at_the_first_question_is_taken(key):
    assert play(key, KEYS) == Played(KEYS.ratings[key], 1, person=False)


def test_who_presses_nothing_is_asked_three_times_and_has_rated_nothing():
    assert play("", KEYS) == Played(None, 3, person=False)


@pytest.mark.parametrize("asks", [1, 2, 3])
def test_the_question_is_put_as_often_as_the_operator_says(asks):
    assert play("", Keys(KEYS.ratings, "0", asks)).asked == asks


def test_a_wrong_key_uses_up_one_question():
    assert play("91", KEYS) == Played(SATISFIED, 2, person=False)


@pytest.mark.parametrize(("pressed", "rating"), [("991", SATISFIED), ("9991", None)])
def test_the_third_question_is_the_last(pressed, rating):
    assert play(pressed, KEYS) == Played(rating, 3, person=False)


def test_another_rating_while_the_first_is_read_back_takes_its_place():
    assert play("13", KEYS) == Played(DISSATISFIED, 1, person=False)


def test_the_same_key_again_confirms_the_rating_and_ends_the_survey():
    assert play("113", KEYS) == Played(SATISFIED, 1, person=False)


def test_a_key_without_meaning_does_not_take_a_rating_back():
    assert play("19", KEYS) == Played(SATISFIED, 1, person=False)


@pytest.mark.parametrize(
    ("pressed", "rating"), [("1212", "basically_satisfied"), ("12121", "basically_satisfied")]
)
def test_a_rating_is_changed_as_often_as_the_question_may_be_put_and_no_more(pressed, rating):
    assert play(pressed, KEYS).rating == rating


@pytest.mark.parametrize(
    ("pressed", "rating", "asked"), [("0", None, 1), ("90", None, 2), ("10", SATISFIED, 1)]
)
def test_a_person_may_be_asked_for_at_any_question_and_a_rating_given_before_stays(pressed, rating, asked):
    assert play(pressed, KEYS) == Played(rating, asked, person=True)


@pytest.mark.parametrize("confirmation", ["3", "9"])
def test_a_dissatisfied_citizen_is_offered_a_person(confirmation):
    assert play(f"3{confirmation}0", KEYS) == Played(DISSATISFIED, 1, person=True)


def test_a_satisfied_citizen_is_offered_nobody():
    assert play("110", KEYS) == Played(SATISFIED, 1, person=False)


def test_a_rating_is_read_back_before_the_survey_is_over():
    rated = Asked().heard("1", KEYS)
    assert (rated.step(KEYS), rated.heard("", KEYS).step(KEYS)) == (Step.READ_BACK, Step.OVER)


@given(st.text(st.sampled_from("0123456789*#"), max_size=40))
def test_any_keys_come_to_an_end_within_the_limit_and_only_a_ratings_key_rates(pressed):
    played = play(pressed, KEYS)
    assert 1 <= played.asked <= KEYS.asks
    assert played.rating in {None, *RATED}
    assert played.rating is None or any(KEYS.ratings.get(key) == played.rating for key in pressed)
