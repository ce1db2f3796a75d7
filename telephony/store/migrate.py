"""Bring a database to the schema of this version."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from telephony.store.database import engine_of, transaction

_HERE = Path(__file__).parent / "migrations"


def upgrade(url: str) -> None:
    """Apply every migration that the database has not seen yet."""
    file = sa.make_url(url).database
    if url.startswith("sqlite") and file:  # numbers of callers stand in it; the files beside it get its mode
        Path(file).touch()
        Path(file).chmod(0o600)
    engine = engine_of(url)
    with transaction(engine) as connection:
        command.upgrade(alembic_config(connection), "head")
    engine.dispose()


def is_current(connection: sa.Connection) -> bool:
    """Tell whether the database has the schema of this version."""
    seen = MigrationContext.configure(connection).get_current_revision()
    return seen == ScriptDirectory.from_config(alembic_config(connection)).get_current_head()


def alembic_config(connection: sa.Connection) -> AlembicConfig:
    """Return Alembic's settings for work on this connection."""
    config = AlembicConfig()
    config.set_main_option("script_location", str(_HERE))
    config.attributes["connection"] = connection
    return config
