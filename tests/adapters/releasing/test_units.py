from datetime import UTC, datetime, timedelta
from hashlib import blake2b

import numpy as np
import pytest

from adapters.events.log import EventLog
from adapters.releasing import units_tally
from adapters.releasing.units import NoTestError, figures, history
from lifecycle.errors import DataError
from lifecycle.release.declaration import Experiment, Metric, Releasing
from lifecycle.release.release import Release
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, prediction_lines
from lifecycle.serving.inputs import Answers
from lifecycle.serving.outcomes import Outcome, outcome_lines

BEGAN = datetime(2024, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONTRACT = Contract(
    project="p", label="y", task="regression", fields=(Field(name="a b", type="number"),)
)
VERSIONS = {"challenger": "4", "champion": "3", None: "3"}


def hashed(unit):
    return blake2b(unit, digest_size=16).hexdigest()


class World:
    """A log that is written as the service writes it."""

    def __init__(self, state):
        self.state = state
        self.folder = state / "events" / "p"
        self.folder.mkdir(parents=True)
        self.requests = 0

    def log(self, kind):
        return EventLog(self.folder, Events(), name=kind)

    def see(self, *units, arm="champion", at=BEGAN, version=None, release=7, ids=None):
        lines = b""
        for place, unit in enumerate(units):
            self.requests += 1
            lines += prediction_lines(
                request_id=ids[place] if ids else f"r-{self.requests}", at=at,
                version=version or VERSIONS[arm], by=None, rows=[{"a b": 1.0}] * 2,
                answers=Answers(np.array([0.5, 0.5]), None), contract=CONTRACT,
                mask=Mask(CONTRACT, "drop"), unit=hashed(unit.encode()),
                arm=f"{release}:{arm}" if arm else None,
            )  # fmt: skip
        self.write("predictions", lines)

    def tell(self, *outcomes, at=BEGAN + HOUR):
        lines = outcome_lines(
            request_id="o-1", at=at, by=None, mask=hashed,
            outcomes=[Outcome(**{"name": "booked", **one}) for one in outcomes],
        )  # fmt: skip
        self.write("outcomes", lines)

    def write(self, kind, lines):
        with self.log(kind) as log:
            log.write(lines)

    def figures(self, *, as_of=BEGAN + 30 * DAY, number=7, **test):
        return figures(self.state, a_release(number=number, **test), as_of)

    def arms(self, **given):
        """Units and total of the champion's arm, then of the challenger's."""
        found = self.figures(**given).metrics[0]
        return tuple((arm.units, arm.total) for arm in (found.champion, found.challenger))


def a_release(*, number=7, metric=None, guard=()):
    test = Experiment(metric=metric or {"name": "booked"}, effect=0.1, guard=guard)
    policy = Releasing(strategy="ab", unit={"header": "x-user"}, test=test)
    return Release(
        number=number, project="p", strategy="ab", champion="3", challenger="4", by="me",
        policy=policy, began=BEGAN, stepped=BEGAN,
    )  # fmt: skip


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def test_a_log_nobody_has_written_has_no_units(tmp_path):
    found = figures(tmp_path, a_release(), BEGAN)

    assert found.metrics[0].champion.units == found.outcomes == 0


def test_units_are_counted_once_in_the_arm_of_this_release(world):
    world.see("ann", "bob", "ann")
    world.see("cid", arm="challenger")
    world.see("dan", arm="challenger", release=6)
    world.see("eve", arm=None)

    assert world.arms() == ((2, 0.0), (1, 0.0))


def test_a_conversion_counts_once_however_often_it_is_told(world):
    world.see("ann", "bob")
    world.tell({"unit": "ann"}, {"unit": "ann"}, {"unit": "ann", "id": "1"})

    assert world.arms() == ((2, 1.0), (0, 0.0))


def test_a_sum_adds_up_outcomes_and_their_squares_by_unit(world):
    world.see("ann", "bob", "cid")
    world.tell({"unit": "ann", "value": 2.0}, {"unit": "ann", "value": 3.0}, {"unit": "bob"})
    arm = world.figures(metric={"name": "booked", "kind": "sum"}).metrics[0].champion

    assert (arm.units, arm.total, arm.squares, arm.counted) == (3, 6.0, 26.0, 2)


def test_an_outcome_told_again_under_its_id_counts_as_it_was_told_last(world):
    world.see("ann")
    world.tell({"unit": "ann", "id": "order-1", "value": 5.0})
    world.tell({"unit": "ann", "id": "order-1", "value": 3.0}, at=BEGAN + 2 * HOUR)
    found = world.figures(metric={"name": "booked", "kind": "sum"})

    assert found.metrics[0].champion.total == 3.0
    assert (found.outcomes, found.repeated) == (2, 1)


def test_the_same_id_of_outcomes_of_two_names_is_two_outcomes(world):
    world.see("ann")
    world.tell({"unit": "ann", "id": "1"}, {"unit": "ann", "id": "1", "name": "back"})
    found = world.figures(guard=[{"name": "back", "worse": 0.0}])

    assert [metric.champion.total for metric in found.metrics] == [1.0, 1.0]


def test_a_conversion_that_is_corrected_to_zero_is_taken_back(world):
    world.see("ann")
    world.tell({"unit": "ann", "id": "order-1"})
    world.tell({"unit": "ann", "id": "order-1", "value": 0.0}, at=BEGAN + 2 * HOUR)

    assert world.arms()[0] == (1, 0.0)


def test_what_happened_before_a_unit_was_in_the_test_does_not_count(world):
    world.see("ann", at=BEGAN + 5 * HOUR)
    world.tell({"unit": "ann"}, at=BEGAN + 4 * HOUR)
    world.tell({"unit": "ann", "happened_at": "2024-03-01T16:00:00Z"}, at=BEGAN + 9 * HOUR)

    assert world.arms()[0] == (1, 0.0)


def test_what_happened_too_late_does_not_count_and_what_was_told_late_does(world):
    world.see("ann", "bob")
    world.tell({"unit": "ann"}, at=BEGAN + 8 * DAY)
    world.tell({"unit": "bob", "happened_at": "2024-03-02T00:00:00Z"}, at=BEGAN + 8 * DAY)
    found = world.figures()

    assert found.metrics[0].champion.total == 1.0
    assert found.late == 1


def test_an_outcome_of_a_request_is_that_of_its_unit(world):
    world.see("ann", "bob", ids=["r-a", "r-b"])
    world.tell({"request_id": "r-b"}, {"request_id": "r-nobody"})
    found = world.figures()

    assert found.metrics[0].champion.total == 1.0
    assert found.strange == 1


def test_outcomes_of_units_outside_the_test_are_not_strange(world):
    world.see("ann", arm=None)
    world.tell({"unit": "ann"}, {"unit": "zoe"})

    assert world.figures().strange == 1


def test_a_unit_in_both_arms_is_told_and_stays_in_its_first(world):
    world.see("ann", arm="challenger", at=BEGAN)
    world.see("ann", arm="champion", at=BEGAN + HOUR)
    world.see("bob", arm="champion", at=BEGAN)
    world.see("bob", arm="challenger", at=BEGAN + HOUR)
    found = world.figures()

    assert found.crossed == 2
    assert world.arms() == ((1, 0.0), (1, 0.0))


def test_a_request_answered_by_the_other_version_stays_in_its_arm(world):
    world.see("ann", arm="challenger", version="3")

    assert world.figures().answered_by_other == 1
    assert world.arms() == ((0, 0.0), (1, 0.0))


def test_units_and_outcomes_are_those_known_by_the_moment_asked_for(world):
    world.see("ann")
    world.see("bob", at=BEGAN + 2 * DAY)
    world.tell({"unit": "ann"}, at=BEGAN + DAY)

    assert world.arms(as_of=BEGAN + HOUR)[0] == (1, 0.0)
    assert world.arms(as_of=BEGAN + DAY)[0] == (1, 1.0)
    assert world.arms(as_of=BEGAN + 2 * DAY)[0] == (2, 1.0)


def test_a_unit_is_settled_once_its_time_is_over(world):
    world.see("ann")
    world.see("bob", at=BEGAN + DAY)
    settled = world.figures(as_of=BEGAN + 7 * DAY).metrics[0].settled

    assert settled.champion.units == 1


def test_rehearsals_are_nobodys_requests(world):
    world.see("ann", ids=["smoke-1"])

    assert world.arms()[0] == (0, 0.0)


def test_torn_lines_are_passed_over_and_the_others_read(world):
    world.see("ann")
    (world.folder / "predictions" / "20240301T120000.000000Z-a-1-0.jsonl").write_bytes(
        b'{"event":"prediction","v":1,"id"\n\xff\xfe\n'
    )

    assert world.arms()[0] == (1, 0.0)


def test_lines_of_a_form_nobody_knows_are_refused(world):
    world.write("outcomes", b'{"event":"outcome","v":9,"at":"2024-03-01T12:00:00Z","name":"b"}\n')

    with pytest.raises(DataError, match="form 9"):
        world.figures()


def test_a_release_that_is_no_test_has_no_arms(tmp_path):
    release = a_release().model_copy(update={"policy": Releasing()})

    with pytest.raises(NoTestError, match=r"no release\.test"):
        figures(tmp_path, release, BEGAN)


class TestReadingOn:
    """What was read is kept, and changes nothing but the time it takes."""

    @pytest.fixture(autouse=True)
    def keep_at_once(self, monkeypatch):
        monkeypatch.setattr(units_tally, "KEEP_AFTER", 1)

    def kept(self, world):
        return world.folder / "index" / "units" / "7.npz"

    def test_what_was_kept_and_what_came_after_are_the_same_as_all_read_anew(self, world):
        generator = np.random.default_rng(5)
        for _ in range(12):
            names = [f"u{number}" for number in generator.integers(0, 60, size=15)]
            for name in names:
                world.see(name, arm="challenger" if int(name[1:]) % 2 else "champion")
            world.tell(*({"unit": name, "value": 2.0} for name in names[:4]))
            world.tell({"request_id": f"r-{world.requests}", "id": f"{names[0]}"})
            known = world.figures(metric={"name": "booked", "kind": "sum"})
        self.kept(world).unlink()

        assert known == world.figures(metric={"name": "booked", "kind": "sum"})
        assert known.metrics[0].champion.total > 0

    def test_lines_that_were_kept_are_not_read_again(self, world, monkeypatch):
        world.see("ann", "bob")
        world.figures()
        read = []
        monkeypatch.setattr(units_tally, "pieces", lambda *a, **k: read.append(a) or iter(()))

        assert world.arms()[0] == (2, 0.0)
        assert read == []

    def test_a_file_that_is_still_written_is_read_on_after_it_was_finished(self, world):
        log = world.log("predictions")
        first, second = self.lines(world, "ann"), self.lines(world, "bob")
        log.write(first)
        before = world.arms()[0]
        log.write(second)
        log.close()

        assert (before, world.arms()[0]) == ((1, 0.0), (2, 0.0))

    def test_half_a_line_is_waited_for(self, world):
        whole = self.lines(world, "ann")
        path = world.folder / "predictions" / "20240301T120000.000000Z-a-1-0.jsonl.open"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(whole[:60])
        before = world.arms()[0]
        path.write_bytes(whole)

        assert (before, world.arms()[0]) == ((0, 0.0), (1, 0.0))

    def test_all_is_read_anew_after_a_writer_took_lines_back(self, world):
        path = world.folder / "predictions" / "20240301T120000.000000Z-a-1-0.jsonl.open"
        path.parent.mkdir(exist_ok=True)
        first = self.lines(world, "ann")
        path.write_bytes(first + self.lines(world, "bob"))
        world.figures()
        path.write_bytes(first)

        assert world.arms()[0] == (1, 0.0)

    @pytest.mark.parametrize("damage", [b"", b"no archive", b"PK\x03\x04"])
    def test_a_damaged_file_of_what_was_kept_is_made_anew(self, world, damage):
        world.see("ann")
        world.figures()
        self.kept(world).write_bytes(damage)

        assert world.arms()[0] == (1, 0.0)

    def test_what_another_release_of_that_number_kept_is_not_taken(self, world, monkeypatch):
        world.see("ann")
        world.figures()
        other = a_release().model_copy(update={"began": BEGAN + 2 * DAY})

        assert figures(world.state, other, BEGAN + 3 * DAY).metrics[0].champion.units == 0

    def lines(self, world, unit):
        before = {path: path.stat().st_size for path in world.folder.rglob("*.jsonl")}
        world.see(unit)
        (made,) = set(world.folder.rglob("*.jsonl")) - set(before)
        content = made.read_bytes()
        made.unlink()
        return content


class TestHistory:
    """What a metric was before a test."""

    METRIC = Metric(name="booked", within="1d")

    def test_nobody_can_tell_what_nobody_has_written(self, tmp_path):
        assert history(tmp_path, "p", self.METRIC, until=BEGAN) == (None, None, None, "")

    def test_the_baseline_is_that_of_units_whose_time_is_over(self, world):
        for day in range(10):
            units = [f"{day} {number}" for number in range(40)]
            world.see(*units, arm=None, at=BEGAN + day * DAY)
            world.tell(*({"unit": unit} for unit in units[:4]), at=BEGAN + day * DAY + HOUR)
        baseline, deviation, a_day, source = history(
            world.state, "p", self.METRIC, until=BEGAN + 9.5 * DAY
        )

        assert baseline == pytest.approx(0.1)
        assert deviation == pytest.approx(0.3, abs=0.01)
        assert a_day == pytest.approx(400 / 9.5)
        assert "360 units" in source

    def test_units_that_met_a_challenger_do_not_tell_the_usual(self, world):
        world.see(*(f"old {number}" for number in range(200)), arm=None)
        world.see(*(f"new {number}" for number in range(200)), arm="challenger")
        world.tell(*({"unit": f"old {number}"} for number in range(100)))
        world.tell(*({"unit": f"new {number}"} for number in range(200)))

        assert history(world.state, "p", self.METRIC, until=BEGAN + 2 * DAY)[0] == 0.5

    def test_a_unit_begins_anew_with_the_window(self, world):
        names = [f"u{number}" for number in range(120)]
        world.see(*names, arm=None, at=BEGAN - 40 * DAY)
        world.see(*names, arm=None, at=BEGAN - 3 * DAY)
        world.tell(*({"unit": name} for name in names[:60]), at=BEGAN - 3 * DAY + HOUR)

        assert history(world.state, "p", self.METRIC, until=BEGAN)[0] == 0.5

    def test_too_few_outcomes_tell_no_baseline_and_still_the_units_a_day(self, world):
        world.see(*(f"u{number}" for number in range(120)), arm=None)
        world.tell({"unit": "u1"})
        found = history(world.state, "p", self.METRIC, until=BEGAN + 2 * DAY)

        assert found == (None, None, 60.0, "")
