"""What README and manuals say is so: commands run, links lead somewhere, every key and state is told."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import get_args

import pytest
from automat import NoTransition
from pydantic import BaseModel

from telephony import config
from telephony.config_hotline import Hotline
from telephony.config_leaders import LeadersFile
from telephony.config_units import UnitsFile
from telephony.floor.agent_machine import AgentMachine
from telephony.paths import PROJECT
from tests.system import System

README = PROJECT / "README.md"
MANUAL = PROJECT / "docs" / "operator-manual.zh.md"
STATES = PROJECT / "docs" / "states.md"
DOCUMENTS = [README, *sorted((PROJECT / "docs").rglob("*.md"))]
SHELL_BLOCK = re.compile(r"^(?P<indent> *)```sh\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]*\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)")
RUN_SECONDS = 300


def commands_of(text):
    blocks = (textwrap.dedent(block["text"]) for block in SHELL_BLOCK.finditer(text))
    return [line for block in blocks for line in block.splitlines()]


COMMANDS = commands_of(README.read_text(encoding="utf-8"))
SET_UP = [command for command in COMMANDS if command.startswith("make ")]
TO_RUN = [command for command in COMMANDS if command.startswith(("hotline ", "var/venv/bin/python "))]
PHONES = [command for command in COMMANDS if command.startswith("baresip ")]
PATH = [command for command in COMMANDS if command.startswith("export PATH=")]


def test_every_command_of_the_readme_is_one_that_is_tried_here():
    assert sorted(COMMANDS) == sorted(SET_UP + TO_RUN + PHONES + PATH)
    assert SET_UP == ["make run", "make test"]
    assert len(PATH) == 1


@pytest.mark.parametrize("command", SET_UP)
def test_the_readmes_make_commands_are_there(command):
    done = subprocess.run([*command.split(), "-n"], cwd=PROJECT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    """A running system, and what the README expects below var/ in the folder where its reader stands."""
    system = System(tmp_path_factory.mktemp("readme"))
    var = system.switch.paths.var
    (var / "venv" / "bin").mkdir(parents=True)
    for name, module in (("hotline", "-m telephony"), ("python", "")):
        program = var / "venv" / "bin" / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        program.chmod(0o755)
    if (tree := PROJECT / "var" / "asterisk-root").exists():
        (var / "asterisk-root").symlink_to(tree)
    yield system.start()
    system.stop()


def in_its_place(command, system):
    """Return a command of the README with what its reader would put there."""
    user = re.search(r"sip:(\d+)@", command)
    return (
        command.replace("127.0.0.1:5060", system.switch.sip)
        .replace("PASSWORD", system.switch.secrets.sip[user[1]] if user else "")
        .replace(" docs/", f" {PROJECT}/docs/")
        .replace(" ID", f" {system.service.get('/calls')[0]['id']}" if command.endswith(" ID") else "")
    )


def shell(command, system, **how):
    environment = {
        **os.environ,
        **system.switch.environment,
        "HOME": str(system.folder),
        "PYTHONPATH": str(PROJECT),
    }
    line = f"{PATH[0]}; {in_its_place(command, system)}"
    return subprocess.Popen(["bash", "-c", line], cwd=system.folder, env=environment, text=True, **how)


def test_the_readmes_commands_do_what_they_say_in_their_order(system):
    for command in TO_RUN:
        running = shell(command, system, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        said, _ = running.communicate(timeout=RUN_SECONDS)
        assert running.returncode == 0, f"{command}\n{said}"
    assert (system.folder / "ledger-backup.db").stat().st_size > 0


@pytest.mark.parametrize("command", PHONES)
def test_the_readmes_softphones_register(system, tmp_path, command):
    with (tmp_path / "said").open("w+") as said:
        phone = shell(f"{command} -t 2", system, stdin=subprocess.PIPE, stdout=said, stderr=said)
        phone.wait(RUN_SECONDS)
        phone.stdin.close()
        said.seek(0)
        assert "registered successfully" in said.read()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_to_a_file(document):
    links = LINK.findall(document.read_text(encoding="utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize(
    "model",
    [
        *(Hotline, config.CentresFile, config.NumbersFile),
        *(config.QueuesFile, config.AgentsFile, config.PromptsFile, config.HolidaysFile, config.RevisitsFile),
        *(config.ThreeWayFile, UnitsFile, LeadersFile),
    ],
    ids=lambda model: model.__name__,
)
def test_the_operators_manual_explains_every_key_of_the_configuration(model):
    told = MANUAL.read_text(encoding="utf-8")
    assert [key for key in keys_of(model) if f"| `{key}` |" not in told] == []


def keys_of(model, above=""):
    """Every key of a file as the manual writes it: `sip.port`, `numbers[].keys.*.queue`."""
    for name, field in model.model_fields.items():
        key = f"{above}{name}"
        inner, path = model_in(field.annotation, key)
        yield from keys_of(inner, f"{path}.") if inner else [key]


def model_in(annotation, key):
    """Return the model inside a type, if there is one, and the way to it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, key
    wrap = {tuple: "[]", dict: ".*"}.get(getattr(annotation, "__origin__", None), "")
    for part in get_args(annotation):
        inner, path = model_in(part, key + wrap)
        if inner:
            return inner, path
    return None, key


def test_the_drawing_of_an_agents_states_shows_every_transition_of_the_machine_and_no_other():
    drawn = set(re.findall(r"^ *(\w+) --> (\w+): (\w+)$", STATES.read_text(encoding="utf-8"), re.MULTILINE))
    moves = {(state, to, what) for (state, what), to in machine().items() if to not in {state, "–"}}
    assert drawn == moves


def test_the_table_of_an_agents_states_is_the_machines():
    assert table(STATES.read_text(encoding="utf-8")) == machine()


def table(text):
    """Read the table that begins with `input`: one row an input, one column a state."""
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in re.search(r"^\| input .*?(?=\n\n)", text, re.MULTILINE | re.DOTALL)[0].splitlines()
    ]
    states = rows[0][1:]
    return {
        (state, row[0]): to.partition(" ")[0]
        for row in rows[2:]
        for state, to in zip(states, row[1:], strict=True)
    }


def machine():
    """Try every input in every state: (state, input) → the state after it, or – where it is refused."""
    inner = AgentMachine._m._automaton
    inputs = [each.method.__name__ for each in inner.inputAlphabet()]
    states = [each.serialized for each in inner.states()]
    return {(state, what): after(state, what) for state in states for what in inputs}


def after(state, what):
    agent = AgentMachine()
    agent.restore(state)
    try:
        getattr(agent, what)(*(["rest"] if what == "pause" else []))
    except NoTransition:
        return "–"
    return agent.state()


def test_the_commands_of_a_page_are_found_in_lists_too():
    page = "text\n```sh\none\n```\n1. item\n\n   ```sh\n   two x\n   three\n   ```\n"
    assert commands_of(page) == ["one", "two x", "three"]


def test_the_decisions_are_numbered_without_a_gap():
    names = sorted(path.name for path in (PROJECT / "docs" / "decisions").glob("*.md"))
    assert [int(name[:4]) for name in names] == list(range(1, len(names) + 1))


def test_every_setting_of_the_environment_is_told_in_the_readme():
    sources = Path(PROJECT / "telephony" / "paths.py").read_text(encoding="utf-8")
    told = README.read_text(encoding="utf-8")
    assert [name for name in re.findall(r'"(HOTLINE_\w+)"', sources) if name not in told] == []
