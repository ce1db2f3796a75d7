"""Read config/ and check it as a whole: every problem in one line with file, line and key."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from telephony.config import (
    AgentsFile,
    CentresFile,
    Config,
    Hotline,
    NumbersFile,
    PromptsFile,
    QueuesFile,
)
from telephony.errors import ConfigError
from telephony.yaml_source import Loc, YamlSource

FILES = ("hotline", "centres", "numbers", "queues", "agents", "prompts")
M = TypeVar("M", bound=BaseModel)
Problem = tuple[str, Loc, str]
"""A file's name, where in it, and what is wrong."""


def load(directory: Path) -> Config:
    """Return the whole configuration; raise ConfigError with every problem, one line each."""
    sources = _sources(directory)
    config = _validated(directory, sources)
    problems = [sources[name].problem(loc, text) for name, loc, text in _contradictions(config, sources)]
    if problems:
        raise ConfigError("\n".join(problems))
    return config


def _sources(directory: Path) -> dict[str, YamlSource]:
    problems: list[str] = []
    sources: dict[str, YamlSource] = {}
    for name in FILES:
        try:
            sources[name] = YamlSource(directory / f"{name}.yaml")
        except ConfigError as error:
            problems.append(str(error))
    if problems:
        raise ConfigError("\n".join(problems))
    return sources


def _validated(directory: Path, sources: dict[str, YamlSource]) -> Config:
    problems: list[str] = []

    def parse(model: type[M], name: str) -> M | None:
        try:
            return model.model_validate(sources[name].data)
        except ValidationError as error:
            problems.extend(sources[name].problem(e["loc"], e["msg"]) for e in error.errors())
            return None

    hotline, prompts = parse(Hotline, "hotline"), parse(PromptsFile, "prompts")
    centres, numbers = parse(CentresFile, "centres"), parse(NumbersFile, "numbers")
    queues, agents = parse(QueuesFile, "queues"), parse(AgentsFile, "agents")
    if not (hotline and centres and numbers and queues and agents and prompts):
        raise ConfigError("\n".join(problems))
    return Config(
        directory,
        hotline,
        {c.code: c for c in centres.centres},
        {n.number: n for n in numbers.numbers},
        {q.name: q for q in queues.queues},
        {a.number: a for a in agents.agents},
        prompts,
    )


def _contradictions(config: Config, sources: dict[str, YamlSource]) -> Iterator[Problem]:
    yield from _doubles(sources)
    yield from _hotline(config)
    yield from _numbers(config)
    for index, queue in enumerate(config.queues.values()):
        yield from _known("queues", ("queues", index, "centre"), queue.centre, config.centres)
    for index, agent in enumerate(config.agents.values()):
        yield from _known("agents", ("agents", index, "centre"), agent.centre, config.centres)
        for skill in agent.skills:
            yield from _known("agents", ("agents", index, "skills", skill), skill, config.queues)


def _doubles(sources: dict[str, YamlSource]) -> Iterator[Problem]:
    for name, key in (("centres", "code"), ("numbers", "number"), ("queues", "name"), ("agents", "number")):
        rows = sources[name].data[name]
        counts = Counter(row[key] for row in rows)
        for index, row in enumerate(rows):
            if counts[row[key]] > 1:
                yield name, (name, index, key), f"{row[key]} stands {counts[row[key]]} times; keep one"


def _hotline(config: Config) -> Iterator[Problem]:
    hotline, demo = config.hotline, config.hotline.demo
    yield from _known("hotline", ("default_queue",), hotline.default_queue, config.queues)
    yield from _known("hotline", ("recording", "notice"), hotline.recording.notice, config.prompts.prompts)
    yield from _known("hotline", ("demo", "queue"), demo.queue, config.queues)
    yield from _known("hotline", ("demo", "number"), demo.number, config.numbers)
    yield from _known("hotline", ("demo", "agent"), demo.agent, config.agents)
    low, high = hotline.sip.rtp_ports
    if low >= high:
        yield "hotline", ("sip", "rtp_ports"), "the first port must be below the second"
    for index, phone in enumerate(hotline.test_phones):
        if phone.user in config.agents:
            yield "hotline", ("test_phones", index, "user"), f"{phone.user} is an agent; choose another user"


def _numbers(config: Config) -> Iterator[Problem]:
    for index, number in enumerate(config.numbers.values()):
        here = ("numbers", index)
        yield from _known("numbers", (*here, "centre"), number.centre, config.centres)
        yield from _known("numbers", (*here, "queue"), number.queue, config.queues)
        yield from _known("numbers", (*here, "greeting"), number.greeting, config.prompts.prompts)
        for key, target in number.keys.items():
            yield from _known("numbers", (*here, "keys", key, "queue"), target.queue, config.queues)
        if number.menu is not None:
            yield from _known("numbers", (*here, "menu"), number.menu, config.prompts.prompts)
        if bool(number.keys) != (number.menu is not None):
            yield "numbers", (*here, "keys"), "a menu needs keys and keys need a menu; give both or neither"


def _known(name: str, loc: Loc, value: str, known: Iterable[str]) -> Iterator[Problem]:
    names = list(known)
    if value not in names:
        yield name, loc, f"{value} is not defined; known are {', '.join(names[:12])}"
