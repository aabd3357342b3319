"""The tables, as they are now. What led here is in `migrations`."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

_FORM = "%Y-%m-%dT%H:%M:%S.%fZ"


class Moment(sa.types.TypeDecorator[datetime]):
    """A moment in UTC, as ISO 8601 of one width: it sorts as text, and people can read it."""

    impl = sa.String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:  # noqa: D102
        if value is None:
            return None
        value = value.astimezone(UTC)
        return f"{value.year:04d}{value.strftime(_FORM[2:])}"

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:  # noqa: D102
        return None if value is None else datetime.strptime(value, _FORM).replace(tzinfo=UTC)


METADATA = sa.MetaData()


def _number() -> sa.Column[int]:
    return sa.Column("number", sa.Integer, primary_key=True, autoincrement=True)


def _table(name: str, *parts: Any) -> sa.Table:
    # Without it SQLite gives the number of a deleted last row to the next one.
    return sa.Table(name, METADATA, *parts, sqlite_autoincrement=True)


REVIEWS = _table(
    "review",
    _number(),
    sa.Column("project", sa.Text, nullable=False),
    # `None` is kept as "": a NULL would not be equal to itself.
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("start", Moment, nullable=False),
    sa.Column("end", Moment, nullable=False),
    sa.Column("as_of", Moment, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("glance", sa.Text, nullable=False),
    sa.UniqueConstraint("project", "version", "start", "end", name="one_review_a_window"),
)

SUMMARIES = sa.Table(
    "summaries",
    METADATA,
    sa.Column(
        "review",
        sa.Integer,
        sa.ForeignKey("review.number", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("body", sa.LargeBinary, nullable=False),
)

ALERTS = _table(
    "alert",
    _number(),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("version", sa.Text, nullable=False),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("last", Moment, nullable=False),
    sa.Column("resolved", Moment),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("silenced_until", Moment),
    sa.Column("silenced_by", sa.Text, nullable=False, default=""),
    sa.Column("why_silenced", sa.Text, nullable=False, default=""),
    sa.Index(
        "one_open_alert_a_cause",
        "project",
        "version",
        "cause",
        unique=True,
        sqlite_where=sa.text("resolved IS NULL"),
        postgresql_where=sa.text("resolved IS NULL"),
    ),
)

TELLINGS = _table(
    "telling",
    _number(),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("alert", sa.Integer, nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

DELIVERIES = _table(
    "delivery",
    _number(),
    sa.Column("telling", sa.Integer, sa.ForeignKey("telling.number"), nullable=False, index=True),
    sa.Column("project", sa.Text, nullable=False),
    sa.Column("receiver", sa.Text, nullable=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("created", Moment, nullable=False),
    sa.Column("due", Moment, nullable=False),
    sa.Column("ended", Moment),
    sa.Column("error", sa.Text, nullable=False, default=""),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_until", Moment),
    sa.UniqueConstraint("telling", "receiver", name="one_delivery_a_receiver"),
    sa.Index("deliveries_by_state", "project", "state"),
)

DECISIONS = _table(
    "decision",
    _number(),
    sa.Column("project", sa.Text, nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("ending", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

DECISION_CHANGES = _table(
    "decision_change",
    _number(),
    sa.Column("decision", sa.Integer, sa.ForeignKey("decision.number"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

_IS_OPEN = sa.text("state IN ('moving', 'keeping')")
_IS_INTENDED = sa.text("state = 'intended'")

RELEASES = _table(
    "release",
    _number(),
    sa.Column("project", sa.Text, nullable=False, index=True),
    sa.Column("began", Moment, nullable=False),
    sa.Column("ended", Moment),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index(
        "one_open_release",
        "project",
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    ),
)

RELEASE_CHANGES = _table(
    "release_change",
    _number(),
    sa.Column("release", sa.Integer, sa.ForeignKey("release.number"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

MOVEMENTS = _table(
    "movement",
    _number(),
    sa.Column("project", sa.Text, nullable=False, index=True),
    sa.Column("release", sa.Integer, sa.ForeignKey("release.number"), index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("settled", sa.Boolean, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Index(
        "one_intended_movement",
        "project",
        unique=True,
        sqlite_where=_IS_INTENDED,
        postgresql_where=_IS_INTENDED,
    ),
)

LOOKS = _table(
    "look",
    _number(),
    sa.Column("release", sa.Integer, sa.ForeignKey("release.number"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    # Step, action and outcomes: what has to change for a look to be worth keeping by itself.
    sa.Column("gist", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("looks_of_a_release", "release", "number"),
)

SNAPSHOTS = sa.Table(
    "snapshot",
    METADATA,
    sa.Column("project", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

LEASES = sa.Table(
    "lease",
    METADATA,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("since", Moment, nullable=False),
    sa.Column("expires", Moment, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
)
