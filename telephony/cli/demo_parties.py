"""The three who take part in the demonstration of a three-way call, each with a voice of its own pitch."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
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

VOICES = {"citizen": 2050, "agent": 2350, "unit": 2650}
"""In Hz: above what music and most of speech hold."""
RING_MS = 1500
MENU_KEY, MENU_MS = "1", 1000
"""Pressed during the greeting: it need not be heard to its end."""
REGISTER_SECONDS = 10.0
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
        try:
            self._far_end.start()
        except OSError as error:
            raise NotAllowedError(say("demo.carrier", address=self._address, port=self._port)) from error
        number = self._demo.unit_number
        voice = Behaviour(ring_ms=RING_MS, answer=True, voice="tone", hertz=VOICES["unit"])
        self._far_end.plan(number, [voice])
        try:
            self._import(number)
            yield UNIT["code"]
        finally:
            with suppress(HotlineError):  # what went wrong before is what the person should read
                self._client.send("DELETE", f"units/{UNIT['code']}")
            self._far_end.stop()

    @contextmanager
    def agent(self) -> Iterator[str]:
        """Have the demo's agent registered and ready; it is logged out afterwards, whatever happens."""
        number = self._demo.agent
        password = self._client.get(f"agents/{number}/credentials")["password"]
        voice = VOICES["agent"]
        with Baresip(
            number, password, self._server, self._folder / "agent", auto_answer=True, tone=voice
        ) as phone:
            phone.wait_registered(REGISTER_SECONDS)
            self._ears["agent"] = phone.hears
            try:
                for what in ("login", "ready"):
                    self._client.send("POST", f"agents/{number}/{what}")
                yield number
            finally:
                phone.hangup()
                with suppress(HotlineError):
                    self._client.send("POST", f"agents/{number}/logout")

    @contextmanager
    def citizen(self, name: str = "citizen") -> Iterator[str]:
        """Let the demo's citizen call; the call is hung up afterwards. `name` tells apart several calls."""
        citizen = SippCitizen(
            server=self._server,
            folder=self._folder / name,
            called=self._demo.number,
            caller=self._demo.caller_number,
            local_ip=self._source,
            hertz=VOICES["citizen"],
            keys=MENU_KEY,
            key_delay_ms=MENU_MS,
        ).start()
        self._ears[name] = citizen.hears
        try:
            yield self._demo.caller_number
            citizen.hangup()
            citizen.wait()  # killed before its BYE it would stay in the line
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
