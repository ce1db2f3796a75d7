"""SIPVicious against our switch: it learns no extension, no password and no version of the software."""

import os
import subprocess
from functools import partial

import pytest

from tests.pbx.strangers import Stranger, without_chance

AGENT, PHONE, TRUNK, NOBODY = "8001", "7001", "carrier", "8777"
METHODS = ("REGISTER", "INVITE", "OPTIONS")
GUESSES = ("8001", "1234", "password", "hotline", "12345")
NOTHING = "found nothing"
RUN_SECONDS = 300


@pytest.fixture
def scan(switch, tmp_path):
    """Run a tool of SIPVicious against the switch; return all that it says."""

    def run(tool, *arguments):
        host, _, port = switch.sip.partition(":")
        command = [tool, *arguments, "-p", port, host]
        environment = {**os.environ, "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS, check=False
        )
        return done.stdout + done.stderr

    return run


@pytest.fixture
def words(tmp_path):
    """Write a list of words; return the file's name."""

    def write(*words):
        (tmp_path / "words").write_text("\n".join([*words, ""]), encoding="ascii")
        return str(tmp_path / "words")

    return write


@pytest.fixture
def stranger(switch):
    stranger = Stranger(switch.sip)
    yield stranger
    stranger.close()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["warned", "forced"])
def test_svwar_learns_no_extension(scan, words, method, force):
    said = scan("svwar", "-m", method, *force, "-d", words(NOBODY, AGENT, PHONE, TRUNK))
    assert NOTHING in said, said
    assert "reqauth" not in said


@pytest.mark.parametrize("user", [AGENT, NOBODY])
def test_svcrack_learns_no_password_from_a_list(scan, words, user):
    assert NOTHING in scan("svcrack", "-u", user, "-d", words(*GUESSES))


def test_svcrack_would_have_found_the_password_if_it_had_been_in_the_list(scan, words, switch):
    password = switch.secrets.sip[AGENT]
    assert password in scan("svcrack", "-u", AGENT, "-d", words(*GUESSES, password))


def test_svmap_learns_a_name_and_no_version(scan, switch):
    said = scan("svmap")
    [found] = [line.split("|") for line in said.splitlines() if switch.sip in line]
    assert [cell.strip() for cell in found] == ["", switch.sip, "hotline", ""], said


@pytest.mark.parametrize("method", [*METHODS, "SUBSCRIBE", "MESSAGE", "INFO", "REFER", "PUBLISH"])
def test_known_and_unknown_users_get_the_same_answer(stranger, method):
    ask = partial(stranger.ask, method, to="" if method == "REGISTER" else "12345")
    answers = {without_chance(ask(user), user) for user in (AGENT, PHONE, TRUNK, NOBODY)}
    assert len(answers) == 1, answers
    assert answers.pop().startswith("SIP/2.0 401 ")


def test_a_wrong_password_of_a_known_and_of_an_unknown_user_get_the_same_answer(stranger):
    answers = {without_chance(stranger.guess(user, "wrong"), user) for user in (AGENT, PHONE, NOBODY)}
    assert len(answers) == 1, answers


def test_no_answer_to_a_stranger_names_the_software(stranger):
    said = [stranger.ask(method, NOBODY) for method in (*METHODS, "SUBSCRIBE", "BYE", "NONSENSE")]
    assert [each for each in said if "asterisk" in each.lower() or "pjsip" in each.lower()] == []
