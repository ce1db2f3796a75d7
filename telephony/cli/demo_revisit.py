"""`hotline demo revisit`: a simulated citizen is called back, answers, and presses a key."""

from contextlib import ExitStack, suppress
from datetime import UTC
from ipaddress import IPv4Address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer

from telephony import config_load
from telephony.cli import show
from telephony.cli.client import Client
from telephony.cli.demo import READY_SECONDS
from telephony.cli.service import wait_ready
from telephony.clock import SystemClock
from telephony.config import Config
from telephony.errors import NotAllowedError, UnknownThingError
from telephony.paths import Paths
from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.texts import say, word

RING_MS = 2000
VERDICT_SECONDS = 120.0
PRESS_SECONDS = 2.0
"""Between two presses of the key: the citizen does not know when the question comes."""


def add_to(demos: typer.Typer) -> None:
    """Add the command to the demonstrations."""
    demos.command("revisit", help=say("help.demo_revisit"))(revisit)


def revisit(*, as_json: show.Json = False) -> None:
    """Have a case of the demo's citizen revisited; status 0 only if the answer became the verdict."""
    paths = Paths.from_environment()
    config = config_load.load(paths.config)
    client = Client.of(paths)
    if not wait_ready(READY_SECONDS)["ready"]:
        raise NotAllowedError(say("demo.not_ready"))
    with TemporaryDirectory(prefix="hotline-demo-") as folder:
        found = DemoRevisit(client, config, Path(folder), quiet=as_json).run()
    if as_json:
        show.document(found)
    else:
        _print(found)
    raise typer.Exit(0 if found["verdict"] == "satisfied" else 1)


class DemoRevisit:
    """One demonstration; `quiet` keeps standard output for the JSON document."""

    def __init__(self, client: Client, config: Config, folder: Path, *, quiet: bool) -> None:
        self._client, self._folder, self._quiet = client, folder, quiet
        self._number = config.hotline.demo.caller_number
        keys = config.revisits.survey.keys
        self._key = next(key for key, rating in keys.items() if rating == "satisfied")
        self._carrier = _carrier(config)
        self._clock = SystemClock()

    def run(self) -> Any:
        """Enter a case and its unit's reply, play the citizen, return the revisit as it ended."""
        case = f"DEMO-{self._clock.now():%Y%m%d%H%M%S}"
        address, port = self._carrier
        with ExitStack() as stack:
            far_end = FarEnd(address, port, self._folder)
            try:
                far_end.start()
            except OSError as error:
                raise NotAllowedError(say("demo.carrier", address=address, port=port)) from error
            stack.callback(far_end.stop)
            far_end.plan(self._number, [Behaviour(ring_ms=RING_MS, answer=True)])
            self._enter(case)
            return self._play(case, far_end)

    def _enter(self, case: str) -> None:
        facts = {"numbers": [self._number], "open": False, "subject": "热线演示", "channel": "demo"}
        self._client.send("PUT", f"cases/{case}", facts)
        reply = {"at": self._clock.now().astimezone(UTC).isoformat(), "contact": "hotline demo"}
        self._client.send("POST", f"cases/{case}/reply", reply)
        self._say("demo.replied", case=case)

    def _play(self, case: str, far_end: FarEnd) -> Any:
        """Press the key now and then until a verdict stands, or the time is over."""
        deadline = self._clock.monotonic() + VERDICT_SECONDS
        answered = False
        while True:
            mark = self._client.get("events", limit=1)["last"]
            shown = self._client.get(f"cases/{case}/revisits")[-1]
            if shown["verdict"] is not None or self._clock.monotonic() > deadline:
                return shown
            with suppress(UnknownThingError):  # not answered yet, or over already
                far_end.press(self._number, self._key)
                if not answered:
                    self._say("demo.citizen_answers", pressed=self._key)
                answered = True
            self._client.poll("events", PRESS_SECONDS, after=mark, kind="revisit_decided")

    def _say(self, key: str, **values: object) -> None:
        if not self._quiet:
            show.line(say(key, **values))


def _carrier(config: Config) -> tuple[str, int]:
    """Return where the simulated carrier listens; raise NotAllowedError if only real ones are there."""
    for trunk in config.hotline.trunks:
        address, _, port = trunk.contact.partition(":")
        if IPv4Address(address).is_loopback:
            return address, int(port)
    raise NotAllowedError(say("demo.real_carrier"))


def _print(found: Any) -> None:
    rows = [
        (
            show.moment(attempt["started_at"]),
            word(f"outcome.{attempt['state']}"),
            attempt["ring_seconds"],
            attempt["rating"] and word(f"verdict.{attempt['rating']}"),
        )
        for attempt in found["attempts"]
    ]
    show.table(word("title.attempts"), ("started", "outcome", "ring", "rating"), rows)
    verdict = found["verdict"]
    show.line(say("demo.verdict", verdict=word(f"verdict.{verdict}") if verdict else word("verdict.open")))
