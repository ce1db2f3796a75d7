"""A leader day's certificate as a page to print: A4, Chinese first, no script, every value escaped.

The page asks nothing of any other place. What people wrote is text and nothing else: Jinja2 escapes it, and
characters that turn a line's direction or end it are written as escapes.
"""

from dataclasses import asdict
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from telephony.clock import SHANGHAI
from telephony.leader.certificate import CertificateView
from telephony.logs import visible
from telephony.texts import catalogue, forms

COUNTS = (
    *("offered", "screened", "in_scope", "out_of_scope", "answered", "on_the_spot", "dispatched"),
    *("called_back", "handed_to_unit", "gave_up", "sent_off"),
    *("turned_away", "to_be_called", "other_agent", "screening_only", "lost", "open"),
)
SPANS = ("waits", "screenings", "talks")
SAID = (
    *("cases", "satisfied", "basically_satisfied", "dissatisfied", "deemed_satisfied", "others"),
    *("being_asked", "not_asked"),
)


def page(view: CertificateView) -> str:
    """Return the page of a certificate or of its draft."""
    said = {**asdict(view.satisfaction), "being_asked": view.satisfaction.open}
    document = view.document
    present = [name for name in document["presence"] if name != "least_seconds"]
    names = {"counts": COUNTS, "spans": SPANS, "said_names": SAID, "present": present}
    return _template().render(view=view, doc=document, said=said, **names)


@cache
def _template() -> Template:
    loader = FileSystemLoader(Path(__file__).parent)
    plain = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, finalize=_shown, trim_blocks=True
    )
    plain.filters |= {"moment": _moment, "hour": _hour, "clock": _clock, "who": _who}
    plain.globals |= {"t": _label}
    return plain.get_template("certificate.html.j2")


def _label(name: str) -> Markup:
    """Return a label of the catalogue: Chinese, and English smaller beside it."""
    return _both(f"certificate.{name}")


def _who(name: str) -> str:
    """Return who did something: a name as it was given, what the service did by itself in words."""
    return _both(f"by.{name}") if f"by.{name}" in catalogue() else name


def _both(key: str) -> Markup:
    entry = forms(key)
    return Markup('{} <small lang="en">{}</small>').format(entry["zh"], entry["en"])


def _moment(text: str | None) -> str:
    """Return a time of the document as '2026-12-01 15:00:05', in Shanghai."""
    if not text:
        return "—"
    return f"{datetime.fromisoformat(text).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}"


def _hour(text: str) -> str:
    """Return the time of day of a time of the document, in Shanghai."""
    return _moment(text)[11:]


def _clock(lasted: float | None) -> str:
    """Return seconds as h:mm:ss, never more than there were."""
    return "—" if lasted is None else str(timedelta(seconds=int(lasted)))


def _shown(value: Any) -> Any:
    if value is None or value == "":
        return "—"
    return value if isinstance(value, Markup) else visible(str(value))
