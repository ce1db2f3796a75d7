import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.rules.numbers import national


@pytest.mark.parametrize(
    ("as_sent", "number"),
    [
        ("13800000001", "13800000001"),
        ("013800000001", "13800000001"),
        ("+8613800000001", "13800000001"),
        ("008613800000001", "13800000001"),
        ("8613800000001", "13800000001"),
        ("03752345678", "03752345678"),
        ("+863752345678", "03752345678"),
        ("863752345678", "03752345678"),
        ("+861062345678", "01062345678"),
        ("2345678", "03752345678"),
        ("62345678", "037562345678"),
        ("12345", "12345"),
        ("95588", "95588"),
        ("+12025550123", "+12025550123"),
        ("10000012345", "10000012345"),
    ],
)
def test_every_way_of_writing_a_number_gives_the_one_form(as_sent, number):
    assert national(as_sent, "0375") == number


@pytest.mark.parametrize(
    "text", ["", "12", "1" * 21, "anonymous", "500&PJSIP/8001", "138 0000 0001", "138\n", "１３８"]
)
def test_what_is_no_number_is_none(text):
    assert national(text, "0375") is None


@given(st.from_regex("1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", "0", "+86", "0086", "86"]))
def test_a_mobile_number_is_the_same_whatever_stands_before_it(number, prefix):
    assert national(prefix + number, "0375") == number


@given(
    st.sampled_from(["10", "21", "371", "375"]),
    st.from_regex("[2-8][0-9]{7}", fullmatch=True),
    st.sampled_from(["0", "+86", "0086", "86"]),
)
def test_a_fixed_number_is_the_same_whatever_stands_before_its_area(area, number, prefix):
    assert national(prefix + area + number, "0375") == f"0{area}{number}"


@given(st.text())
def test_no_text_breaks_it(text):
    national(text, "0375")
