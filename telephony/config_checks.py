"""What must hold between the files of config/: names that are known, limits that go together."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

from telephony.config import (
    AgentsFile,
    CentresFile,
    Config,
    NumbersFile,
    PromptsFile,
    Queue,
    QueuesFile,
    RevisitsFile,
    ThreeWayFile,
)
from telephony.config_hotline import Hotline
from telephony.config_leaders import LeadersFile, Seat
from telephony.config_returns import ReturnsFile
from telephony.config_units import UnitsFile
from telephony.rules.bands import overlap, parse_band
from telephony.rules.leader_day import KINDS
from telephony.rules.overflow import RETURNS
from telephony.rules.revisit import RATED
from telephony.rules.units import EMERGENCY_NUMBERS
from telephony.rules.workdays import WorkCalendar
from telephony.texts import say
from telephony.yaml_source import Loc

LEAST_RING_FLOOR, LEAST_INTERVAL = 45, 180
"""Seconds and minutes that a production configuration may not go below (Art. 17)."""
Problem = tuple[str, Loc, str]
"""A file's name, where in it, and what is wrong."""

OWN_TRUNKS = frozenset({"udp", "tcp", "global", "agent", "citizen", "password", "one-phone"})
"""Sections that our pjsip.conf has already: a trunk of that name would change them."""
OWN_QUEUES = frozenset({"general", RETURNS})
"""Sections that our queues.conf has already, beside `agent-NUMBER`; and where the last overflow leads."""


@dataclass(frozen=True)
class Files:
    """What stands in each file, row by row: an index here is an index there."""

    hotline: Hotline
    centres: CentresFile
    numbers: NumbersFile
    queues: QueuesFile
    agents: AgentsFile
    prompts: PromptsFile
    revisits: RevisitsFile
    units: UnitsFile
    threeway: ThreeWayFile
    returns: ReturnsFile
    leaders: LeadersFile
    calendar: WorkCalendar


def contradictions(config: Config, files: Files) -> Iterator[Problem]:
    """Say what does not go together, each with its file and place."""
    yield from _doubles(files)
    yield from _hotline(config)
    yield from _names(files)
    yield from _numbers(config, files.numbers)
    yield from _revisits(config)
    yield from _survey(config)
    yield from _emergencies(files.units)
    yield from _centres(config)
    yield from _threeway(config)
    yield from _returns(config)
    yield from _leaders(config)
    yield from _seats(config)
    for index, queue in enumerate(files.queues.queues):
        yield from _known("queues", ("queues", index, "centre"), queue.centre, config.centres)
        yield from _overflow(config, queue, ("queues", index, "overflow"))
    for index, agent in enumerate(files.agents.agents):
        yield from _known("agents", ("agents", index, "centre"), agent.centre, config.centres)
        for skill in agent.skills:
            yield from _known("agents", ("agents", index, "skills", skill), skill, config.queues)


def _doubles(files: Files) -> Iterator[Problem]:
    trunks, phones = files.hotline.trunks, files.hotline.test_phones
    yield from _once(
        "centres", [(("centres", i, "code"), c.code) for i, c in enumerate(files.centres.centres)]
    )
    yield from _once("queues", [(("queues", i, "name"), q.name) for i, q in enumerate(files.queues.queues)])
    yield from _once(
        "agents", [(("agents", i, "number"), a.number) for i, a in enumerate(files.agents.agents)]
    )
    yield from _once("hotline", [(("trunks", i, "name"), t.name) for i, t in enumerate(trunks)])
    yield from _once("hotline", [(("test_phones", i, "user"), p.user) for i, p in enumerate(phones)])
    yield from _once("numbers", list(_dialled(files.numbers)))
    units = files.units.units
    yield from _once("units", [(("units", i, "code"), u.code) for i, u in enumerate(units)])
    yield from _once("units", [(("units", i, "short_code"), u.short_code) for i, u in enumerate(units)])


def _dialled(file: NumbersFile) -> Iterator[tuple[Loc, str]]:
    for index, number in enumerate(file.numbers):
        yield ("numbers", index, "number"), number.number
        for place, alias in enumerate(number.aliases):
            yield ("numbers", index, "aliases", place), alias


def _once(name: str, entries: Sequence[tuple[Loc, str]]) -> Iterator[Problem]:
    counts = Counter(value for _, value in entries)
    for loc, value in entries:
        if counts[value] > 1:
            yield name, loc, say("config.double", value=value, count=counts[value])


def _names(files: Files) -> Iterator[Problem]:
    for index, trunk in enumerate(files.hotline.trunks):
        if trunk.name in OWN_TRUNKS or trunk.name.endswith("-from"):
            yield "hotline", ("trunks", index, "name"), say("config.our_name", name=trunk.name)
    for index, queue in enumerate(files.queues.queues):
        if queue.name in OWN_QUEUES or queue.name.startswith("agent-"):
            yield "queues", ("queues", index, "name"), say("config.our_name", name=queue.name)


