"""What pydantic refuses is told in both languages, with what to do."""

from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import AwareDatetime, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from pydantic_core.core_schema import ErrorType

from telephony import texts, value_faults
from telephony.config import Agent
from telephony.config_hotline import Sip, Trunk
from telephony.config_values import FORMS, Day, Digits, Endpoint, Key, Label, Name, Port, Year

LISTEN = {"address": "127.0.0.1", "port": 5060}
SIP = {**LISTEN, "rtp_ports": [1, 2], "codecs": ["alaw"]}
TRUNK = {"name": "carrier", "match": ["127.0.0.2"], "contact": "127.0.0.2:1"}
AGENT = {"number": "8001", "name": "王芳", "centre": "city", "skills": {}}


def faults(form, value) -> list[ErrorDetails]:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(form).validate_python(value)
    return raised.value.errors()


@pytest.mark.parametrize(
    ("form", "value", "told"),
    [
        (Name, "City", "must be a name of small letters"),
        (Digits, "12a", "must be 3 to 16 digits"),
        (Digits, 8500, "must be text; put a number in quotes"),
        (Key, "12", "must be one digit"),
        (Endpoint, "256.0.0.1:1", "must be an address and a port"),
        (Endpoint, "127.0.0.2:65536", "must be an address and a port"),
        (Label, "", "needs 1 characters at least"),
        (Label, "长" * 61, "has 60 characters at most"),
        (Label, "a;b", "must be text without control characters and semicolons"),
        (Port, 0, "must be 1 or more"),
        (Port, 65536, "must be 65535 or less"),
        (Port, "long", "must be a whole number"),
        (Port, None, "must be a whole number"),
        (Port, 1.5, "must be a whole number"),
        (Sip, {**SIP, "codecs": ["mp3"]}, "must be one of 'alaw', 'ulaw', 'g722' or 'opus'"),
        (Sip, {**SIP, "codecs": []}, "needs 1 entries at least"),
        (Sip, {**SIP, "codecs": "alaw"}, "must be a list"),
        (Sip, {**SIP, "rtp_ports": [1, 2, 3]}, "has 2 entries at most"),
        (Sip, {**SIP, "address": "here"}, "must be an IPv4 address, such as"),
        (Sip, {**SIP, "adress": ""}, "there is no such key; correct or remove it"),
        (Sip, {key: SIP[key] for key in SIP if key != "port"}, "is missing; add it"),
        (Sip, [], "must be keys with values"),
        (Agent, {**AGENT, "skills": []}, "must be keys with values"),
        (Trunk, {**TRUNK, "match": ["127.0.0.1/8"]}, "must be an IPv4 address or network"),
        (Day, "2027-01-01", "must be a date, such as 2027-01-01, without quotes"),
        (Day, 20270101, "must be a date"),
        (Day, datetime(2027, 1, 1, tzinfo=UTC), "must be a date"),
        (Year, 2003, "must be 2004 or more"),
        (Year, 2100, "must be 2099 or less"),
        (Year, "2027", "must be a whole number"),
        (AwareDatetime, datetime(2026, 11, 23), "must be a time with its zone"),  # noqa: DTZ001 - the point
        (AwareDatetime, "soon", "must be a time with its zone"),
    ],
)
def test_a_wrong_value_is_told_with_what_to_do(form, value, told):
    first, *_ = faults(form, value)
    assert value_faults.fault(first)["en"].startswith(told)


def test_of_a_rare_error_pydantics_own_words_are_shown():
    (found,) = faults(float, "much")
    assert value_faults.fault(found)["zh"].startswith("不能用，请改正（Input should be a valid number")


def test_a_pattern_without_a_name_is_shown_as_it_is():
    assert value_faults._of_pattern("^[a-z]{2}$")["en"] == "must match ^[a-z]{2}$"


@pytest.mark.parametrize("name", FORMS)
def test_each_form_of_the_configuration_is_in_words(name):
    assert f"form.{name}" in texts.catalogue()


def test_pydantic_knows_each_kind_of_our_table():
    in_python = {"ip_v4_address", "ip_v4_network"}  # pydantic raises these itself, beside its core
    assert set(value_faults._TEXTS) - in_python <= set(get_args(ErrorType))
