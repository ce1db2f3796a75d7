"""How a demonstration in steps is performed: on the running service, told as it goes, ended in order."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import typer

from telephony import config_load
from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.demo import READY_SECONDS
from telephony.cli.demo_line import ended_in_order
from telephony.cli.demo_steps import Steps, printed
from telephony.cli.service import wait_ready
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import NotAllowedError
from telephony.paths import Paths
from telephony.texts import say, word

Play = Callable[[Client, Config, Path, Steps], None]


def perform(play: Play, title: str, *, as_json: bool) -> None:
    """Play all steps and tell of them under a title; status 0 only if each step came out as it should."""
    paths = Paths.from_environment()
    config = config_load.load(paths.config)
    client = Client.of(paths)
    if not wait_ready(READY_SECONDS)["ready"]:
        raise NotAllowedError(say("demo.not_ready"))
    steps = Steps(client, SystemClock(), quiet=as_json)
    with ended_in_order(), TemporaryDirectory(prefix="hotline-demo-") as folder:
        play(client, config, Path(folder), steps)
    if as_json:
        show.document({"steps": steps.noted})
    else:
        printed(steps.noted, word(title))
    raise typer.Exit(0 if steps.all_good else 1)
