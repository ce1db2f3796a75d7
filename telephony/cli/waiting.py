"""Those who wait for a person, at a terminal."""

import typer

from telephony.cli import show
from telephony.cli.storm import text_of
from telephony.texts import say, word

COLUMNS = ("place", "since", "caller", "queue", "priority", "expected", "preferred", "rings", "call")


def add_to(app: typer.Typer) -> None:
    """Add the command to the tree."""
    app.command(help=say("help.waiting"))(waiting)


def waiting(*, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Print who waits, the next first."""
    found = show.client().get("waiting")
    if as_json:
        show.document(found)
        return
    rows = [
        (
            each["position"],
            show.moment(each["since"]),
            show.person(each["number"], whole=show_numbers),
            each["queue"],
            each["priority"],
            each["expected_seconds"],
            each["preferred"],
            each["agent"],
            each["call_id"],
        )
        for each in found
    ]
    storm = show.client().get("storm")["storm"]
    if storm is not None:
        show.line(text_of(storm))
    show.table(word("title.waiting"), COLUMNS, rows)
