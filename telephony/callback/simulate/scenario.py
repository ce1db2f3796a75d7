"""What a scenario may say (issue 3, point 9). JSON is YAML: both are read alike."""

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from telephony.config_values import BandText, Dialable
from telephony.rules.bands import overlap, parse_band
from telephony.rules.workdays import CHINA
from telephony.value_faults import TOLD, validated
from telephony.yaml_source import YamlSource

POINTS = Literal[
    "after_reserved",
    "after_dialling_committed",
    "after_originate_sent",
    "while_ringing",
    "before_verdict_committed",
]


LEAST_MOBILE = 10**10


def _zoned(value: Any) -> Any:
    """Read a time; one without a zone is Shanghai's."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return value
    return value.replace(tzinfo=CHINA) if isinstance(value, datetime) and value.tzinfo is None else value


def _text(value: Any) -> Any:
    """Read keys and names that YAML took for whole numbers as the text that was meant."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _number(value: Any) -> Any:
    """Read a mobile number without quotes; a shorter one may have lost a 0, or be octal."""
    return str(value) if isinstance(value, int) and value >= LEAST_MOBILE else value


def _no_alerting(value: Any) -> Any:
    return "none" if value is None else value


Instant = Annotated[datetime, BeforeValidator(_zoned)]
Number = Annotated[Dialable, BeforeValidator(_number)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FarEnd(_Model):
    """What the far end does with one call; it rings out where nothing else is said."""

    alerting: Annotated[Literal[180, 183, "none"], BeforeValidator(_no_alerting)] = "none"
    ring_seconds: float = Field(default=0, ge=0, le=3600)
    final: Annotated[int, Field(ge=400, le=699)] | Literal["timeout"] = "timeout"
    answered: bool = False
    keys: Annotated[str, BeforeValidator(_text), Field(max_length=40)] = ""


class Case(_Model):
    """A case and what its citizen's telephone does, one entry a call; the last one repeats."""

    case: Annotated[str, BeforeValidator(_text), Field(min_length=1, max_length=40)]
    numbers: tuple[Number, ...] = Field(max_length=20)
    category: str | None = Field(default=None, max_length=1)
    replied_at: Instant
    calls: Annotated[tuple[FarEnd, ...], Field(min_length=1)] = (FarEnd(alerting=180),)
    inbound: tuple[Instant, ...] = ()


class Crash(_Model):
    """The service dies at the next point of that name after the time, and starts again."""

    at: Instant
    point: POINTS
    down: float = Field(ge=0, le=30 * 86400)


class Scenario(_Model):
    """A scenario; what it leaves out comes from the configuration."""

    start: Instant
    end: Instant
    channels: int | None = Field(default=None, ge=1, le=2000)
    bands: tuple[BandText, ...] | None = Field(default=None, min_length=1)
    ring_floor: int | None = Field(default=None, ge=1, le=120)
    daily_cap: int | None = Field(default=None, ge=1, le=10)
    cases: tuple[Case, ...]
    crashes: tuple[Crash, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> "Scenario":
        if self.end <= self.start:
            raise PydanticCustomError(TOLD, "{key}", {"key": "scenario.end"})
        if self.bands is not None and overlap([parse_band(text) for text in self.bands]):
            raise PydanticCustomError(TOLD, "{key}", {"key": "config.bands_overlap"})
        names = [case.case for case in self.cases]
        if len(set(names)) < len(names):
            raise PydanticCustomError(TOLD, "{key}", {"key": "scenario.double"})
        return self


def read(path: Path) -> Scenario:
    """Return the scenario in a file; raise ConfigError with a line for each value that is wrong."""
    try:
        return Scenario.model_validate(json.loads(path.read_bytes()))  # quick: a month is several megabytes
    except (OSError, ValueError, RecursionError):
        return validated(Scenario, YamlSource(path))  # no JSON, or wrong: YAML names the lines
