"""Units at a terminal: the directory, who is on duty, import, how they do."""

from pathlib import Path
from typing import Annotated, Any

import typer

from telephony.cli import importing, show, unit_file
from telephony.cli.importing import Target
from telephony.cli.sheet import Csv, sheet
from telephony.texts import say, word

app = typer.Typer(help=say("help.units"), no_args_is_help=True)
Code = Annotated[str, typer.Argument(metavar="CODE", help=say("option.unit_code"))]
File = Annotated[Path, typer.Argument(metavar="FILE.csv|json", help=say("option.units_file"))]
At = Annotated[str | None, typer.Option(metavar="TIME", help=say("option.duty_at"))]
From = Annotated[str | None, typer.Option("--from", metavar="TIME", help=say("option.since"))]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help=say("option.until"))]
UNITS = Target("units/import", "code", "units.imported")
FIGURES = (
    *("asked", "reached", "accepted", "median_seconds", "p90_seconds", "refused", "missed"),
    *("answered_on_spot", "dispatched"),
)
MORE = ("refused_why", "nobody_on_duty", "engaged", "failed", "withdrawn", "open")
FACTS = ("short_code", "code", "name", "level", "district", "kind", "source")


@app.command("list", help=say("help.units_list"))
def list_units(*, as_json: show.Json = False) -> None:
    """Print every unit by short code."""
    found = show.client().get("units")
    if as_json:
        show.document(found)
        return
    rows = [(*_facts(unit), [contact["name"] for contact in unit["contacts"]]) for unit in found]
    show.table(word("title.units"), (*FACTS, "post"), rows)


@app.command("show", help=say("help.units_show"))
def show_unit(code: Code, *, as_json: show.Json = False) -> None:
    """Print a unit and its contacts in the order of trying."""
    unit = show.client().get(f"units/{show.name(code)}")
    if as_json:
        show.document(unit)
        return
    show.table(word("title.unit"), FACTS, [_facts(unit)])
    _contacts(word("title.contacts"), unit["contacts"])


@app.command(help=say("help.units_numbers"))
def numbers(code: Code, *, at: At = None, as_json: show.Json = False) -> None:
    """Print the contacts to ring now, or at a time."""
    found = show.client().get(f"units/{show.name(code)}/numbers", at=show.instant(at))
    if as_json:
        show.document(found)
        return
    told = {"unit": found["name"], "time": show.moment(found["at"])}
    if found["contacts"]:
        _contacts(say("unit.on_duty", **told), found["contacts"])
    else:
        show.line(say("unit.nobody", **told))


@app.command(help=say("help.units_stats"))
def stats(*, since: From = None, until: To = None, as_json: show.Json = False, as_csv: Csv = False) -> None:
    """Print how the units did that were asked into calls in a time."""
    if as_json and as_csv:
        raise typer.BadParameter(say("option.one_form"))
    found = show.client().get("units/stats", since=show.instant(since), until=show.instant(until))
    if as_json:
        show.document(found)
        return
    named = [(each["unit"], each["name"], each) for each in found["units"]]
    named.append((word("figure.all"), "", found["total"]))
    if as_csv:
        sheet(*_figures(named, FIGURES + MORE))
        return
    # A terminal has less room than a sheet.
    show.table(word("title.unit_figures"), *_figures(named, FIGURES))
    show.table(word("title.unit_refusals"), *_figures(named, MORE))


@app.command("import", help=say("help.units_import"))
def import_units(file: File, *, as_json: show.Json = False) -> None:
    """Store the units of a file; each wrong one is named and keeps no right one out."""
    importing.run(file, unit_file.read(file), UNITS, as_json=as_json)


@app.command(help=say("help.units_remove"))
def remove(code: Code) -> None:
    """Forget an imported unit."""
    show.client().send("DELETE", f"units/{show.name(code)}")
    show.line(say("unit.removed", unit=code))


def _facts(unit: Any) -> tuple[object, ...]:
    level, kind = word(f"level.{unit['level']}"), word(f"unit_kind.{unit['kind']}")
    source = word("unit_source.imported" if unit["imported"] else "unit_source.configured")
    return (unit["short_code"], unit["code"], unit["name"], level, unit["district"], kind, source)


def _figures(
    named: list[tuple[str, str | None, Any]], keys: tuple[str, ...]
) -> tuple[tuple[str, ...], list[tuple[object, ...]]]:
    """Return columns and rows of these figures."""
    rows = [(code, name, *(_figure(figures, key) for key in keys)) for code, name, figures in named]
    return ("code", "name", *(f"u_{key}" for key in keys)), rows


def _figure(figures: Any, key: str) -> Any:
    if key != "refused_why":
        return figures[key]
    return [f"{word(f'refusal.{reason}')} {count}" for reason, count in figures[key].items()]


def _contacts(title: str, contacts: list[Any]) -> None:
    rows = [(each["name"], each["number"], each["duty"] or word("unit.always")) for each in contacts]
    show.table(title, ("post", "number", "duty"), rows)
