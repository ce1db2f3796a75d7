"""Each command that the manual names is one: its words and its options."""

import re

import pytest
import typer

from telephony.cli.app import app
from telephony.paths import PROJECT

MANUAL = (PROJECT / "docs" / "operator-manual.zh.md").read_text(encoding="utf-8")
TREE = typer.main.get_command(app)


def named():
    """Yield each command of the manual as its words: in backticks, or a line of its own."""
    for found in re.finditer(r"`(hotline [a-z][^`]*)`|^(hotline [a-z].*)$", MANUAL, re.MULTILINE):
        yield (found[1] or found[2]).split()[1:]


@pytest.mark.parametrize("words", sorted({tuple(words) for words in named()}), ids=" ".join)
def test_a_command_of_the_manual_is_there(words):
    command = TREE
    rest = list(words)
    while rest and getattr(command, "commands", None) and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"{command.name} has no {rest[0]}"
        command = command.commands[rest.pop(0)]
    known = [(*each.opts, *each.secondary_opts, "--help") for each in command.params]
    options = {option for options in known for option in options}
    assert {word for word in rest if word.startswith("--")} <= options


def test_the_manual_names_every_command_of_these_groups():
    told = {" ".join(words[:2]) for words in named()}
    for group in (
        "calls",
        "cases",
        "demo",
        "leader-days",
        "notices",
        "outages",
        "recordings",
        "report",
        "returns",
        "revisits",
        "storm",
        "supervise",
        "threeway",
        "transfer",
        "units",
    ):
        missing = {f"{group} {name}" for name in TREE.commands[group].commands} - told
        assert missing <= {"revisits no-disturb"}
