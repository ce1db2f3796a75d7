"""`hotline simulate revisits`: planner, dialer and verdicts on a virtual clock; nobody is called."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import structlog
import typer

from telephony import config_load
from telephony.cli import show
from telephony.errors import ConfigError
from telephony.paths import Paths
from telephony.rules.workdays import UnknownYearError, WorkCalendar
from telephony.texts import say, word
from telephony.yaml_source import YamlSource

if TYPE_CHECKING:
    from telephony.callback.simulate.scenario import Scenario

app = typer.Typer(help=say("help.simulate"), no_args_is_help=True)
SATISFIED = "satisfied"
MOST_SHOWN = 100
"""Cases in the table: a month has thousands, and who wants them all asks for JSON."""
File = Annotated[Path, typer.Argument(metavar="SCENARIO.yaml", help=say("option.scenario"))]


@app.callback()
def simulate() -> None:
    """Group the simulations."""


@app.command(help=say("help.simulate_revisits"))
def revisits(file: File, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Play a scenario; what it leaves out comes from the configuration of this installation."""
    told = _played(file)
    if as_json:
        show.document(told)
        return
    others = [case for case in told["cases"] if case["verdict"] != SATISFIED]
    _show_cases(others[:MOST_SHOWN], whole=show_numbers)
    if len(others) > MOST_SHOWN:
        show.line(say("simulate.more", count=len(others)))
    _show_summary(told["summary"])


def _played(file: Path) -> Any:
    # Imported here: other commands need neither the dialer nor the store.
    from telephony.callback.simulate import run, scenario  # noqa: PLC0415

    config = config_load.load(Paths.from_environment().config)
    wanted = scenario.read(file)
    try:
        with _quiet():
            return run.run(wanted, config)
    except UnknownYearError as error:
        raise ConfigError(_unknown_year(file, wanted, config.calendar, error.year)) from error


def _unknown_year(file: Path, wanted: "Scenario", calendar: WorkCalendar, year: int) -> str:
    """Return the line of the first reply whose deadline lies in a year that nobody knows."""
    source = YamlSource(file)
    for index, case in enumerate(wanted.cases):
        try:
            calendar.deadline_after(case.replied_at, 2)
        except UnknownYearError as error:
            return source.problem(("cases", index, "replied_at"), say("calendar.ends", year=error.year))
    return source.problem((), say("calendar.ends", year=year))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the simulated service's log off standard output, which is for the result alone."""
    before = structlog.get_config()
    structlog.configure(processors=[_drop])
    try:
        yield
    finally:
        structlog.configure(**before)


def _drop(_logger: Any, _name: str, _event: Any) -> Any:
    raise structlog.DropEvent


def _show_cases(cases: list[Any], *, whole: bool) -> None:
    rows = [
        (
            case["case"],
            show.moment(case["due_at"]),
            word(f"verdict.{case['verdict']}"),
            show.moment(case["decided_at"]),
            [_attempt(each, whole=whole) for each in case["attempts"]],
        )
        for case in cases
    ]
    columns = ("case", "due", "verdict", "decided", "attempts")
    show.table(word("title.not_satisfied"), columns, rows)


def _attempt(attempt: Any, *, whole: bool) -> str:
    number = show.person(attempt["number"], whole=whole)
    counts = f" {word('column.counts')}" if attempt["counts"] else ""
    return f"{show.moment(attempt['started_at'])} {number} {word('outcome.' + attempt['outcome'])}{counts}"


def _show_summary(summary: Any) -> None:
    figures = ("cases", "attempts", "counting", "decided_in_time")
    show.table(word("title.summary"), figures, [[summary[name] for name in figures]])
    for title, prefix in (("verdicts", "verdict"), ("outcomes", "outcome")):
        rows = [(word(f"{prefix}.{name}"), count) for name, count in summary[title].items()]
        show.table(word(f"title.{title}"), (prefix, "count"), rows)
