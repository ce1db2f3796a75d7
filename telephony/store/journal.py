"""How far the switch's journal has been read; moved in the same transaction as what was read."""

import sqlalchemy as sa

from telephony.store.tables import journal_position, upsert

_POSITION = sa.select(journal_position.c.file, journal_position.c.offset)


def position(connection: sa.Connection) -> tuple[str, int]:
    """Return the file's identity and the offset in bytes; ('', 0) before the first reading."""
    row = connection.execute(_POSITION).first()
    return (row.file, row.offset) if row else ("", 0)


def move(connection: sa.Connection, file: str, offset: int) -> None:
    """Store the new position."""
    values = {"id": 1, "file": file, "offset": offset}
    connection.execute(upsert(connection.dialect.name, journal_position, "id", ("file", "offset")), values)
