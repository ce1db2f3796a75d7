"""What leaders.yaml may say: who sits in the halls, on which seats, and what a day must keep (Art. 6)."""

from typing import Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from telephony.config_values import BandText, Digits, Key, Label, Model, Name, Version
from telephony.value_faults import TOLD


class Leader(Model):
    """Who may sit in a hall: of the city government, a unit's head, a district's or a county's leader."""

    code: Name
    name: Label
    post: Label
    kind: Literal["city_government", "unit_head", "district_leader", "county_leader"]
    centre: Name
    unit: Name | None = None
    """The unit whose head it is, by its code in units.yaml."""
    district: Label | None = None

    @model_validator(mode="after")
    def _stands_for_what_it_leads(self) -> "Leader":
        wrong = (self.kind == "unit_head") != (self.unit is not None)
        if wrong or (self.kind == "district_leader") != (self.district is not None):
            raise PydanticCustomError(TOLD, "{key}", {"key": "leader.stands_for"})
        return self


class Seat(Model):
    """A place in a hall: the leader's softphone, the line that leads to it, and who helps there."""

    code: Name
    centre: Name
    agent: Digits
    """The leader's softphone, an agent of agents.yaml who serves `queue` alone."""
    entry: Literal["screened", "direct"]
    queue: Name
    """Where citizens wait for the leader."""
    screening_queue: Name
    """Where citizens wait for a screening agent; who called and was not reached is called back from there."""
    normal_queue: Name
    """Where citizens go who cannot reach the leader any more."""
    assistants: tuple[Digits, ...] = ()
    """Agents who may listen in, whisper, write the case and bring in units."""
    number: Digits | None = None
    """A number of numbers.yaml that is the leader's line alone while a day is open."""
    main_number: Digits | None = None
    """The number on which `key` leads to the leader while a day is open; topics are its other keys."""
    key: Key | None = None


class LeadersFile(Model):
    """leaders.yaml."""

    version: Version
    minutes: int = Field(ge=1, le=600)
    """What a session lasts at least, and the leader is really seated and available or talking."""
    notice_days: int = Field(ge=0, le=31)
    """Full calendar days between the announcement's day and the session's."""
    remind_days: int = Field(ge=1, le=31)
    """So long before the last lawful notice of a month a centre is reminded."""
    hot_weeks: int = Field(ge=1, le=26)
    """The weeks whose calls and cases suggest whose head should come."""
    hours: BandText = "15:00-17:15"
    """The hours that are proposed where none are given."""
    leaders: tuple[Leader, ...]
    seats: tuple[Seat, ...]
