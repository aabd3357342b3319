"""How much is known of the latest windows, and how it is told."""

from datetime import timedelta
from io import StringIO

import pytest
from rich.console import Console

from adapters.labelling.known import known
from adapters.labelling.terminal import print_known
from lifecycle.serving.events import Truth
from tests.adapters.events.telling import DAY, HOUR, Told, a_contract

NOON = "2026-01-01T12:00:00Z"
DAYS = timedelta(days=1)


@pytest.fixture
def log(tmp_path):
    return Told(tmp_path, a_contract())


def look(log, *, length=DAYS, windows=7):
    return known(log.folder, log.contract, length=length, windows=windows, now=DAY + 99 * DAYS)


def test_the_latest_windows_with_predictions_come_in_their_order(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    log.predict("r-2", ("UA3", NOON), at=DAY + 3 * DAYS)
    log.predict("r-3", ("UA4", NOON), at=DAY + 40 * DAYS)
    log.tell(Truth(label="yes", request_id="r-1", row=0), Truth(label="no", request_id="r-2"))

    first, second, third = look(log)
    assert (first.span.start, first.counts.share, first.oldest) == (DAY, 0.5, DAY + HOUR)
    assert (second.counts.share, second.oldest) == (1.0, None)
    assert [one.span for one in look(log, windows=2)] == [second.span, third.span]
    assert [one.counts.predictions for one in look(log, length="month")] == [3, 1]


def test_short_windows_are_found_wherever_they_lie(log):
    log.predict("r-1", ("UA1", NOON), at=DAY + 0.9 * HOUR)

    (found,) = look(log, length=timedelta(minutes=10))
    assert found.span.start == DAY + timedelta(minutes=50)


def test_nothing_predicted_is_said_so(log):
    out = StringIO()
    print_known(look(log), "p", 0.5, console=Console(file=out))

    assert out.getvalue() == ('Nothing was predicted for "p" so far, so nothing can be labelled.\n')


def test_a_share_below_the_declared_one_says_what_to_do(log):
    log.predict("r-1", ("UA1", NOON), ("UA2", NOON))
    log.tell(Truth(label="yes", request_id="r-1", row=0), Truth(label="no", request_id="r-9"))
    out = StringIO()
    print_known(look(log), "p", 0.6, console=Console(file=out, width=120))

    told = out.getvalue()
    (line,) = [line for line in told.splitlines() if "1 Jan" in line]
    assert " 2 50.0% 0 1 1 " in " ".join(line.split())
    assert line.endswith("1 Jan 2026 01:00")
    assert "Below 60% (monitoring.labels.share)" in told
