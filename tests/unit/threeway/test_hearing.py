"""What a unit's person is told of the citizen, and what a waiting citizen's place in it is."""

import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.threeway.conversation import About
from telephony.threeway.conversations import SOON
from telephony.threeway.hearing import said
from tests.fakes import NOON
from tests.unit.threeway.asking_house import BUSY, CALL, House, got, unit

ABOUT = About(1, CALL, "three_way", "city", None, "路灯不亮", "13800001234", "王女士", False, False, NOON)
anything = st.text(max_size=200)


def test_the_unit_hears_who_calls_from_which_number_and_about_what():
    assert said(ABOUT) == "市民王女士来电，电话 1 3 8 0 0 0 0 1 2 3 4，反映：路灯不亮。"


def test_what_is_not_known_is_not_said():
    assert said(replace(ABOUT, citizen_name=None, citizen_number=None, matter="")) == "市民来电。"


@given(anything, st.text(min_size=1, max_size=40))
def test_of_a_confidential_case_neither_number_nor_name_is_said(matter, name):
    about = replace(ABOUT, confidential=True, matter=matter)
    known = {said(replace(about, citizen_name=each)) for each in (name, None)}
    known |= {said(replace(about, citizen_number=each)) for each in ("13900009999", None)}
    assert len(known) == 1
    assert known.pop().startswith("市民来电，要求对身份保密")


def test_a_conference_names_no_citizen():
    assert said(replace(ABOUT, kind="coordination")) == "指挥中心召开协调会，反映：路灯不亮。"


@given(anything, anything)
def test_nothing_is_said_that_speech_has_no_sound_for(matter, name):
    text = said(replace(ABOUT, matter=matter, citizen_name=name))
    known = {char for char in text if unicodedata.category(char)[0] not in "LN"}
    assert known <= set(" ，。、；：？！,.;:?!")


@pytest.mark.parametrize(("length", "whole"), [(60, True), (61, False)])
def test_a_matter_is_said_up_to_sixty_characters(length, whole):
    matter = "水" * (length - 1) + "末"
    assert ("末" in said(replace(ABOUT, matter=matter))) == whole


@pytest.mark.parametrize(("length", "whole"), [(20, True), (21, False)])
def test_a_name_is_said_up_to_twenty_characters(length, whole):
    name = "王" * (length - 1) + "末"
    assert ("末" in said(replace(ABOUT, citizen_name=name))) == whole


@pytest.fixture
def house():
    return House(unit("water", "1001"))


def test_what_is_said_is_made_while_it_rings(house):
    house.start(citizen_name="王女士", matter="漏水")
    assert house.spoken.texts == ["市民王女士来电，电话 1 3 8 0 0 0 0 0 0 0 0，反映：漏水。"]


def test_a_leg_that_belongs_to_nobody_is_asked_nothing(house):
    assert got(house.hearing.question("tw-000000000000-00000009")) is None
    assert got(house.hearing.accept("tw-000000000000-00000009")) is False
    assert house.hearing.keeps_waiting("1795420886.9") is False


def test_a_citizen_who_hears_music_while_a_unit_is_asked_is_meant_to(house):
    house.start()
    assert house.hearing.keeps_waiting(CALL)


def test_a_citizen_who_hears_music_and_is_not_meant_to_is_moved_once_more(house):
    house.start()
    house.fails("1001", BUSY)
    house.line.told.clear()
    assert not house.hearing.keeps_waiting(CALL)
    house.advance(SOON)  # the dialplan has left our question by then
    assert house.did("move") == [(CALL, "CITIZEN_IN")]
