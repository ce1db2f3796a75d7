import pytest

from telephony.rules.refusals import Refusal, outcome_of, place_of


def test_the_five_kinds_stand_in_the_order_of_article_4():
    assert [place_of(kind) for kind in Refusal] == [1, 2, 3, 4, 5]
    assert place_of(Refusal.NOT_SPECIFIC) == 5


@pytest.mark.parametrize(
    ("begun", "said", "outcome"),
    [(True, True, "said"), (True, False, "cut_short"), (False, False, "not_said")],
)
def test_only_what_was_heard_to_its_end_is_said(begun, said, outcome):
    assert outcome_of(begun=begun, said=said) == outcome
