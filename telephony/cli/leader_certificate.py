"""A leader day's certificate at a terminal: shown, written as a page, certified for good (Art. 6)."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from telephony.cli import show
from telephony.errors import NotAllowedError
from telephony.texts import say, word

DayId = Annotated[int, typer.Argument(metavar="ID", min=1, help=say("option.leader_day"))]
By = Annotated[str, typer.Option(default_factory=show.operator, help=say("option.by"))]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help=say("option.html_file"))]
CALLS = (
    *("at", "caller", "c_screened_by", "c_summary", "c_waited", "c_talked"),
    *("came", "case", "c_settled"),
)
SPANS = ("waits", "screenings", "talks")


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("certificate", help=say("help.leader_days_certificate"))(certificate)
    app.command("certify", help=say("help.leader_days_certify"))(certify)


def certificate(day_id: DayId, *, html: Html = None, as_json: show.Json = False) -> None:
    """Print a day's certificate or its draft, or write it as a page."""
    if html is not None and as_json:
        raise typer.BadParameter(say("option.one_of_html"))
    if html is not None:
        _write(html, show.client().text(f"leader-days/{day_id}/certificate.html"))
        show.line(say("leader.certificate_written", file=html))
        return
    found = show.client().get(f"leader-days/{day_id}/certificate")
    if as_json:
        show.document(found)
    else:
        _print(found)


def certify(day_id: DayId, *, by: By, as_json: show.Json = False) -> None:
    """Certify a day for good."""
    found = show.client().send("POST", f"leader-days/{day_id}/certify", {"by": by})
    if as_json:
        show.document(found)
        return
    show.line(say("leader.certified", id=day_id, digest=found["digest"]))
    _deviations(found["document"])


def _write(file: Path, page: str) -> None:
    try:
        opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise NotAllowedError(say("leader.certificate_exists", file=file)) from error
    with os.fdopen(opened, "w", encoding="utf-8") as out:
        out.write(page)


def _print(found: Any) -> None:
    document = found["document"]
    if found["frozen"]:
        signed = {"at": show.moment(document["certified"]["at"]), "by": document["certified"]["by"]}
        show.line(say("leader.certificate_frozen", id=found["day_id"], digest=found["digest"], **signed))
    else:
        show.line(say("leader.certificate_draft", id=found["day_id"]))
    if not found["intact"]:
        show.line(say("leader.certificate_broken"))
    _deviations(document)
    show.table(word("title.leader_certificate"), ("c_figure", "c_value"), _figures(found))
    show.table(word("title.leader_certificate_calls"), CALLS, [_call(each) for each in document["calls"]])


def _deviations(document: Any) -> None:
    for each in document["deviations"]:
        show.line(say("leader.deviation", zh=each["zh"], en=each["en"]))
    if not document["deviations"]:
        show.line(say("leader.no_deviation"))


def _figures(found: Any) -> Iterator[tuple[str, object]]:
    document = found["document"]
    for name, lasted in document["presence"].items():
        yield word(f"certificate.{name}"), _clock(lasted)
    for name, value in document["figures"].items():
        if name in SPANS:
            times = (value["mean_seconds"], value["longest_seconds"], value["total_seconds"])
            yield word(f"certificate.{name}"), [value["count"], *map(_clock, times)]
        elif name != "standings":
            yield word(f"certificate.{name}"), value
    for name, value in found["satisfaction"].items():
        yield word(f"certificate.{'being_asked' if name == 'open' else name}"), value


def _call(each: Any) -> tuple[object, ...]:
    came = [word(f"certificate.{name}") for name in (each["fate"], each["result"]) if name]
    settled = None
    if each["settled"]:
        settled = [word(f"certificate.{each['settled']}"), show.who(each["settled_by"])]
    case = [part for part in (each["case_number"], each["unit_name"] or each["unit"]) if part]
    return (
        show.moment(each["entered_at"]),
        each["number"],
        each["screener"] or each["screened_by"],
        each["summary"],
        _clock(each["wait_seconds"]),
        _clock(each["talk_seconds"]),
        came,
        case,
        settled,
    )


def _clock(lasted: float | None) -> str:
    return "" if lasted is None else str(timedelta(seconds=int(lasted)))
