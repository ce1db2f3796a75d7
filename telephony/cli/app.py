"""The command's tree, and how an error ends it."""

from typing import Any

import typer
from typer.core import TyperGroup

from telephony.cli import (
    agents,
    audit,
    calls,
    cases,
    conference,
    demo,
    demo_leader_day,
    demo_revisit,
    demo_threeway,
    demo_waiting,
    dialer,
    leader_calls,
    leader_certificate,
    leader_days,
    leader_duties,
    leader_presence,
    notices,
    recordings,
    registers,
    returns,
    revisit_reports,
    revisits,
    service,
    service_reports,
    simulate,
    storm,
    supervise,
    threeway,
    threeway_commands,
    transfers,
    units,
    waiting,
    worklist,
)
from telephony.cli.client import NotRunningError, RefusedError
from telephony.errors import ConfigError, HotlineError
from telephony.logs import visible
from telephony.texts import say

FAILED, WRONG, NOT_RUNNING = 1, 2, 3
_WRONG_ARGUMENT = frozenset({404, 422})


class Group(TyperGroup):
    """Ends the command with a line and a status where one of our own errors reaches it."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error that a person may see becomes lines on standard error."""
        try:
            return super().invoke(ctx)
        except HotlineError as error:
            for text in str(error).splitlines():
                typer.echo(visible(text), err=True)
            raise typer.Exit(exit_status(error)) from error


def exit_status(error: HotlineError) -> int:
    """Return 3 if the service does not run, 2 for what was asked wrongly, 1 for what is not possible."""
    if isinstance(error, NotRunningError):
        return NOT_RUNNING
    if isinstance(error, RefusedError):
        return WRONG if error.status in _WRONG_ARGUMENT else FAILED
    return WRONG if isinstance(error, ConfigError) else FAILED


app = typer.Typer(
    cls=Group,
    help=say("help.hotline"),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
service.add_to(app)
calls.add_to(app)
waiting.add_to(app)
app.add_typer(agents.app, name="agents")
app.add_typer(registers.blacklist, name="blacklist")
app.add_typer(registers.alarms, name="alarms")
app.add_typer(cases.app, name="cases")
app.add_typer(recordings.app, name="recordings")
app.add_typer(returns.app, name="returns")
app.add_typer(notices.app, name="notices")
app.add_typer(storm.app, name="storm")
leader_calls.add_to(leader_days.app)
leader_certificate.add_to(leader_days.app)
leader_presence.add_to(leader_days.app)
leader_duties.add_to(leader_days.app)
app.add_typer(leader_days.app, name="leader-days")
app.add_typer(units.app, name="units")
app.add_typer(supervise.app, name="supervise")
threeway_commands.add_to(threeway.app)
conference.add_to(threeway.app)
app.add_typer(threeway.app, name="threeway")
app.add_typer(transfers.app, name="transfer")
dialer.add_to(revisits.app)
audit.add_to(revisits.app)
worklist.add_to(revisits.app)
revisit_reports.add_to(revisits.app)
app.add_typer(revisits.app, name="revisits")
demo_leader_day.add_to(demo.app)
demo_revisit.add_to(demo.app)
demo_threeway.add_to(demo.app)
demo_waiting.add_to(demo.app)
app.add_typer(demo.app, name="demo")
app.add_typer(service_reports.report, name="report")
app.add_typer(service_reports.outages, name="outages")
app.add_typer(simulate.app, name="simulate")
