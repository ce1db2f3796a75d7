"""Read config/ and check it as a whole: every problem in one line with file, line and key."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from telephony import calendars
from telephony.config import (
    AgentsFile,
    CentresFile,
    Config,
    NumbersFile,
    PromptsFile,
    QueuesFile,
    RevisitsFile,
    ThreeWayFile,
)
from telephony.config_checks import Files, Problem, contradictions
from telephony.config_hotline import Hotline
from telephony.config_leaders import LeadersFile
from telephony.config_returns import ReturnsFile
from telephony.config_units import UnitsFile
from telephony.errors import ConfigError
from telephony.rules.workdays import WorkCalendar
from telephony.value_faults import validated
from telephony.yaml_source import YamlSource

M = TypeVar("M", bound=BaseModel)


def load(directory: Path) -> Config:
    """Return the whole configuration; raise ConfigError with every problem, one line each."""
    reader = _Reader(directory)
    files = reader.files()
    config = Config(
        directory,
        files.hotline,
        {c.code: c for c in files.centres.centres},
        {n.number: n for n in files.numbers.numbers},
        {q.name: q for q in files.queues.queues},
        {a.number: a for a in files.agents.agents},
        files.prompts,
        files.calendar,
        files.revisits,
        {entry.code: entry.unit() for entry in files.units.units},
        files.threeway,
        files.returns,
        files.leaders,
    )
    reader.check(contradictions(config, files))
    return config


class _Reader:
    """Reads the files and gathers the problems."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._sources: dict[str, YamlSource] = {}
        self._problems: list[str] = []

    def files(self) -> Files:
        """Return every file, each fit for itself; raise ConfigError."""
        hotline, centres = self._read(Hotline, "hotline"), self._read(CentresFile, "centres")
        numbers, queues = self._read(NumbersFile, "numbers"), self._read(QueuesFile, "queues")
        agents, prompts = self._read(AgentsFile, "agents"), self._read(PromptsFile, "prompts")
        revisits, units = self._read(RevisitsFile, "revisits"), self._read(UnitsFile, "units")
        threeway, calendar = self._read(ThreeWayFile, "threeway"), self._calendar()
        returns, leaders = self._read(ReturnsFile, "returns"), self._read(LeadersFile, "leaders")
        if not (hotline and centres and numbers and queues and agents) or not (
            prompts and revisits and units and threeway and returns and leaders and calendar
        ):
            raise ConfigError("\n".join(self._problems))
        rules = (revisits, units, threeway, returns, leaders, calendar)
        return Files(hotline, centres, numbers, queues, agents, prompts, *rules)

    def check(self, problems: Iterable[Problem]) -> None:
        """Raise ConfigError if there is a problem."""
        lines = [self._sources[name].problem(loc, text) for name, loc, text in problems]
        if lines:
            raise ConfigError("\n".join(lines))

    def _read(self, model: type[M], name: str) -> M | None:
        try:
            source = self._sources[name] = YamlSource(self._directory / f"{name}.yaml")
            return validated(model, source)
        except ConfigError as error:
            self._problems.append(str(error))
        return None

    def _calendar(self) -> WorkCalendar | None:
        try:
            return calendars.load(self._directory)
        except ConfigError as error:
            self._problems.append(str(error))
        return None
