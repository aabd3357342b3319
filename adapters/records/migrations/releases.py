"""The ledger of releases. Written out: what is true of `tables.py` later was not true here."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.String(27)


def upgrade() -> None:
    """Make the tables of releases, movements and looks."""
    _releases()
    _movements()
    _looks()


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=True)


def _text(name: str, *, index: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, index=index)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _release(*, nullable: bool = False, index: bool = True) -> sa.Column[int]:
    key = sa.ForeignKey("release.number")
    return sa.Column("release", sa.Integer, key, nullable=nullable, index=index)


def _releases() -> None:
    op.create_table(
        "release",
        _number(),
        _text("project", index=True),
        _moment("began"),
        _moment("ended", nullable=True),
        *map(_text, ("state", "body")),
        sqlite_autoincrement=True,
    )
    _one_a_project("one_open_release", "release", "state IN ('moving', 'keeping')")
    op.create_table(
        "release_change",
        _number(),
        _release(),
        _moment("at"),
        _text("body"),
        sqlite_autoincrement=True,
    )


def _movements() -> None:
    op.create_table(
        "movement",
        _number(),
        _text("project", index=True),
        _release(nullable=True),
        _moment("at"),
        _text("state"),
        sa.Column("settled", sa.Boolean, nullable=False),
        _text("body"),
        sqlite_autoincrement=True,
    )
    _one_a_project("one_intended_movement", "movement", "state = 'intended'")


def _looks() -> None:
    op.create_table(
        "look",
        _number(),
        _release(index=False),
        _moment("at"),
        _text("gist"),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("looks_of_a_release", "look", ["release", "number"])


def _one_a_project(name: str, table: str, where: str) -> None:
    """Let a project have one row of a kind at a time, whoever writes at once."""
    those = sa.text(where)
    op.create_index(
        name, table, ["project"], unique=True, sqlite_where=those, postgresql_where=those
    )
