"""What the configuration under config/ may say; `config_load` reads and checks it."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict, StringConstraints
from pydantic_core import PydanticKnownError

from telephony.rules.bands import parse_band
from telephony.rules.numbers import national
from telephony.rules.returns import Reach
from telephony.rules.units import Unit
from telephony.rules.workdays import WorkCalendar

if TYPE_CHECKING:
    from telephony.config_returns import ReturnsFile  # it is made of what stands below

FORMS = {
    "name": r"^[a-z][a-z0-9-]{0,39}$",
    "digits": r"^[0-9]{3,16}$",
    "area_code": r"^0[0-9]{2,3}$",
    "dialable": r"^\+?[0-9]{3,20}$",
    "label": r"^[^\x00-\x1f;]+$",
    "endpoint": r"^[0-9.]+:[0-9]{1,5}$",
    "key": r"^[0-9]$",
    "band": r"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$",
    "version": r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$",
    "short_code": r"^[0-9]{3,6}$",
    "phone": r"^\+?[0-9]{3,19}$",
}
"""What a value looks like; `form.` in the catalogue says each in words."""


def _endpoint(value: str) -> str:
    address, _, port = value.partition(":")
    try:
        IPv4Address(address)
    except ValueError as error:
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": FORMS["endpoint"]}) from error
    if not 1 <= int(port) <= 65535:  # noqa: PLR2004 - what TCP and UDP have
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": FORMS["endpoint"]})
    return value


Name = Annotated[str, StringConstraints(pattern=FORMS["name"])]
"""Queues, centres, prompts, reasons: they reach the switch, so letters, digits and hyphens only."""
Digits = Annotated[str, StringConstraints(pattern=FORMS["digits"])]
Dialable = Annotated[str, StringConstraints(pattern=FORMS["dialable"])]
Label = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=FORMS["label"])]
Port = Annotated[int, Field(ge=1, le=65535)]
Endpoint = Annotated[str, StringConstraints(pattern=FORMS["endpoint"]), AfterValidator(_endpoint)]
AreaCode = Annotated[str, StringConstraints(pattern=FORMS["area_code"])]
Key = Annotated[str, StringConstraints(pattern=FORMS["key"])]
Version = Annotated[str, StringConstraints(pattern=FORMS["version"])]


def _band(value: str) -> str:
    try:
        parse_band(value)
    except ValueError as error:
        raise PydanticKnownError("string_pattern_mismatch", {"pattern": FORMS["band"]}) from error
    return value


BandText = Annotated[str, StringConstraints(pattern=FORMS["band"]), AfterValidator(_band)]
Year = Annotated[int, Field(ge=2004, le=2099), Strict()]
"""Strict, or a year in quotes would take the place of the same year without them, in silence."""
Day = Annotated[date, Strict()]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Listen(_Model):
    """An address and port we listen on."""

    address: IPv4Address
    port: Port


class Sip(Listen):
    """Where Asterisk speaks SIP and RTP."""

    rtp_ports: tuple[Port, Port]
    codecs: tuple[Literal["alaw", "ulaw", "g722", "opus"], ...] = Field(min_length=1)


class Trunk(_Model):
    """A line to the public network; `match` says from which addresses its calls come."""

    name: Name
    match: tuple[IPv4Network, ...] = Field(min_length=1)
    contact: Endpoint
    channels: int = Field(default=30, ge=1, le=2000)


class TestPhone(_Model):
    """A softphone that plays a citizen in trials."""

    user: Digits
    caller_number: Digits
    name: Label


class Routing(_Model):
    """Parameters of the inbound route."""

    service_timeout_seconds: int = Field(ge=1, le=10)
    preferred_ring_seconds: int = Field(ge=5, le=60)
    priority_open_case: int = Field(ge=0, le=100)
    priority_missed_by_us: int = Field(ge=0, le=100)
    missed_by_us_hours: int = Field(ge=1, le=720)
    known_agent_days: int = Field(ge=1, le=365)
    blacklist_days: int = Field(ge=1, le=365)


class PauseReason(_Model):
    """Why an agent takes no calls; a pause of more than `minutes` raises an alarm, None is for ever."""

    name: Name
    minutes: float | None = Field(default=None, gt=0, le=1440)


def _pause_reason(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class AgentRules(_Model):
    """Parameters that hold for every agent."""

    ring_seconds: int = Field(ge=5, le=60)
    wrap_up_seconds: int = Field(ge=0, le=600)
    missed_rings_to_pause: int = Field(ge=1, le=10)
    pause_reasons: tuple[Annotated[PauseReason, BeforeValidator(_pause_reason)], ...] = Field(min_length=1)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the names of the reasons in their order."""
        return tuple(reason.name for reason in self.pause_reasons)


