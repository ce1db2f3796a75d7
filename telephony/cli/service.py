"""The service itself: run, check, status, and the steps of its set-up."""

import time
from typing import Annotated, Any

import typer

from telephony import config_load, prompts
from telephony.cli import checks, show
from telephony.cli.client import Client, NotRunningError
from telephony.cli.storm import text_of
from telephony.clock import SystemClock
from telephony.paths import Paths
from telephony.store import migrate as migrations
from telephony.store.database import url_of
from telephony.texts import say, word

RETRY_SECONDS = 0.25
WithAsterisk = Annotated[bool, typer.Option("--with-asterisk", help=say("option.with_asterisk"))]
Wait = Annotated[float, typer.Option(min=0, metavar="S", help=say("option.wait"))]


def add_to(app: typer.Typer) -> None:
    """Add these commands to the tree."""
    app.command(help=say("help.run"))(run)
    app.command(help=say("help.check"))(check)
    app.command(help=say("help.status"))(status)
    app.command(help=say("help.phones"))(phones)
    app.command(help=say("help.migrate"))(migrate)
    app.command("prompts", help=say("help.prompts"))(make_prompts)


def run(*, with_asterisk: WithAsterisk = False) -> None:
    """Run the service in the foreground, alone or with Asterisk."""
    paths = Paths.from_environment()
    if with_asterisk:
        from telephony.launcher import launch  # noqa: PLC0415 - other commands need none of it

        raise typer.Exit(launch(paths))
    from telephony.running import run as run_service  # noqa: PLC0415 - it chooses the event loop

    raise typer.Exit(run_service(paths))


def check(*, as_json: show.Json = False) -> None:
    """Look at configuration, calendar, Asterisk and database; a line a problem, status 1 if there is one."""
    found = checks.all_checks(Paths.from_environment(), SystemClock().now())
    if as_json:
        show.document([vars(each) for each in found])
    for each in found if not as_json else ():
        mark = "" if not each.ok else f"{word('check.ok')}: "
        show.line(f"{mark}{each.text}")
    raise typer.Exit(0 if all(each.ok for each in found) else 1)


def status(*, wait: Wait = 0, as_json: show.Json = False) -> None:
    """Say how the service is; status 0 when all is ready, 1 when not, 3 when it does not run."""
    found = wait_ready(wait)
    if as_json:
        show.document(found)
    else:
        _show_status(found)
    raise typer.Exit(0 if found["ready"] else 1)


def wait_ready(seconds: float) -> Any:
    """Return the status once all is ready, at the latest after `seconds`; raise NotRunningError then."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while True:
        left = deadline - clock.monotonic()
        try:
            found = _client().poll("status", left)
            if found["ready"] or left <= 0:
                return found
        except NotRunningError:
            if left <= 0:
                raise
            time.sleep(min(RETRY_SECONDS, left))


def _client() -> Client:
    return show.client()


def _show_status(found: Any) -> None:
    show.line(say("status.ready" if found["ready"] else "status.not_ready"))
    parts = [
        (name, word(f"check.{'ok' if part['ok'] else 'fault'}"), part["detail"])
        for name, part in found["components"].items()
    ]
    show.table(word("title.parts"), ("part", "state", "detail"), parts)
    where = [(at["name"], f"{at['address']}:{at['port']}", at["protocol"]) for at in found["listening"]]
    show.table(word("title.listening"), ("part", "address", "protocol"), where)
    agents = " · ".join(f"{word(f'state.{state}')} {count}" for state, count in found["agents"].items())
    show.line(agents)
    if found["storm"] is not None:
        show.line(text_of(found["storm"]))
    show.line(say("status.calls", waiting=found["waiting"], talking=found["talking"], alarms=found["alarms"]))


def phones(*, as_json: show.Json = False) -> None:
    """Show what the softphones that play a citizen need."""
    found = show.client().get("phones")
    if as_json:
        show.document(found)
        return
    columns = ("user", "password", "server", "port", "transport", "caller", "name")
    rows = [[show.cell(phone.get(name, phone["caller_number"])) for name in columns] for phone in found]
    show.table(word("title.phones"), columns, rows)


def migrate() -> None:
    """Bring the database to the schema of this version."""
    paths = Paths.from_environment()
    paths.var.mkdir(parents=True, exist_ok=True)
    migrations.upgrade(url_of(config_load.load(paths.config).hotline.database, paths.var))
    show.line(say("migrate.done"))


def make_prompts() -> None:
    """Make the prompts that are missing or whose text or recording has changed."""
    paths = Paths.from_environment()
    made = 0
    for name in prompts.make(paths, config_load.load(paths.config)):
        made += 1
        show.line(say("prompts.made", name=name))
    show.line(say("prompts.done", count=made))
