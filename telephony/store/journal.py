"""How far the switch's journal has been read; moved in the same transaction as what was read."""

import sqlalchemy as sa

from telephony.store.tables import journal_position, upsert

_POSITION = sa.select(journal_position.c.file, journal_position.c.offset).where(
    journal_position.c.id == sa.bindparam("reader")
)
FIRST_READER = 1


def position(connection: sa.Connection, reader: int = FIRST_READER) -> tuple[str, int]:
    """Return the file's identity and the offset in bytes; ('', 0) before the first reading.

    Services that share a database read a journal each: every reader has a place of its own.
    """
    row = connection.execute(_POSITION, {"reader": reader}).first()
    return (row.file, row.offset) if row else ("", 0)


def move(connection: sa.Connection, file: str, offset: int, reader: int = FIRST_READER) -> None:
    """Store the new position."""
    values = {"id": reader, "file": file, "offset": offset}
    connection.execute(upsert(connection.dialect.name, journal_position, "id", ("file", "offset")), values)