def _hotline(config: Config) -> Iterator[Problem]:
    hotline, demo = config.hotline, config.hotline.demo
    yield from _known("hotline", ("default_queue",), hotline.default_queue, config.queues)
    yield from _known("hotline", ("recording", "notice"), hotline.recording.notice, config.prompts.prompts)
    yield from _known("hotline", ("demo", "queue"), demo.queue, config.queues)
    yield from _known("hotline", ("demo", "number"), demo.number, config.numbers)
    yield from _known("hotline", ("demo", "agent"), demo.agent, config.agents)
    yield from _demo_line(config)
    yield from _demo_leader(config)
    for index, queue in enumerate(hotline.rating.queues):
        yield from _known("hotline", ("rating", "queues", index), queue, config.queues)
    if demo.unit_number == demo.caller_number:
        yield "hotline", ("demo", "unit_number"), say("config.demo_unit")
    low, high = hotline.sip.rtp_ports
    if low >= high:
        yield "hotline", ("sip", "rtp_ports"), say("config.rtp_ports")
    for index, phone in enumerate(hotline.test_phones):
        if phone.user in config.agents:
            yield "hotline", ("test_phones", index, "user"), say("config.agents_user", user=phone.user)


def _demo_line(config: Config) -> Iterator[Problem]:
    line = config.hotline.demo.line
    yield from _known("hotline", ("demo", "line", "agent"), line.agent, config.agents)
    yield from _known("hotline", ("demo", "line", "helper"), line.helper, config.agents)
    yield from _known("hotline", ("demo", "line", "number"), line.number, config.numbers)
    number = config.numbers.get(line.number)
    led_to = [target.queue for target in number.keys.values()] if number else []
    for key in ("queue", "busy_queue"):
        yield from _known("hotline", ("demo", "line", key), getattr(line, key), led_to)
    busy = config.queues.get(line.busy_queue)
    ends = busy.overflow[-1].to if busy and busy.overflow else ()
    if ends != (RETURNS,):
        yield "hotline", ("demo", "line", "busy_queue"), say("config.demo_busy", name=line.busy_queue)


def _demo_leader(config: Config) -> Iterator[Problem]:
    demo = config.hotline.demo
    leader = demo.leader
    yield from _known("hotline", ("demo", "leader", "seat"), leader.seat, config.seats)
    yield from _known("hotline", ("demo", "leader", "leader"), leader.leader, config.leaders)
    yield from _known("hotline", ("demo", "leader", "screener"), leader.screener, config.agents)
    seat = config.seats.get(leader.seat)
    # Its callers are owed nothing, and are sent to agents of the demonstration's.
    if seat and (seat.entry, seat.key, seat.number is None, seat.normal_queue) != (
        *("screened", None, False),
        demo.queue,
    ):
        yield "hotline", ("demo", "leader", "seat"), say("config.demo_hall", name=seat.code, queue=demo.queue)


def _numbers(config: Config, file: NumbersFile) -> Iterator[Problem]:
    for index, number in enumerate(file.numbers):
        here = ("numbers", index)
        yield from _known("numbers", (*here, "centre"), number.centre, config.centres)
        yield from _known("numbers", (*here, "queue"), number.queue, config.queues)
        yield from _known("numbers", (*here, "greeting"), number.greeting, config.prompts.prompts)
        for key, target in number.keys.items():
            yield from _known("numbers", (*here, "keys", key, "queue"), target.queue, config.queues)
        if number.menu is not None:
            yield from _known("numbers", (*here, "menu"), number.menu, config.prompts.prompts)
        if bool(number.keys) != (number.menu is not None):
            yield "numbers", (*here, "keys"), say("config.menu")


def _revisits(config: Config) -> Iterator[Problem]:
    rules = config.revisits
    if rules.mode == "production" and rules.ring_floor_seconds < LEAST_RING_FLOOR:
        text = say("config.ring_floor", least=LEAST_RING_FLOOR)
        yield "revisits", ("ring_floor_seconds",), text
    if rules.mode == "production" and rules.interval_minutes < LEAST_INTERVAL:
        yield "revisits", ("interval_minutes",), say("config.interval", least=LEAST_INTERVAL)
    contacts = (trunk.contact.partition(":")[0] for trunk in config.hotline.trunks)
    if rules.mode == "test" and not all(IPv4Address(contact).is_loopback for contact in contacts):
        yield "revisits", ("mode",), say("config.test_mode")
    if overlap([parse_band(text) for text in rules.bands]):
        yield "revisits", ("bands",), say("config.bands_overlap")
    yield from _known("revisits", ("dialer", "caller_number"), rules.dialer.caller_number, config.numbers)


def _survey(config: Config) -> Iterator[Problem]:
    survey = config.revisits.survey
    yield from _known("revisits", ("survey", "person_queue"), survey.person_queue, config.queues)
    if survey.person_key in survey.keys:
        yield "revisits", ("survey", "person_key"), say("config.person_key")
    missing = RATED - set(survey.keys.values())
    if missing:
        yield "revisits", ("survey", "keys"), say("config.ratings", missing=", ".join(sorted(missing)))


