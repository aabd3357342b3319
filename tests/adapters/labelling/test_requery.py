"""Labels found by running the declared query again."""

from datetime import timedelta

import pytest

from adapters.declaration import load
from adapters.events.reading import read
from adapters.labelling.requery import labels_from_query
from lifecycle.errors import DataError
from lifecycle.monitoring.evidence import Counted
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.events import Truth
from tests.adapters.events.telling import DAY, HOUR, NEXT, Told, a_contract

PROJECT = """
name: p
about: {{question: Is it late?, decision: Warn., owner: us}}
data:
  tables: {{flights: flights.csv}}
  query: SELECT flight, "when", delay > 15 AS late FROM flights
  key: [flight, when]
  {time}
  label: {{column: late, task: binary{after}}}
"""
TIME = """time: when
  window: {to: 2025-01-01}"""
FLIGHTS = """flight,when,delay
1,2026-01-01 06:00:00,30
2,2026-01-01 06:00:00,3
3,2026-01-01 22:00:00,3
4,2026-01-01 06:00:00,
,2026-01-01 06:00:00,3
9,2026-01-01 06:00:00,99
"""
CONTRACT = Contract(
    project="p", label="late", task="binary", classes=("false", "true"), threshold=0.5,
    key=("flight", "when"),
    fields=(Field(name="flight", type="integer"), Field(name="when", type="time")),
)  # fmt: skip
SIX = "2026-01-01T06:00:00Z"


class Asked(Told):
    """A project of late flights, and what was asked of it."""

    def declare(self, flights=FLIGHTS, *, time=TIME, after=", arrives_after: 6h"):
        home = self.folder.parent
        (home / "project.yaml").write_text(PROJECT.format(time=time, after=after))
        (home / "flights.csv").write_text(flights)
        self.loaded = load(str(home / "project.yaml"), root=home)

    def ask(self, *, as_of=NEXT, since=DAY, until=NEXT):
        return labels_from_query(
            self.loaded, self.contract, folder=self.folder, mask=self.mask,
            since=since, until=until, as_of=as_of,
        )  # fmt: skip


@pytest.fixture
def log(tmp_path):
    made = Asked(tmp_path / "events", CONTRACT)
    made.declare()
    return made


def test_labels_of_what_was_predicted_are_found_and_of_nothing_else(log):
    log.predict("r-1", (1, SIX), (2.0, "2026-01-01T07:00:00+01:00"), (4, SIX))
    found = log.ask()

    assert (found.rows, found.predicted, found.refused) == (5, 2, 0)
    assert found.recorded.written == 2
    assert log.labels(as_of=NEXT) == ["true", "false", None]


def test_a_label_is_known_once_its_delay_is_over_and_that_moment_is_kept(log):
    log.predict("r-1", (1, SIX), (3, "2026-01-01T22:00:00"))

    assert log.ask(as_of=DAY + 12 * HOUR - timedelta(seconds=1)).predicted == 0
    assert log.ask(as_of=DAY + 12 * HOUR).early == 1
    (line,) = read(log.folder).labels.to_pylist()
    assert (line["known_at"], line["by"]) == (DAY + 12 * HOUR, "query")
    assert log.labels(as_of=DAY + 12 * HOUR) == ["true", None]


def test_asking_again_writes_nothing_until_something_has_changed(log):
    log.predict("r-1", (1, SIX), (2, SIX))
    log.ask()
    again = log.ask(as_of=NEXT + HOUR)
    log.declare(FLIGHTS.replace(",30", ",3"))
    changed = log.ask(as_of=NEXT + 2 * HOUR)

    assert (again.recorded.written, again.recorded.known) == (0, 2)
    assert (changed.recorded.written, changed.recorded.known) == (1, 1)
    assert log.counts().corrected == 1


def test_predictions_outside_of_the_stretch_are_not_labelled(log):
    log.predict("r-1", (1, SIX), at=DAY - HOUR)

    assert log.ask().predicted == 0


def test_without_a_declared_delay_every_label_there_is_counts(log):
    log.declare(after="", time="")
    log.predict("r-1", (1, SIX), (3, "2026-01-01T22:00:00"))
    log.ask(as_of=DAY + 12 * HOUR)

    assert log.labels() == ["true", "false"]


def test_a_label_the_version_does_not_know_is_refused_and_counted(log):
    log.contract = CONTRACT.model_copy(update={"classes": ("no", "yes")})
    log.predict("r-1", (1, SIX))
    found = log.ask()

    assert (found.refused, found.recorded.written) == (1, 0)


def test_a_label_that_was_told_already_is_not_told_again(log):
    log.predict("r-1", (1, SIX))
    log.tell(Truth(label="true", key={"flight": 1, "when": SIX}))

    assert log.ask().recorded.known == 1
    assert log.counts() == Counted(predictions=1, labelled=1, told=1)


def test_rows_without_a_key_cannot_be_labelled_by_the_query(log):
    log.contract = a_contract(key=())

    with pytest.raises(DataError, match="no key that is kept"):
        log.ask()


def test_nothing_predicted_is_nothing_labelled(log):
    assert log.ask().recorded.written == 0
