"""How far the switch's journal has been read; moved in the same transaction as what was read."""

import sqlalchemy as sa

from telephony.store.tables import insert_for, journal_position


def position(connection: sa.Connection) -> tuple[str, int]:
    """Return the file's identity and the offset in bytes; ('', 0) before the first reading."""
    row = connection.execute(sa.select(journal_position.c.file, journal_position.c.offset)).first()
    return (row.file, row.offset) if row else ("", 0)


def move(connection: sa.Connection, file: str, offset: int) -> None:
    """Store the new position."""
    values = {"id": 1, "file": file, "offset": offset}
    statement = insert_for(connection, journal_position).values(**values)
    connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
