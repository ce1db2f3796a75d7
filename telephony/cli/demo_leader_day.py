"""`hotline demo leader-day`: a leader day (Art. 6) in a minute and a half, on a hall of the demo's own."""

from contextlib import ExitStack
from pathlib import Path

import typer

from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.demo_hall import Hall
from telephony.cli.demo_line import Line
from telephony.cli.demo_parties import Parties
from telephony.cli.demo_performed import perform
from telephony.cli.demo_session import Session
from telephony.cli.demo_steps import Steps
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import HotlineError
from telephony.texts import say

NOTHING = {
    "live_calls": 0,
    "waiting": 0,
    "open_days": 0,
    "open_entries": 0,
    "alarms": 0,
    "open_returns": 0,
    "agents": ["logged_out"] * 3,
}


def add_to(demos: typer.Typer) -> None:
    """Add the command to the demonstrations."""
    demos.command("leader-day", help=say("help.demo_leader_day"))(leader_day)


def leader_day(*, as_json: show.Json = False) -> None:
    """Play it; status 0 only if each step came out as it should."""
    perform(play, "title.demo_leader_day", as_json=as_json)


def play(client: Client, config: Config, folder: Path, steps: Steps) -> None:
    """Play all steps up to the first that is wrong, and look whether anything is left of them."""
    parties, clock = Parties(client, config, folder), SystemClock()
    hall = Hall(Line(client, config, parties, clock), config, clock)
    hall.tidy()  # of one that was killed
    with ExitStack() as stack:
        stack.callback(hall.tidy)
        try:
            with ExitStack() as people:
                unit = people.enter_context(parties.unit())
                people.enter_context(parties.agent(hall.seat.agent, "leader"))
                people.enter_context(parties.agent(hall.screener, "helper"))
                people.enter_context(parties.agent(hall.agent))
                hall.line.pause(hall.agent)
                Session(hall, steps, unit).play()
        except HotlineError as error:
            steps.failed(error)
    steps.begin("hall_over", "hall_over")
    try:
        steps.expect(NOTHING, hall.left)
    except HotlineError as error:
        steps.failed(error)
