"""The command when nothing runs, and `hotline check`."""

import json
import socket
from datetime import datetime
from threading import Thread

import pytest
import time_machine

from telephony.clock import SHANGHAI
from telephony.store import migrate


@pytest.fixture(autouse=True)
def an_asterisk(monkeypatch):
    from telephony.pbx.binary import Asterisk  # noqa: PLC0415 - beside its one use

    found = Asterisk(("/opt/asterisk",), None, None)
    monkeypatch.setattr("telephony.cli.checks.binary.find", lambda _var: found)


@pytest.mark.parametrize("words", ["agents", "calls --json", "status", "demo inbound", "alarms ack 1"])
def test_a_service_that_never_ran_ends_with_3_and_says_what_to_do(house, words):
    done = house.run(*words.split())
    assert (done.exit_code, done.stdout) == (3, "")
    assert "make run" in done.stderr


def test_a_service_that_does_not_run_ends_with_3(house):
    house.keep_secrets()
    done = house.run("status", "--wait", "0.3")
    assert done.exit_code == 3
    assert "http://127.0.0.1:9" in done.stderr


def test_a_stranger_on_our_port_is_told_apart(house):
    house.keep_secrets()
    with listener(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nhi") as port:
        house.set("api: ", f"api: {{address: 127.0.0.1, port: {port}}}")
        assert "hotline.yaml" in house.run("agents").stderr


def test_a_broken_configuration_ends_with_2_and_names_file_line_and_key(house):
    house.set("default_queue: ", "default_queue: nowhere")
    done = house.run("agents")
    assert done.exit_code == 2
    assert "hotline.yaml:13: default_queue: nowhere 没有定义" in done.stderr
    assert "nowhere is not defined" in done.stderr


def test_check_says_that_all_is_well(house):
    done = house.run("check")
    assert done.exit_code == 0
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["正常 good"] * 5


def test_check_prints_each_problem_of_the_configuration_in_a_line(house):
    house.set("default_queue: ", "default_queue: nowhere")
    house.set("  notice: ", "  notice: silence")
    done = house.run("check")
    assert done.exit_code == 1
    assert [line.split(":")[2] for line in done.stdout.splitlines()] == [
        " default_queue",
        " recording.notice",
    ]


@pytest.mark.parametrize(
    ("now", "status", "said"),
    [
        (datetime(2026, 11, 30, 23, 59, 59, tzinfo=SHANGHAI), 0, "known until 2026-12-31"),
        (datetime(2026, 12, 1, tzinfo=SHANGHAI), 1, "holidays.yaml:2: years: "),
        (datetime(2027, 1, 1, tzinfo=SHANGHAI), 1, "does not know 2027"),
    ],
)
def test_check_asks_for_the_next_years_holidays_from_the_first_of_december_on(house, now, status, said):
    (house.config / "holidays.yaml").write_text("# nothing yet\nyears: {}\n")
    with time_machine.travel(now, tick=False):
        done = house.run("check")
    assert done.exit_code == status
    assert said in done.stdout


def test_check_asks_for_a_year_where_no_file_of_holidays_is(house):
    (house.config / "holidays.yaml").unlink()
    with time_machine.travel(datetime(2026, 12, 31, tzinfo=SHANGHAI), tick=False):
        assert "config/holidays.yaml:1: years: " in house.run("check").stdout


def test_check_names_a_database_that_cannot_be_reached(house):
    house.set("database: ", "database: postgresql+psycopg://u:secret@127.0.0.1:9/x")
    done = house.run("check")
    assert done.exit_code == 1
    assert "hotline.yaml:6: database: " in done.stdout
    assert "secret" not in done.stdout


def test_check_wants_the_current_schema_and_migrate_brings_it(house):
    (house.var / "hotline.db").touch()
    assert "hotline migrate" in house.run("check").stdout
    assert house.run("migrate").exit_code == 0
    assert house.run("check").exit_code == 0


def test_check_does_not_make_a_database(house):
    house.run("check")
    assert list(house.var.iterdir()) == []


@pytest.mark.parametrize(("answer", "status"), [(b"Success", 0), (b"Error", 1)])
def test_check_logs_in_to_a_switch_that_runs(house, answer, status):
    house.keep_secrets()
    with listener(b"Asterisk Call Manager/1\r\nResponse: " + answer + b"\r\n\r\n") as port:
        house.set("ami: ", f"ami: {{address: 127.0.0.1, port: {port}}}")
        assert house.run("check").exit_code == status


def test_check_in_json_is_one_document(house):
    found = json.loads(house.run("check", "--json").stdout)
    assert [each["ok"] for each in found] == [True] * 5


def test_migrate_leaves_a_current_database_alone(house, monkeypatch):
    house.run("migrate")
    before = (house.var / "hotline.db").read_bytes()
    assert house.run("migrate").exit_code == 0
    assert (house.var / "hotline.db").read_bytes() == before
    assert migrate.is_current is not None


class listener:  # noqa: N801 - reads as a function
    """Someone on a port who says the same to whoever asks."""

    def __init__(self, answer):
        self._answer = answer

    def __enter__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        Thread(target=self._serve, daemon=True).start()
        return self._socket.getsockname()[1]

    def _serve(self):
        connection, _ = self._socket.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(self._answer)

    def __exit__(self, *_):
        self._socket.close()