class Waiting(_Model):
    """How the waiting room talks to those who wait, and by what it says how long it will take."""

    ask_seconds: int = Field(ge=2, le=60)
    word_seconds: int = Field(ge=5, le=600)
    window_minutes: int = Field(ge=5, le=240)
    fewest_answers: int = Field(ge=1, le=50)


class KeepDays(_Model):
    """How many days of 24 hours recordings are kept, by kind."""

    calls: int = Field(ge=1, le=36500)
    reasons: int = Field(ge=1, le=36500)
    three_way: int = Field(ge=1, le=36500)


class Recording(_Model):
    """What is said before a call is recorded; pauses; how long recordings are kept, and with which key."""

    notice: Name
    pause_limit_seconds: int = Field(ge=5, le=3600)
    pause_reasons: tuple[Name, ...] = Field(min_length=1, max_length=9)
    keep_days: KeepDays
    key_file: Label | None = None


class StormRules(_Model):
    """What a storm does while it is on."""

    overflow_factor: float = Field(gt=0, le=1)
    revisits_rest: bool


class ServiceFigures(_Model):
    """By what the service figures are measured (GB/T 33358-2016)."""

    within_seconds: float = Field(ge=1, le=300)
    target_rate: float = Field(gt=0, le=1)
    short_abandon_seconds: float = Field(ge=0, le=60)


class Rating(_Model):
    """What a caller may say of the service when the agent has hung up; without `queues` all are asked."""

    enabled: bool
    keys: dict[Key, Label] = Field(min_length=2)
    queues: tuple[Name, ...] = ()
    key_seconds: int = Field(default=5, ge=1, le=20)


class DemoLine(_Model):
    """The number, the queues and the agents of `hotline demo waiting`: nobody else's.

    `busy_queue` spills over to the helper's queue and then to returns; `queue` does not.
    """

    number: Digits
    queue: Name
    busy_queue: Name
    agent: Digits
    helper: Digits


class Demo(_Model):
    """The simulated citizen of `hotline demo`; the unit's number is nobody else's, so no call is mistaken."""

    caller_number: Digits
    unit_number: Digits
    number: Digits
    queue: Name
    agent: Digits
    line: DemoLine

    @property
    def queues(self) -> frozenset[str]:
        """Return the queues in which only the demo's citizen waits."""
        return frozenset({self.queue, self.line.queue, self.line.busy_queue})

    def is_owed_nothing(self, number: str | None, queue: str | None) -> bool:
        """Tell whether a caller is the demo's citizen and is not to be called back: only the line's is."""
        return number == self.caller_number and queue not in {self.line.queue, self.line.busy_queue}


class Hotline(_Model):
    """hotline.yaml."""

    version: Literal[1]
    database: str
    area_code: AreaCode
    default_queue: Name
    sip: Sip
    agi: Listen
    ami: Listen
    api: Listen
    trunks: tuple[Trunk, ...]
    test_phones: tuple[TestPhone, ...] = ()
    routing: Routing
    agents: AgentRules
    waiting: Waiting
    recording: Recording
    storm: StormRules
    figures: ServiceFigures
    rating: Rating
    demo: Demo


class Centre(_Model):
    """The city's command centre or a county's sub-centre (Art. 5)."""

    code: Name
    name: Label
    level: Literal["city", "county"]
    transfer_number: Dialable | None = None
    """Where calls for it are transferred to if it is not on this switch; over `transfer_trunk`."""
    transfer_trunk: Name | None = None


class MenuKey(_Model):
    """What one key of a number's menu leads to."""

    queue: Name
    name: Label


class Number(_Model):
    """A number that citizens call (Art. 3)."""

    number: Digits
    name: Label
    aliases: tuple[Dialable, ...] = ()
    centre: Name
    queue: Name
    priority: int = Field(ge=0, le=100)
    greeting: Name
    menu: Name | None = None
    keys: dict[Key, MenuKey] = {}


class OverflowStep(_Model):
    """A limit of a queue, as a wait or a length, and who helps behind it: other queues, or `returns`."""

    to: tuple[Name, ...] = Field(min_length=1)
    after_seconds: float | None = Field(default=None, gt=0, le=86_400)
    length: int | None = Field(default=None, ge=2, le=10_000)


class Queue(_Model):
    """Where callers wait."""

    name: Name
    centre: Name
    label: Label
    overflow: tuple[OverflowStep, ...] = ()
    strategy: Literal["rrmemory", "leastrecent", "fewestcalls", "random", "ringall"] = "leastrecent"


class Agent(_Model):
    """Someone who answers; skills map a queue to a penalty, 0 is asked first."""

    number: Digits
    name: Label
    centre: Name
    skills: dict[Name, Annotated[int, Field(ge=0, le=100)]]
    role: Literal["agent", "supervisor"] = "agent"


class Voice(_Model):
    """How the set-up speaks the default prompts."""

    language: Literal["cmn", "en"]
    words_per_minute: int = Field(ge=80, le=400)


