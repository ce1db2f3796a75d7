"""Secrets are made once, kept whole, and shown to nobody."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from telephony.errors import ConfigError
from telephony.secret_store import Secrets, ensure

NAMES = ("api_token", "ami_secret", "agi_secret", "sip", "more")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "var" / "secrets.yaml"


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def problem(path):
    with pytest.raises(ConfigError) as raised:
        ensure(path, ["8001"])
    return str(raised.value)


def test_a_first_start_makes_a_password_for_each_phone(path):
    assert set(ensure(path, ["8001", "7001"]).sip) == {"8001", "7001"}


def test_no_two_secrets_are_alike(path):
    made = ensure(path, [str(user) for user in range(8000, 8100)])
    assert len({made.api_token, made.ami_secret, made.agi_secret, *made.sip.values()}) == 103


def test_a_second_start_reads_what_the_first_has_made(path):
    assert ensure(path, ["8001"]) == ensure(path, ["8001"])


def test_a_second_start_does_not_write_the_file_again(path):
    ensure(path, ["8001"])
    before = path.stat().st_ino
    ensure(path, ["8001"])
    assert path.stat().st_ino == before


def test_a_new_phone_leaves_the_passwords_of_the_others(path):
    first = ensure(path, ["8001"])
    second = ensure(path, ["8001", "8002"])
    assert second.sip == first.sip | {"8002": second.sip["8002"]}


def test_a_phone_that_has_gone_keeps_its_password_for_its_return(path):
    first = ensure(path, ["8001", "8002"])
    ensure(path, ["8001"])
    assert ensure(path, ["8001", "8002"]) == first


def test_a_secret_that_is_missing_is_made_once_and_kept(path):
    ensure(path, ["8001"])
    known = yaml.safe_load(path.read_text())
    del known["api_token"]
    write(path, yaml.safe_dump(known))
    assert ensure(path, ["8001"]).api_token == ensure(path, ["8001"]).api_token


def test_the_file_is_for_its_owner_only(path):
    ensure(path, ["8001"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_copy_that_all_may_read_is_closed_again(path):
    first = ensure(path, ["8001"])
    path.chmod(0o644)
    assert ensure(path, ["8001"]) == first
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_a_crash_left_behind_does_not_lend_its_rights(path):
    write(path.with_suffix(".new"), "half")
    path.with_suffix(".new").chmod(0o666)
    ensure(path, ["8001"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_beside_the_file(path):
    ensure(path, ["8001"])
    assert list(path.parent.iterdir()) == [path]


def test_printed_secrets_show_none():
    secrets = Secrets(sip={"8001": "hush"})
    assert str(secrets) == "Secrets()"


@pytest.mark.parametrize(
    "text",
    [
        *("", "- a", "api_token: {", "more: x", "sip: 5", "api_token: null", "\x00"),
        *("sip: {8001: abc}", "sip: {'8001': 12345678}", "sip: {'8001': ''}"),
    ],
)
def test_a_file_that_is_not_understood_is_named_and_left_as_it_is(path, text):
    write(path, text)
    assert problem(path).startswith(f"{path}:1: (file): ")
    assert path.read_text() == text


@pytest.mark.parametrize("sign", ["\n", ";", ",", '"', ")", "$", " ", "密"])
def test_a_password_that_would_not_reach_the_switch_as_it_is_is_refused(path, sign):
    write(path, yaml.safe_dump({"sip": {"8001": f"abc{sign}def"}}))
    assert "cannot go to the switch" in problem(path)


def test_a_problem_does_not_show_a_secret(path):
    write(path, "ami_secret: 'hush-hush")
    assert "hush" not in problem(path)


@given(text=st.text() | st.dictionaries(st.sampled_from(NAMES), st.text() | st.none()).map(yaml.safe_dump))
def test_any_file_gives_secrets_or_a_problem(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("var") / "secrets.yaml"
    path.write_text(text, encoding="utf-8")
    try:
        users = set(ensure(path, ["8001"]).sip)
    except ConfigError as error:
        users = str(error).startswith(f"{path}:1: (file): ") and {"8001"}
    assert users == {"8001"}
