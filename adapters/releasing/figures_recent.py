"""What both versions did in the last seconds, so that what begins late is found as early."""

from collections import deque
from datetime import datetime, timedelta

from lifecycle.release.evidence import Bucket, Traffic

WINDOW = timedelta(seconds=8)

SILENCE = timedelta(seconds=5)
"""One that is begun again after it died answers within three."""

Both = tuple[Traffic, Traffic]


class Recent:
    """Remembers the looks of the last seconds."""

    def __init__(self) -> None:
        self._looks: deque[tuple[datetime, Both]] = deque()

    def look(self, now: datetime, both: Both) -> Both | None:
        """Give what was done since the oldest of these looks; `None`: there is none before.

        Parameters
        ----------
        both
            What was done since the step began, champion first.
        """
        while self._looks and now - self._looks[0][0] > WINDOW:
            self._looks.popleft()
        before = self._looks[0][1] if self._looks else None
        self._looks.append((now, both))
        if before is None:
            return None
        is_long = now - self._looks[0][0] >= SILENCE
        champion, challenger = (
            _less(after, earlier, [looked[place] for _, looked in self._looks], is_long=is_long)
            for place, (after, earlier) in enumerate(zip(both, before, strict=True))
        )
        return champion, challenger


def _less(after: Traffic, before: Traffic, looks: list[Traffic], *, is_long: bool) -> Traffic:
    """Take off what was there before; a lag, and a silence, count only if they lasted."""
    lags = [look.lag_ms for look in looks]
    known = {bucket.ms: bucket.count for bucket in before.took}
    told = [lag for lag in lags if lag is not None]
    return after.model_copy(
        update={
            "requests": after.requests - before.requests,
            "failed": after.failed - before.failed,
            "turned_away": after.turned_away - before.turned_away,
            "took": tuple(
                Bucket(ms=bucket.ms, count=bucket.count - known.get(bucket.ms, 0))
                for bucket in after.took
            ),
            "is_silent": is_long and all(look.is_alive is False for look in looks),
            "lag_ms": min(told) if len(told) == len(lags) else None,
        }
    )
