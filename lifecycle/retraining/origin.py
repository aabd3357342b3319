"""What a version has learnt from: read from its story."""

import re
from datetime import UTC, datetime

from lifecycle.governance.story import Story

_CUT = re.compile(r"^by time: .* from (\d{4}-\d\d-\d\d[ \d:.]*?) is test, ")


def learnt_until(story: Story) -> datetime | None:
    """Give a moment that no row the version has learnt from is later than (UTC).

    Where the story tells the youngest training row it is that. Of versions that were registered
    before it was kept, it is the cut their description names, and where rows were not held out
    by time, the youngest row of all. `None`: the rows have no time.
    """
    described = story.description
    if described is not None and described.train_until is not None:
        return read_moment(described.train_until)
    cut = None if described is None else _CUT.match(described.split)
    if cut is not None:
        return read_moment(cut[1])
    return read_moment(story.intake.end) if story.intake and story.intake.end else None


def trained_at(story: Story, *, as_of: datetime) -> datetime:
    """Give the moment as of which a version was trained.

    That is when its run began; where that is still to come, because time is being replayed, it
    is the youngest row the run looked at.
    """
    started = read_moment(story.lineage.started) if story.lineage.started else None
    if started is not None and started <= as_of:
        return started
    youngest = read_moment(story.intake.end) if story.intake and story.intake.end else None
    return min(youngest, as_of) if youngest is not None else as_of


def read_moment(text: str | datetime) -> datetime:
    """Read a moment; without a zone it is UTC, as times are in tables.

    Examples
    --------
    >>> read_moment("2013-07-01").isoformat()
    '2013-07-01T00:00:00+00:00'
    """
    moment = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
