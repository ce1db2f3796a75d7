"""Who takes part in the demonstrations, each with a voice of its own pitch."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from telephony.cli.client import Client
from telephony.config import Config
from telephony.errors import HotlineError, NotAllowedError
from telephony.peers.baresip import Baresip
from telephony.peers.far_end import FarEnd
from telephony.peers.far_end_call import Behaviour
from telephony.peers.hearing import await_tones
from telephony.peers.sipp import SippCitizen
from telephony.texts import say

VOICES = {"citizen": 2050, "agent": 2350, "unit": 2650, "helper": 2950, "leader": 3250}
"""In Hz: above what music and most of speech hold."""
RING_MS = 1500
MENU_KEY, MENU_MS = "1", 1000
"""Pressed during the greeting: it need not be heard to its end."""
REGISTER_SECONDS = HANG_UP_SECONDS = 10.0
UNIT = {"code": "demo-unit", "short_code": "899900", "name": "演示单位", "level": "city"}


class Parties:
    """Citizen and unit come over the simulated carrier, the agent is a softphone; `hears` asks each."""

    def __init__(self, client: Client, config: Config, folder: Path) -> None:
        self._client, self._config, self._folder = client, config, folder
        self._demo = config.hotline.demo
        sip = config.hotline.sip
        self._server = f"{sip.address}:{sip.port}"
        self._address, self._port, self._source = _carrier(config)
        self._far_end = FarEnd(self._address, self._port, folder / "carrier")
        self._ears: dict[str, Any] = {"unit": self._unit_hears}

    @contextmanager
    def unit(self) -> Iterator[str]:
        """Have a unit in the directory whose one number is at the simulated carrier.

        It is not the citizen's: a revisit of the demonstration's may ring that one meanwhile.
        """
        number = self._demo.unit_number
        with self._carrier_takes(number, "unit"):
            try:
                self._import(number)
                yield UNIT["code"]
            finally:
                with suppress(HotlineError):  # what went wrong before is what the person should read
                    self._client.send("DELETE", f"units/{UNIT['code']}")

    @contextmanager
    def called_citizen(self) -> Iterator[FarEnd]:
        """Let the demo's citizen be called, who answers; `hears` asks for `called`."""
        number = self._demo.caller_number
        with self._carrier_takes(number, "citizen"):
            self._ears["called"] = partial(self._far_end.hears, number)
            yield self._far_end

    @contextmanager
    def _carrier_takes(self, number: str, voice: str) -> Iterator[None]:
        try:
            self._far_end.start()
        except OSError as error:
            raise NotAllowedError(say("demo.carrier", address=self._address, port=self._port)) from error
        try:
            speaks = Behaviour(ring_ms=RING_MS, answer=True, voice="tone", hertz=VOICES[voice])
            self._far_end.plan(number, [speaks])
            yield
        finally:
            self._far_end.stop()

    @contextmanager
    def agent(self, number: str = "", name: str = "agent", *, auto_answer: bool = True) -> Iterator[Baresip]:
        """Have an agent of the demo's registered and ready; it is logged out afterwards, whatever happens."""
        number = number or self._demo.agent
        password = self._client.get(f"agents/{number}/credentials")["password"]
        with Baresip(
            number, password, self._server, self._folder / name, auto_answer=auto_answer, tone=VOICES[name]
        ) as phone:
            phone.wait_registered(REGISTER_SECONDS)
            self._ears[name] = phone.hears
            try:
                for what in ("login", "ready"):
                    self._client.send("POST", f"agents/{number}/{what}")
                yield phone
            finally:
                with suppress(HotlineError):  # there may be no call
                    phone.hangup()
                with suppress(HotlineError):
                    self._client.send("POST", f"agents/{number}/logout")

    @contextmanager
    def citizen(self, name: str = "citizen", called: str = "", key: str = MENU_KEY) -> Iterator[SippCitizen]:
        """Let the demo's citizen call; the call is hung up afterwards, whatever happens.

        `name` tells apart several calls, `key` is pressed in the menu.
        """
        citizen = SippCitizen(
            server=self._server,
            folder=self._folder / name,
            called=called or self._demo.number,
            caller=self._demo.caller_number,
            local_ip=self._source,
            hertz=VOICES["citizen"],
            keys=key,
            key_delay_ms=MENU_MS,
        ).start()
        self._ears[name] = citizen.hears
        try:
            yield citizen
        finally:
            try:
                citizen.hangup()
                citizen.wait(HANG_UP_SECONDS)  # killed before its BYE it would stay in the line
            finally:
                citizen.kill()

    def accept(self) -> None:
        """Let the unit's person press the key, if they have answered."""
        self._far_end.press(self._demo.unit_number, "1")

    def hears(self, party: str, expected: set[str], seconds: float) -> list[str]:
        """Return whom a party hears, once it is those expected, or after so many seconds."""
        pitches = {VOICES[voice] for voice in expected}
        now = await_tones(self._ears[party], pitches, VOICES.values(), seconds)
        return [voice for voice, hertz in VOICES.items() if hertz in now]

    def _unit_hears(self, milliseconds: int) -> Any:
        return self._far_end.hears(self._demo.unit_number, milliseconds)

    def _import(self, number: str) -> None:
        contacts = [{"name": "演示", "number": number}]
        (row,) = self._client.send("POST", "units/import", [{**UNIT, "contacts": contacts}])["rows"]
        if not row["stored"]:
            raise NotAllowedError(say("demo.unit_refused", why=row["why"]))


def _carrier(config: Config) -> tuple[str, int, str]:
    """Return where the simulated carrier listens, and the address that its calls come from.

    Raise NotAllowedError if units are called over a real one.
    """
    name = config.threeway.trunk
    trunk = next(each for each in config.hotline.trunks if each.name == name)
    address, _, port = trunk.contact.partition(":")
    if not IPv4Address(address).is_loopback:
        raise NotAllowedError(say("demo.real_trunk", trunk=name))
    return address, int(port), str(trunk.match[0].network_address)
