"""What the configuration under config/ may say, beside hotline.yaml; `config_load` reads and checks it."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from telephony.config_hotline import Hotline
from telephony.config_leaders import Leader, LeadersFile, Seat
from telephony.config_returns import ReturnsFile
from telephony.config_values import BandText, Day, Dialable, Digits, Key, Label, Model, Name, Version, Year
from telephony.rules.numbers import national
from telephony.rules.returns import Reach
from telephony.rules.units import Unit
from telephony.rules.workdays import WorkCalendar


class Centre(Model):
    """The city's command centre or a county's sub-centre (Art. 5)."""

    code: Name
    name: Label
    level: Literal["city", "county"]
    transfer_number: Dialable | None = None
    """Where calls for it are transferred to if it is not on this switch; over `transfer_trunk`."""
    transfer_trunk: Name | None = None


class MenuKey(Model):
    """What one key of a number's menu leads to."""

    queue: Name
    name: Label


class Number(Model):
    """A number that citizens call (Art. 3)."""

    number: Digits
    name: Label
    aliases: tuple[Dialable, ...] = ()
    centre: Name
    queue: Name
    priority: int = Field(ge=0, le=100)
    greeting: Name
    menu: Name | None = None
    keys: dict[Key, MenuKey] = Field(default_factory=dict)


class OverflowStep(Model):
    """A limit of a queue, as a wait or a length, and who helps behind it: other queues, or `returns`."""

    to: tuple[Name, ...] = Field(min_length=1)
    after_seconds: float | None = Field(default=None, gt=0, le=86_400)
    length: int | None = Field(default=None, ge=2, le=10_000)


class Queue(Model):
    """Where callers wait."""

    name: Name
    centre: Name
    label: Label
    overflow: tuple[OverflowStep, ...] = ()
    strategy: Literal["rrmemory", "leastrecent", "fewestcalls", "random", "ringall"] = "leastrecent"


class Agent(Model):
    """Someone who answers; skills map a queue to a penalty, 0 is asked first."""

    number: Digits
    name: Label
    centre: Name
    skills: dict[Name, Annotated[int, Field(ge=0, le=100)]]
    role: Literal["agent", "supervisor"] = "agent"
    wrap_up_seconds: int | None = Field(default=None, ge=0, le=3600)
    """In place of everybody's (hotline.yaml, `agents`)."""


class Voice(Model):
    """How the set-up speaks the default prompts."""

    language: Literal["cmn", "en"]
    words_per_minute: int = Field(ge=80, le=400)


class Dialer(Model):
    """How many outbound calls, how fast, and when a trunk is given a rest."""

    channels: int = Field(ge=1, le=2000)
    inbound_share: float = Field(ge=0, le=0.95)
    calls_per_second: float = Field(gt=0, le=1000)
    drain_seconds: int = Field(ge=0, le=120)
    breaker_faults: int = Field(ge=2, le=100)
    breaker_seconds: int = Field(ge=1, le=3600)
    caller_number: Digits


class Survey(Model):
    """What a key means, how often and how long the citizen is asked, and where a person is to be had."""

    keys: dict[Key, Literal["satisfied", "basically_satisfied", "dissatisfied"]] = Field(min_length=3)
    person_key: Key
    asks: int = Field(ge=1, le=3)
    key_seconds: int = Field(ge=1, le=30)
    correction_seconds: int = Field(ge=0, le=10)
    reason_seconds: int = Field(ge=5, le=300)
    person_queue: Name
    person_priority: int = Field(ge=0, le=100)


class RevisitsFile(Model):
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


class ThreeWayFile(Model):
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


class CentresFile(Model):
    """centres.yaml."""

    centres: tuple[Centre, ...] = Field(min_length=1)


class NumbersFile(Model):
    """numbers.yaml."""

    numbers: tuple[Number, ...] = Field(min_length=1)


class QueuesFile(Model):
    """queues.yaml."""

    queues: tuple[Queue, ...] = Field(min_length=1)


class AgentsFile(Model):
    """agents.yaml."""

    agents: tuple[Agent, ...] = Field(min_length=1)


class PromptsFile(Model):
    """prompts.yaml."""

    voice: Voice
    prompts: dict[Name, Label]


class Notice(Model):
    """What the State Council's notice says of a year; both lists are asked for, lest one be forgotten."""

    holidays: tuple[Day, ...] = Field(min_length=1)
    make_up_working_days: tuple[Day, ...]


class HolidaysFile(Model):
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
    returns: ReturnsFile
    leader_days: LeadersFile

    @cached_property
    def leaders(self) -> dict[str, Leader]:
        """Return who may sit in a hall, by code."""
        return {leader.code: leader for leader in self.leader_days.leaders}

    @cached_property
    def seats(self) -> dict[str, Seat]:
        """Return the leaders' seats, by code."""
        return {seat.code: seat for seat in self.leader_days.seats}

    @cached_property
    def halls(self) -> tuple[Seat, ...]:
        """Return the seats where real days are held: all but the demonstration's."""
        return tuple(each for each in self.leader_days.seats if each.code != self.hotline.demo.leader.seat)

    @cached_property
    def real_leaders(self) -> tuple[Leader, ...]:
        """Return who really sits in a hall: all but the demonstration's leader."""
        played = self.hotline.demo.leader.leader
        return tuple(each for each in self.leader_days.leaders if each.code != played)

    @cached_property
    def demo_hall_number(self) -> str:
        """Return the number on which `hotline demo leader-day` plays."""
        seat = self.seats.get(self.hotline.demo.leader.seat)
        return (seat.number or "") if seat else ""

    @cached_property
    def normal_queues(self) -> dict[str, str]:
        """Return for each queue of a leader's line the one where who waits there may go instead."""
        waits = (
            (seat, queue) for seat in self.seats.values() for queue in (seat.queue, seat.screening_queue)
        )
        return {queue: seat.normal_queue for seat, queue in waits}

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
