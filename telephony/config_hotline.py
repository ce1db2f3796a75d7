"""What hotline.yaml may say."""

from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from telephony.config_values import AreaCode, Digits, Endpoint, Key, Label, Model, Name, Port


class Listen(Model):
    """An address and port we listen on."""

    address: IPv4Address
    port: Port


class Sip(Listen):
    """Where Asterisk speaks SIP and RTP."""

    rtp_ports: tuple[Port, Port]
    codecs: tuple[Literal["alaw", "ulaw", "g722", "opus"], ...] = Field(min_length=1)


class Trunk(Model):
    """A line to the public network; `match` says from which addresses its calls come."""

    name: Name
    match: tuple[IPv4Network, ...] = Field(min_length=1)
    contact: Endpoint
    channels: int = Field(default=30, ge=1, le=2000)


class TestPhone(Model):
    """A softphone that plays a citizen in trials."""

    user: Digits
    caller_number: Digits
    name: Label


class Routing(Model):
    """Parameters of the inbound route."""

    service_timeout_seconds: int = Field(ge=1, le=10)
    preferred_ring_seconds: int = Field(ge=5, le=60)
    priority_open_case: int = Field(ge=0, le=100)
    priority_missed_by_us: int = Field(ge=0, le=100)
    missed_by_us_hours: int = Field(ge=1, le=720)
    known_agent_days: int = Field(ge=1, le=365)
    blacklist_days: int = Field(ge=1, le=365)


class PauseReason(Model):
    """Why an agent takes no calls; a pause of more than `minutes` raises an alarm, None is for ever."""

    name: Name
    minutes: float | None = Field(default=None, gt=0, le=1440)


def _pause_reason(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


class AgentRules(Model):
    """Parameters that hold for every agent."""

    ring_seconds: int = Field(ge=5, le=60)
    wrap_up_seconds: int = Field(ge=0, le=600)
    missed_rings_to_pause: int = Field(ge=1, le=10)
    pause_reasons: tuple[Annotated[PauseReason, BeforeValidator(_pause_reason)], ...] = Field(min_length=1)

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return the names of the reasons in their order."""
        return tuple(reason.name for reason in self.pause_reasons)


class Waiting(Model):
    """How the waiting room talks to those who wait, and by what it says how long it will take."""

    ask_seconds: int = Field(ge=2, le=60)
    word_seconds: int = Field(ge=5, le=600)
    window_minutes: int = Field(ge=5, le=240)
    fewest_answers: int = Field(ge=1, le=50)


class KeepDays(Model):
    """How many days of 24 hours recordings are kept, by kind."""

    calls: int = Field(ge=1, le=36500)
    reasons: int = Field(ge=1, le=36500)
    three_way: int = Field(ge=1, le=36500)


class Recording(Model):
    """What is said before a call is recorded; pauses; how long recordings are kept, and with which key."""

    notice: Name
    pause_limit_seconds: int = Field(ge=5, le=3600)
    pause_reasons: tuple[Name, ...] = Field(min_length=1, max_length=9)
    keep_days: KeepDays
    key_file: Label | None = None


class StormRules(Model):
    """What a storm does while it is on."""

    overflow_factor: float = Field(gt=0, le=1)
    revisits_rest: bool


class ServiceFigures(Model):
    """By what the service figures are measured (GB/T 33358-2016)."""

    within_seconds: float = Field(ge=1, le=300)
    target_rate: float = Field(gt=0, le=1)
    short_abandon_seconds: float = Field(ge=0, le=60)


class Rating(Model):
    """What a caller may say of the service when the agent has hung up; without `queues` all are asked."""

    enabled: bool
    keys: dict[Key, Label] = Field(min_length=2)
    queues: tuple[Name, ...] = ()
    key_seconds: int = Field(default=5, ge=1, le=20)


class DemoLine(Model):
    """The number, the queues and the agents of `hotline demo waiting`: nobody else's.

    `busy_queue` spills over to the helper's queue and then to returns; `queue` does not.
    """

    number: Digits
    queue: Name
    busy_queue: Name
    agent: Digits
    helper: Digits


class DemoLeader(Model):
    """Where `hotline demo leader-day` plays: a seat and a leader of leaders.yaml, who are nobody's.

    `screener` is the one agent who serves the seat's screening queue.
    """

    seat: Name
    leader: Name
    screener: Digits


class Demo(Model):
    """The simulated citizen of `hotline demo`; the unit's number is nobody else's, so no call is mistaken."""

    caller_number: Digits
    unit_number: Digits
    number: Digits
    queue: Name
    agent: Digits
    line: DemoLine
    leader: DemoLeader

    @property
    def queues(self) -> frozenset[str]:
        """Return the queues in which only the demo's citizen waits."""
        return frozenset({self.queue, self.line.queue, self.line.busy_queue})

    def is_owed_nothing(self, number: str | None, queue: str | None) -> bool:
        """Tell whether a caller is the demo's citizen and is not to be called back: only the line's is."""
        return number == self.caller_number and queue not in {self.line.queue, self.line.busy_queue}


class Hotline(Model):
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
