"""The first tables. Written out: what is true of `tables.py` later was not true here."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.String(27)


def upgrade() -> None:
    """Make the tables."""
    _reviews()
    _alerts()
    _outbox()
    _decisions()
    _state()


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _moment(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, MOMENT, nullable=nullable)


def _reviews() -> None:
    op.create_table(
        "review",
        _number(),
        *map(_text, ("project", "version")),
        *map(_moment, ("start", "end", "as_of")),
        *map(_text, ("body", "glance")),
        sa.UniqueConstraint("project", "version", "start", "end", name="one_review_a_window"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "summaries",
        sa.Column(
            "review",
            sa.Integer,
            sa.ForeignKey("review.number", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )


def _alerts() -> None:
    op.create_table(
        "alert",
        _number(),
        *map(_text, ("project", "version", "cause")),
        _moment("last"),
        _moment("resolved", nullable=True),
        _text("body"),
        _moment("silenced_until", nullable=True),
        *map(_text, ("silenced_by", "why_silenced")),
        sqlite_autoincrement=True,
    )
    is_open = sa.text("resolved IS NULL")
    op.create_index(
        "one_open_alert_a_cause",
        "alert",
        ["project", "version", "cause"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )


def _outbox() -> None:
    op.create_table(
        "telling",
        _number(),
        _text("project"),
        sa.Column("alert", sa.Integer, nullable=False, index=True),
        _moment("at"),
        _text("body"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "delivery",
        _number(),
        sa.Column(
            "telling", sa.Integer, sa.ForeignKey("telling.number"), nullable=False, index=True
        ),
        *map(_text, ("project", "receiver", "shown", "state")),
        sa.Column("attempts", sa.Integer, nullable=False),
        *map(_moment, ("created", "due")),
        _moment("ended", nullable=True),
        _text("error"),
        sa.Column("claimed_by", sa.Text),
        _moment("claimed_until", nullable=True),
        sa.UniqueConstraint("telling", "receiver", name="one_delivery_a_receiver"),
        sqlite_autoincrement=True,
    )
    op.create_index("deliveries_by_state", "delivery", ["project", "state"])


def _decisions() -> None:
    op.create_table(
        "decision",
        _number(),
        sa.Column("project", sa.Text, nullable=False, index=True),
        _moment("at"),
        *map(_text, ("ending", "body")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "decision_change",
        _number(),
        sa.Column(
            "decision", sa.Integer, sa.ForeignKey("decision.number"), nullable=False, index=True
        ),
        _moment("at"),
        _text("body"),
        sqlite_autoincrement=True,
    )


def _state() -> None:
    op.create_table(
        "snapshot",
        sa.Column("project", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, primary_key=True),
        _moment("at"),
        _text("body"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.Text, primary_key=True),
        _text("owner"),
        *map(_moment, ("since", "expires")),
        sa.Column("seconds", sa.Float, nullable=False),
    )
