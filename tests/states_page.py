"""What docs/states.md says of three-way calls, as its tables have it."""

from telephony.paths import PROJECT

_PAGE = (PROJECT / "docs" / "states.md").read_text(encoding="utf-8")
THREE_WAY = _PAGE[_PAGE.index("## A three-way call") :]
ROLES = ("citizen", "agent", "unit")


def table(first):
    """Return the rows of the table whose first line begins so: the headings, then each row's cells."""
    lines = THREE_WAY[THREE_WAY.index(first) :].partition("\n\n")[0].splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [rows[0], *rows[2:]]


def follows(cell):
    """Return what a cell of the table of leaving says: the state that follows, and what each other meets."""
    to, _, others = cell.partition("; ")
    return to, dict(each.split(" ", 1) for each in others.split(", ") if each)


LEAVING = [
    (row[0], role, cell) for row in table("| state | the citizen")[1:]
    for role, cell in zip(ROLES, row[1:], strict=True)
]  # fmt: skip
"""The table of leaving: state, who leaves, what the cell says; – where nobody could."""
