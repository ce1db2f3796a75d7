"""`hotline revisits audit`: reads the store itself, so that it neither needs nor burdens the service."""

from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
import typer

from telephony import config_load
from telephony.cli import show
from telephony.errors import NotAllowedError
from telephony.logs import mask
from telephony.paths import Paths
from telephony.texts import say, word

if TYPE_CHECKING:
    from telephony.callback.audit import AuditResult

Case = Annotated[str | None, typer.Argument(metavar="[CASE]", help=say("option.case"))]
COLUMNS = ("case", "decision", "call", "what", "stored", "recomputed")


def add_to(app: typer.Typer) -> None:
    """Add this command to `hotline revisits`."""
    app.command(help=say("help.audit"))(audit)


def audit(case: Case = None, *, show_numbers: show.ShowNumbers = False, as_json: show.Json = False) -> None:
    """Make every decision again from stored evidence; status 1 where one differs, or none could be read."""
    found = _audited(case)
    if as_json:
        each = [vars_of(disagreement) for disagreement in found.disagreements]
        show.document({**vars(found), "agrees": found.agrees, "disagreements": each})
        raise typer.Exit(0 if found.agrees else 1)
    rows = [_row(each, whole=show_numbers) for each in found.disagreements]
    if rows:
        show.table(word("title.disagreements"), COLUMNS, rows)
    counts = {name: getattr(found, name) for name in ("decisions", "attempts", "revisits", "found")}
    show.line(say("audit.agrees" if found.agrees else "audit.differs", **counts))
    if found.late:
        show.line(say("audit.late", late=found.late))
    raise typer.Exit(0 if found.agrees else 1)


def vars_of(disagreement: Any) -> dict[str, Any]:
    """Return what a disagreement says by name."""
    return {name: getattr(disagreement, name) for name in disagreement.__dataclass_fields__}


def _audited(case: str | None) -> "AuditResult":
    # Imported here: other commands need neither the store nor the rules.
    from telephony.callback.audit import audit as audit_store  # noqa: PLC0415
    from telephony.store.database import engine_of, url_of  # noqa: PLC0415

    paths = Paths.from_environment()
    config = config_load.load(paths.config)
    url = sa.make_url(url_of(config.hotline.database, paths.var))
    if url.get_backend_name() == "sqlite" and not (paths.var / "hotline.db").exists():
        raise NotAllowedError(say("check.database_new", file=paths.var / "hotline.db"))
    engine = engine_of(url.render_as_string(hide_password=False))
    # All that is compared is of one moment, whatever the service writes meanwhile.
    level = "SERIALIZABLE" if url.get_backend_name() == "sqlite" else "REPEATABLE READ"
    try:
        with engine.connect().execution_options(isolation_level=level) as connection:
            return audit_store(connection, config.calendar, case_number=case)
    except sa.exc.SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        raise NotAllowedError(say("check.database_silent", why=why)) from error
    finally:
        engine.dispose()


def _row(found: Any, *, whole: bool) -> tuple[object, ...]:
    values = (mask(text or "") if not whole else text for text in (found.stored, found.recomputed))
    what = word(f"what.{found.what}")
    return (found.case, found.decision, found.attempt, what, *values)
