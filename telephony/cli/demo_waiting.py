"""`hotline demo waiting`: the waiting room and what belongs to it, on a line of the demo's own."""

from contextlib import ExitStack
from ipaddress import IPv4Address
from pathlib import Path

import typer

from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.demo_line import Line
from telephony.cli.demo_parties import Parties
from telephony.cli.demo_performed import perform
from telephony.cli.demo_relief import Relief
from telephony.cli.demo_steps import Steps
from telephony.cli.demo_talks import Talks
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError
from telephony.texts import say

NOTHING = {"live_calls": 0, "waiting": 0, "notices": 0, "open_returns": 0, "agents": ["logged_out"] * 2}


def add_to(demos: typer.Typer) -> None:
    """Add the command to the demonstrations."""
    demos.command("waiting", help=say("help.demo_waiting"))(waiting)


def waiting(*, as_json: show.Json = False) -> None:
    """Play it; status 0 only if each step came out as it should."""
    perform(play, "title.demo_waiting", as_json=as_json)


def play(client: Client, config: Config, folder: Path, steps: Steps) -> None:
    """Play all steps up to the first that is wrong, and look whether anything is left of them."""
    _check_trunks(config)
    line = Line(client, config, Parties(client, config, folder), SystemClock())
    with ExitStack() as stack:
        far_end = stack.enter_context(line.parties.called_citizen())
        line.tidy(far_end)  # of one that was killed
        stack.callback(line.tidy, far_end)
        try:
            with ExitStack() as agents:
                agents.enter_context(line.parties.agent(line.line.agent))
                line.pause(line.line.agent)
                helper = agents.enter_context(
                    line.parties.agent(line.line.helper, "helper", auto_answer=False)
                )
                line.pause(line.line.helper)
                Talks(line, steps, helper).play()
                Relief(line, steps, helper, far_end).play()
        except HotlineError as error:
            steps.failed(error)
    steps.begin("over", "over")
    try:
        steps.expect(NOTHING, line.left)
    except HotlineError as error:
        steps.failed(error)


def _check_trunks(config: Config) -> None:
    # The citizen is called back over any trunk that has a channel free.
    for trunk in config.hotline.trunks:
        if not IPv4Address(trunk.contact.partition(":")[0]).is_loopback:
            raise NotAllowedError(say("demo.one_real_trunk", trunk=trunk.name))