class Dialer(_Model):
    """How many outbound calls, how fast, and when a trunk is given a rest."""

    channels: int = Field(ge=1, le=2000)
    inbound_share: float = Field(ge=0, le=0.95)
    calls_per_second: float = Field(gt=0, le=1000)
    drain_seconds: int = Field(ge=0, le=120)
    breaker_faults: int = Field(ge=2, le=100)
    breaker_seconds: int = Field(ge=1, le=3600)
    caller_number: Digits


class Survey(_Model):
    """What a key means, how often and how long the citizen is asked, and where a person is to be had."""

    keys: dict[Key, Literal["satisfied", "basically_satisfied", "dissatisfied"]] = Field(min_length=3)
    person_key: Key
    asks: int = Field(ge=1, le=3)
    key_seconds: int = Field(ge=1, le=30)
    correction_seconds: int = Field(ge=0, le=10)
    reason_seconds: int = Field(ge=5, le=300)
    person_queue: Name
    person_priority: int = Field(ge=0, le=100)


class RevisitsFile(_Model):
    """revisits.yaml: when citizens are called back, and how (Art. 16, 17)."""

    version: Version
    mode: Literal["production", "test"]
    bands: tuple[BandText, ...] = Field(min_length=1)
    ring_floor_seconds: int = Field(ge=1, le=120)
    guard_extra_seconds: int = Field(default=15, ge=1, le=60)
    interval_minutes: float = Field(gt=0, le=1440)
    daily_cap: int = Field(ge=1, le=10)
    attempts_per_round: int = Field(ge=2, le=50)
    busy_retry_minutes: float = Field(ge=15, le=30)
    failed_retry_minutes: float = Field(ge=1, le=60)
    number_gap_minutes: float = Field(ge=0, le=240)
    voidable_days: int = Field(ge=1, le=365)
    priority_called_back: int = Field(ge=0, le=100)
    dialer: Dialer
    survey: Survey


class ThreeWayFile(_Model):
    """threeway.yaml: how units are brought into a call (Art. 8)."""

    ring_seconds: int = Field(ge=1, le=120)
    at_once: Literal[1, 2]
    ask_seconds: int = Field(ge=1, le=600)
    word_seconds: int = Field(ge=1, le=60)
    emergency_rest_seconds: int = Field(ge=1, le=30)
    key_asks: int = Field(ge=1, le=5)
    key_seconds: int = Field(ge=1, le=20)
    refusals: dict[Key, Literal["busy", "not_ours", "other"]] = Field(min_length=1)
    agent_ring_seconds: int = Field(ge=1, le=60)
    caller_number: Digits
    trunk: Name


class CentresFile(_Model):
    """centres.yaml."""

    centres: tuple[Centre, ...] = Field(min_length=1)


class NumbersFile(_Model):
    """numbers.yaml."""

    numbers: tuple[Number, ...] = Field(min_length=1)


class QueuesFile(_Model):
    """queues.yaml."""

    queues: tuple[Queue, ...] = Field(min_length=1)


class AgentsFile(_Model):
    """agents.yaml."""

    agents: tuple[Agent, ...] = Field(min_length=1)


class PromptsFile(_Model):
    """prompts.yaml."""

    voice: Voice
    prompts: dict[Name, Label]


class Notice(_Model):
    """What the State Council's notice says of a year; both lists are asked for, lest one be forgotten."""

    holidays: tuple[Day, ...] = Field(min_length=1)
    make_up_working_days: tuple[Day, ...]


class HolidaysFile(_Model):
    """holidays.yaml."""

    years: dict[Year, Notice]


@dataclass(frozen=True)
class Config:
    """All of config/, each thing under the name by which others refer to it."""

    directory: Path
    hotline: Hotline
    centres: dict[str, Centre]
    numbers: dict[str, Number]
    queues: dict[str, Queue]
    agents: dict[str, Agent]
    prompts: PromptsFile
    calendar: WorkCalendar
    revisits: RevisitsFile
    units: dict[str, Unit]
    threeway: ThreeWayFile
    returns: "ReturnsFile"

    @cached_property
    def own_numbers(self) -> frozenset[str]:
        """Return every number that leads to us, or that whom we call sees, as written and in the one form."""
        written = {self.hotline.demo.unit_number, *self.numbers}
        written |= {alias for number in self.numbers.values() for alias in number.aliases}
        written |= {self.revisits.dialer.caller_number, self.threeway.caller_number}
        forms = (national(each, self.hotline.area_code) for each in written)
        return frozenset(written.union(form for form in forms if form))

    @cached_property
    def reach(self) -> Reach:
        """Return whom the dialer may call back."""
        return Reach(self.own_numbers, self.hotline.demo.caller_number)

    def calls_back(self, number: str, queue: str) -> bool:
        """Tell whether a caller may be told that we call back: the demo's citizen only on the demo's line."""
        return self.reach.includes(number) and not self.hotline.demo.is_owed_nothing(number, queue)