def _emergencies(file: UnitsFile) -> Iterator[Problem]:
    missing = set(EMERGENCY_NUMBERS) - {unit.short_code for unit in file.units}
    if missing:
        yield "units", ("units",), say("config.emergencies", missing=", ".join(sorted(missing)))


def _centres(config: Config) -> Iterator[Problem]:
    trunks = [trunk.name for trunk in config.hotline.trunks]
    here = {queue.centre for queue in config.queues.values()}
    for index, centre in enumerate(config.centres.values()):
        loc = ("centres", index, "transfer_number")
        if (centre.transfer_number is None) != (centre.transfer_trunk is None):
            yield "centres", loc, say("config.transfer_both")
        if centre.transfer_number is not None and centre.code in here:
            yield "centres", loc, say("config.transfer_here", code=centre.code)
        if centre.transfer_trunk is not None:
            yield from _known("centres", ("centres", index, "transfer_trunk"), centre.transfer_trunk, trunks)


def _threeway(config: Config) -> Iterator[Problem]:
    rules = config.threeway
    trunks = [trunk.name for trunk in config.hotline.trunks]
    yield from _known("threeway", ("trunk",), rules.trunk, trunks)
    yield from _known("threeway", ("caller_number",), rules.caller_number, config.numbers)


def _overflow(config: Config, queue: Queue, here: Loc) -> Iterator[Problem]:
    for number, step in enumerate(queue.overflow):
        last = number == len(queue.overflow) - 1
        if step.after_seconds is None and step.length is None:
            yield "queues", (*here, number), say("config.overflow_limit")
        if RETURNS in step.to and (len(step.to) > 1 or not last):
            yield "queues", (*here, number, "to"), say("config.overflow_last")
        if queue.name in step.to:
            yield "queues", (*here, number, "to"), say("config.overflow_self")
        for name in step.to:
            yield from _known("queues", (*here, number, "to"), name, [*config.queues, RETURNS])


def _returns(config: Config) -> Iterator[Problem]:
    for days in ("working_days", "other_days"):
        if overlap([parse_band(text) for text in getattr(config.returns.hours, days)]):
            yield "returns", ("hours", days), say("config.bands_overlap")


def _leaders(config: Config) -> Iterator[Problem]:
    leaders = config.leader_days.leaders
    yield from _once("leaders", [(("leaders", i, "code"), each.code) for i, each in enumerate(leaders)])
    for index, leader in enumerate(leaders):
        here = ("leaders", index)
        yield from _known("leaders", (*here, "centre"), leader.centre, config.centres)
        if leader.unit is not None:
            yield from _known("leaders", (*here, "unit"), leader.unit, config.units)
        centre = config.centres.get(leader.centre)
        if centre and leader.kind not in KINDS[centre.level]:
            yield "leaders", (*here, "kind"), say("config.leader_kind", kinds=", ".join(KINDS[centre.level]))


def _seats(config: Config) -> Iterator[Problem]:
    seats = config.leader_days.seats
    for name in ("code", "agent", "queue", "screening_queue"):
        values = [(("seats", i, name), getattr(each, name)) for i, each in enumerate(seats)]
        yield from _once("leaders", values)
    for index, seat in enumerate(seats):
        yield from _seat(config, seat, ("seats", index))


def _seat(config: Config, seat: Seat, here: Loc) -> Iterator[Problem]:
    yield from _known("leaders", (*here, "centre"), seat.centre, config.centres)
    for name in ("queue", "screening_queue", "normal_queue"):
        yield from _known("leaders", (*here, name), getattr(seat, name), config.queues)
    yield from _known("leaders", (*here, "agent"), seat.agent, config.agents)
    for place, assistant in enumerate(seat.assistants):
        at = (*here, "assistants", place)
        yield from _known("leaders", at, assistant, config.agents)
        if assistant in config.agents and config.agents[assistant].role != "supervisor":
            yield "leaders", at, say("config.leader_assistant", agent=assistant)
    agent = config.agents.get(seat.agent)
    if agent and set(agent.skills) != {seat.queue}:
        yield "leaders", (*here, "agent"), say("config.leader_skill", agent=seat.agent, queue=seat.queue)
    for name in ("number", "main_number"):
        if (number := getattr(seat, name)) is not None:
            yield from _known("leaders", (*here, name), number, config.numbers)
    yield from _leader_key(config, seat, here)


def _leader_key(config: Config, seat: Seat, here: Loc) -> Iterator[Problem]:
    if (seat.main_number is None) != (seat.key is None):
        yield "leaders", (*here, "key"), say("config.leader_key_number")
    number = config.numbers.get(seat.main_number or "")
    # The key is read with the menu's: a number without one takes none.
    if number and (number.menu is None or seat.key in number.keys):
        yield "leaders", (*here, "key"), say("config.leader_key", number=number.number)
    if seat.number is None and seat.key is None:
        yield "leaders", here, say("config.leader_no_way")


def _known(name: str, loc: Loc, value: str, known: Iterable[str]) -> Iterator[Problem]:
    names = list(known)
    if value not in names:
        yield name, loc, say("config.unknown", value=value, known=", ".join(names[:12]))
