"""The command against a running service."""

import json

import pytest

from telephony.errors import NotAllowedError
from telephony.store import agents as agent_rows
from telephony.store.returns import RULES, close, open_return
from tests.fakes import NOON
from tests.unit.store.ledger import put_answered, put_event, put_leg
from tests.unit.store.three_way_rows import put_three_way

CALL = "1795420886.1"
READING = [
    "status",
    "agents",
    "agents credentials 8001",
    "calls",
    f"call {CALL}",
    "queues",
    "events",
    "blacklist list",
    "refusals",
    "outages list",
    "report service",
    "alarms",
    "phones",
    "returns list",
    "notices list",
    "storm status",
    "storm list",
    "leader-days list",
    "leader-days calendar",
    "waiting",
    "returns report",
]


@pytest.fixture
def ledger(running):
    running.api.put_rows(put_answered)
    running.api.put_rows(put_leg, CALL)
    running.api.put_rows(open_return, "13800001234", CALL, "city", "interrupted", NOON)
    running.api.put_rows(put_event, "arrived", data={"number": "12345", "name": "13800001234\x1b[2J"})
    return running


@pytest.mark.parametrize("words", READING)
def test_json_is_one_document_and_nothing_else(ledger, words):
    done = ledger.run(*words.split(), "--json")
    assert done.exit_code == 0
    assert isinstance(json.loads(done.stdout), (dict, list))
    assert done.stderr == ""


@pytest.mark.parametrize("words", READING)
def test_a_table_has_no_whole_number_of_a_citizen_and_no_control_characters(ledger, words):
    done = ledger.run(*words.split())
    assert done.exit_code == 0
    assert "13800001234" not in done.output
    assert "\x1b" not in done.output


def test_numbers_are_shown_whole_when_asked_for(ledger):
    assert "138****1234" in ledger.run("calls").stdout
    assert "13800001234" in ledger.run("calls", "--show-numbers").stdout
    assert "13800001234" in ledger.run("call", CALL, "--show-numbers").stdout


def test_json_holds_whole_numbers(ledger):
    (call,) = json.loads(ledger.run("calls", "--json").stdout)
    assert call["caller_number"] == "13800001234"


def test_calls_can_be_filtered(ledger):
    assert json.loads(ledger.run("calls", "--number", "12315", "--json").stdout) == []
    since = ["--since", "2026-11-23T15:50", "--until", "2026-11-23T15:51"]
    assert len(json.loads(ledger.run("calls", *since, "--json").stdout)) == 1


def test_credentials_are_what_a_softphone_needs(running):
    found = json.loads(running.run("agents", "credentials", "8001", "--json").stdout)
    assert found == {
        "user": "8001",
        "password": "secret-of-8001",
        "server": "127.0.0.1",
        "port": 5060,
        "transport": "udp",
    }


@pytest.mark.parametrize("what", ["login", "logout", "ready"])
def test_a_command_for_an_agent_reaches_the_roster(running, what):
    assert running.run("agents", what, "8001").exit_code == 0
    assert running.api.roster.commands == [("8001", what, None, "api")]


def test_a_pause_without_a_reason_leaves_it_to_the_service(running):
    running.run("agents", "pause", "8001")
    assert running.api.roster.commands == [("8001", "pause", None, "api")]


def test_a_pause_takes_its_reason(running):
    done = running.run("agents", "pause", "8001", "--reason", "meal")
    assert running.api.roster.commands == [("8001", "pause", "meal", "api")]
    assert done.stdout == "坐席 8001 王芳 现在示忙 (meal) · agent 8001 王芳 is now paused (meal)\n"


