"""What people and machines read of an alert."""

import json

from lifecycle.monitoring.alerts import telling_of
from lifecycle.monitoring.review import Cause
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, Told, days


def test_a_stranger_reads_what_was_found_and_what_to_do() -> None:
    alert = Told().run(days("xx", Cause.CONCEPT)).alerts[0]

    told = telling_of(alert, "opened", at=JULY + 2 * DAY)

    assert told.title == "flights version 3: concept drift since 1 Jul 2013 (critical)"
    assert told.text.splitlines() == [
        "Found in 2 windows, the last from 2 Jul 2013 to 3 Jul 2013.",
        "",
        "What was found:",
        '- Column "distance" says fail.',
        "",
        "What to do: python run.py --pipeline retraining --project flights trains a successor if "
        "one is due, and else says why not.",
        "All of it: python run.py alerts show 1",
        'Not to hear of it for a while: python run.py alerts silence 1 --for 3d --why "..."',
    ]


def test_what_is_over_says_since_when() -> None:
    alert = Told().run(days("x")).run(days("x.")).alerts[0]

    told = telling_of(alert, "resolved", at=JULY + 2 * DAY)

    assert told.title == "flights version 3: data drift since 1 Jul 2013 (over)"
    assert told.text.startswith("All was well in the window after 2 Jul 2013.")
    assert "What to do" not in told.text


def test_a_machine_reads_the_same_as_values() -> None:
    alert = Told().run(days("x")).alerts[0]

    body = json.loads(telling_of(alert, "opened", at=JULY).model_dump_json())

    assert body["kind"] == "opened"
    assert body["alert"]["cause"] == "data drift"
    assert body["alert"]["verdicts"][0]["limit"] == 0.2