def test_what_is_not_possible_now_ends_with_1(running):
    running.api.roster.refusal = NotAllowedError("agent 8001 is logged_out")
    done = running.run("agents", "ready", "8001")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "agent 8001 is logged_out" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        "agents login 9999",
        "agents login eight",
        "agents pause 8001 --reason holiday",
        "call 1.1",
        "call ../agents/8001/credentials",
        "calls --limit 0",
        "calls --since yesterday",
        "events --follow --json",
        "blacklist add 138x --reason y",
        "blacklist remove 13800001234",
        "alarms ack 5",
        "returns close 5 --by x",
        "returns show 5",
        "returns reset 5 --by x",
        "returns dial 5",
        "returns close 0 --by x",
        "returns close 5",
        "no-such-command",
    ],
)
def test_a_wrong_argument_ends_with_2_and_says_why(running, words):
    done = running.run(*words.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr
    assert running.api.roster.commands == []


def test_a_number_goes_onto_the_blacklist_and_off_again(running):
    done = running.run("blacklist", "add", "13800001234", "--reason", "骚扰", "--until", "2026-12-01")
    assert "138****1234" in done.stdout
    (entry,) = json.loads(running.run("blacklist", "list", "--json").stdout)
    assert (entry["number"], entry["expires_at"]) == ("13800001234", "2026-12-01T00:00:00+08:00")
    assert running.run("blacklist", "remove", "13800001234").exit_code == 0
    assert json.loads(running.run("blacklist", "list", "--json").stdout) == []


def test_an_alarm_is_shown_until_it_is_acknowledged(running):
    running.api.put_rows(agent_rows.raise_alarm, NOON, "missed-rings", "8001")
    assert "missed-rings" in running.run("alarms").stdout
    assert running.run("alarms", "ack", "1").exit_code == 0
    assert json.loads(running.run("alarms", "--json").stdout) == []


def test_a_call_of_three_is_printed_with_who_was_there_when(running):
    running.api.put_rows(put_three_way)
    said = running.run("call", CALL).stdout
    assert "诉求人 citizen carrier · 坐席 agent 8001 · 单位 unit water" in said
    assert "坐席 8001 通话 170 秒 · agent 8001 talked for 170 s" in said


def test_a_citizen_is_on_the_list_of_returns_until_somebody_called_back(running):
    running.api.put_rows(open_return, "13800001234", CALL, "city", "interrupted", NOON)
    said = running.run("returns").stdout
    assert "138****1234" in said
    assert "中断" in said
    done = running.run("returns", "close", "1", "--by", "李敏", "--note", "已回电")
    assert done.stdout == "回拨 1 已办结：138****1234 · return 1 to 138****1234 is done\n"
    assert json.loads(running.run("returns", "list", "--json").stdout) == []
    (closed,) = json.loads(running.run("returns", "list", "--all", "--json").stdout)
    assert (closed["closed_by"], closed["note"]) == ("李敏", "已回电")


def test_a_return_that_no_machine_may_call_is_shown_as_a_persons_with_the_reason(running):
    running.api.put_rows(open_return, "95588", CALL, "city", "abandoned", NOON)
    assert "号码不能自动回拨" in running.run("returns", "show", "1").stdout
    assert "待人工" in running.run("returns", "list").stdout
    (listed,) = json.loads(running.run("returns", "list", "--json").stdout)
    assert (listed["state"], listed["given_up_why"]) == ("given_up", "not_callable")


def test_a_return_that_is_done_is_not_possible_to_close_again(running):
    running.api.put_rows(open_return, "13800001234", CALL, "city", "interrupted", NOON)
    running.run("returns", "close", "1", "--by", "李敏")
    done = running.run("returns", "close", "1", "--by", "王芳")
    assert (done.exit_code, "李敏" in done.stderr) == (1, True)


def test_the_status_names_every_address_and_ends_with_0_when_all_is_ready(running):
    done = running.run("status")
    assert done.exit_code == 0
    assert "127.0.0.1:5060" in done.stdout


def test_the_status_ends_with_1_when_a_part_does_not_work(running):
    running.api.health.broken.add("asterisk")
    done = running.run("status", "--wait", "0.1", "--json")
    assert (done.exit_code, json.loads(done.stdout)["ready"]) == (1, False)


def test_the_demo_does_not_begin_before_all_is_ready(running, monkeypatch):
    monkeypatch.setattr("telephony.cli.demo.READY_SECONDS", 0.1)
    running.api.health.broken.add("asterisk")
    done = running.run("demo", "inbound", "--json")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "hotline status --wait" in done.stderr


def test_a_return_is_shown_called_now_and_begun_anew(running):
    running.api.put_rows(open_return, "13800001234", "1.1", "city", "abandoned", NOON)
    shown = running.run("returns", "show", "1").stdout
    assert "138****1234" in shown
    assert "排队放弃" in shown
    assert "8001" in running.run("returns", "dial", "1", "--agent", "8001").stdout
    assert running.api.outbound.turns.calls == [(1, "8001")]
    assert running.run("returns", "reset", "1", "--by", "李敏").exit_code == 0
    assert json.loads(running.run("returns", "show", "1", "--json").stdout)["state"] == "planned"


def test_the_figures_of_returns_are_a_table_or_json(running):
    running.api.put_rows(open_return, "13800001234", "1.1", "city", "abandoned", NOON)
    assert "要求回拨" in running.run("returns", "report").stdout
    assert json.loads(running.run("returns", "report", "--json").stdout)["asked"] == 1


def test_a_return_that_nobody_closed_by_hand_says_that_the_service_did(running):
    running.api.put_rows(open_return, "13800001234", CALL, "city", "interrupted", NOON)
    running.api.put_rows(close, 1, RULES, "reached", NOON)
    assert "系统自动" in running.run("returns", "list", "--all").stdout
