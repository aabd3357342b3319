"""Each rule: what it lets pass, what it warns of, what it refuses, and what it cannot tell."""

from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from lifecycle.data.declaration import Schema
from lifecycle.data.describe import describe
from lifecycle.data.intake import TableIntake
from lifecycle.data.rules import Checks, check
from lifecycle.data.rules.personal import PATTERNS, is_card, is_email, is_iban, is_ip, is_phone
from lifecycle.verdict import Outcome
from tests.lifecycle.data.building import declare, judge, outcomes, schema, taken_in

ROWS = 400


def sound(rows=ROWS, **columns):
    """A table nothing is wrong with."""
    rng = np.random.default_rng(7)
    given = {
        "id": list(range(rows)),
        "size": rng.normal(size=rows),
        "kind": rng.choice(["a", "b", "c"], rows),
        "y": rng.choice(["no", "yes"], rows),
    }
    return pa.table({**given, **columns})


KEYED = declare(key=["id"])


def test_a_sound_table_is_refused_by_no_rule():
    verdicts = judge(sound(2_000), KEYED)

    assert outcomes(verdicts, Outcome.WARN, Outcome.FAIL, Outcome.UNKNOWN) == []


@pytest.mark.parametrize("name", list(Checks.model_fields))
def test_every_rule_answers_even_for_a_table_without_rows_or_columns(name):
    empty = pa.table({"id": pa.array([], pa.int64())})

    verdicts = judge(empty, KEYED)

    assert any(rule.split()[0] == name for rule in verdicts)
    assert outcomes(verdicts, Outcome.FAIL, Outcome.UNKNOWN)


@pytest.mark.parametrize("name", list(Checks.model_fields))
def test_every_limit_survives_being_stored_and_read(name):
    rule = getattr(Checks(), name)

    assert type(rule).model_validate_json(rule.model_dump_json()) == rule


def test_a_limit_that_does_not_exist_is_refused():
    with pytest.raises(ValidationError, match="at_leest"):
        Checks.model_validate({"rows": {"at_leest": 3}})


class TestTypes:
    def test_a_renamed_column_is_missed_and_its_new_name_suggested(self):
        table = sound().rename_columns(["id", "sizes", "kind", "y"])

        verdicts = judge(table, KEYED, schema(size={"type": "number"}, kind={"type": "category"}))

        assert verdicts["types size"].outcome is Outcome.FAIL
        assert 'become "sizes"' in verdicts["types size"].reason

    def test_a_table_that_was_not_conformed_is_refused(self):
        raw = pa.table({"y": ["a"] * 200, "x": pa.array([1] * 200, pa.int8())})

        verdicts = check(raw, taken_in(200), Schema(), declare(), Checks())

        assert "types x" in {verdict.rule for verdict in verdicts.blocking}

    def test_key_time_and_label_are_needed_though_not_declared(self):
        verdicts = judge(sound(), declare("z", key=["uid"], time="at"))

        assert {"types z", "types uid", "types at"} <= set(outcomes(verdicts, Outcome.FAIL))


class TestUndeclared:
    def test_columns_that_nobody_declared_are_a_warning(self):
        verdict = judge(sound(), KEYED, schema(size={"type": "number"}))["undeclared"]

        assert (verdict.outcome, verdict.measured) == (Outcome.WARN, 1.0)
        assert "kind" in verdict.reason

    def test_no_declaration_at_all_is_none(self):
        assert judge(sound(), KEYED)["undeclared"].outcome is Outcome.PASS


class TestRoles:
    def test_a_leak_may_not_be_a_feature(self):
        columns = schema(size={"type": "number", "role": ["feature", "leak"]})

        assert judge(sound(), KEYED, columns)["roles size"].outcome is Outcome.FAIL

    def test_a_leak_that_is_only_a_leak_passes(self):
        columns = schema(size={"type": "number", "role": "leak"})

        assert judge(sound(), KEYED, columns)["roles"].outcome is Outcome.PASS

    def test_nothing_to_learn_from_is_refused(self):
        verdicts = judge(sound().select(["id", "y"]), KEYED)

        assert verdicts["roles"].outcome is Outcome.FAIL


class TestRows:
    @pytest.mark.parametrize(
        ("rows", "expected"),
        [(99, Outcome.FAIL), (100, Outcome.WARN), (999, Outcome.WARN), (1_000, Outcome.PASS)],
    )
    def test_few_rows_are_refused_and_rather_few_warned_of(self, rows, expected):
        assert judge(sound(rows), KEYED)["rows"].outcome is expected

    def test_the_limit_can_be_declared(self):
        verdict = judge(sound(40), KEYED, checks={"rows": {"at_least": 40}})["rows"]

        assert verdict.outcome is Outcome.WARN


class TestRefusedRows:
    @pytest.mark.parametrize(
        ("bad", "expected"), [(0, Outcome.PASS), (4, Outcome.WARN), (5, Outcome.FAIL)]
    )
    def test_the_share_of_refused_rows_has_a_limit(self, bad, expected):
        table = sound(size=["huge"] * bad + ["1"] * (ROWS - bad))

        verdict = judge(table, KEYED, schema(size={"type": "number"}))["refused"]

        assert verdict.outcome is expected
        assert ("row 1 (id=0)" in verdict.reason) == (bad > 0)

    def test_the_worst_table_counts_however_large_the_others_are(self):
        tables = (
            TableIntake(table="flights", url="f", rows=10_000, fingerprint="f"),
            TableIntake(table="weather", url="w", rows=80, refused=20, fingerprint="w"),
        )

        verdict = judge(sound(), KEYED, tables=tables)["refused"]

        assert (verdict.outcome, verdict.measured) == (Outcome.FAIL, 0.2)
        assert "weather" in verdict.reason

    def test_no_rows_at_all_is_unknown(self):
        assert judge(sound().slice(0, 0), KEYED)["refused"].outcome is Outcome.UNKNOWN


class TestDuplicates:
    def test_a_key_that_names_two_rows_is_refused_with_an_example(self):
        verdict = judge(sound(id=[7, 7, *range(100, 100 + ROWS - 2)]), KEYED)["duplicates"]

        assert (verdict.outcome, verdict.measured) == (Outcome.FAIL, 1.0)
        assert "id=7" in verdict.reason

    def test_an_allowed_share_is_a_warning(self):
        table = sound(id=[7, 7, *range(100, 100 + ROWS - 2)])

        verdict = judge(table, KEYED, checks={"duplicates": {"at_most": "1%"}})["duplicates"]

        assert verdict.outcome is Outcome.WARN

    def test_without_a_key_whole_rows_that_repeat_are_a_warning(self):
        table = pa.concat_tables([sound(), sound().slice(0, 3)])

        verdict = judge(table, declare())["duplicates"]

        assert (verdict.outcome, verdict.measured) == (Outcome.WARN, 3.0)

    def test_a_key_that_is_missing_is_unknown(self):
        assert judge(sound(), declare(key=["uid"]))["duplicates"].outcome is Outcome.UNKNOWN


class TestLabels:
    def test_a_constant_label_is_refused(self):
        verdicts = judge(sound(y=["no"] * ROWS), KEYED)

        assert verdicts["labels"].outcome is Outcome.FAIL
        assert "constant" in verdicts["labels"].reason

    def test_a_constant_number_is_refused(self):
        verdicts = judge(sound(y=[1.5] * ROWS), declare(task="regression"))

        assert verdicts["labels"].outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("rows", "expected"), [(3, Outcome.FAIL), (10, Outcome.WARN), (50, Outcome.PASS)]
    )
    def test_the_rarest_class_needs_rows(self, rows, expected):
        table = sound(y=["yes"] * rows + ["no"] * (ROWS - rows))

        assert judge(table, KEYED)["labels classes"].outcome is expected

    def test_three_classes_are_not_binary(self):
        table = sound(y=["a", "b", "c", "c"] * (ROWS // 4))

        assert judge(table, KEYED)["labels"].outcome is Outcome.FAIL

    def test_few_different_numbers_look_like_classes(self):
        table = sound(y=[0.0, 1.0, 2.0, 3.0] * (ROWS // 4))

        assert judge(table, declare(task="regression"))["labels"].outcome is Outcome.WARN

    def test_no_labels_are_unknown_not_a_pass(self):
        verdicts = judge(sound(y=pa.nulls(ROWS, pa.string())), KEYED)

        assert verdicts["labels"].outcome is Outcome.UNKNOWN
        assert verdicts["leakage"].outcome is Outcome.UNKNOWN

    def test_rows_without_label_do_not_go_into_training(self):
        verdicts = judge(sound(y=[None, *["yes", "no"] * (ROWS // 2 - 1), "no"]), KEYED)

        assert verdicts["labels missing"].outcome is Outcome.FAIL

    def test_many_rows_kept_out_for_want_of_a_label_are_a_warning(self):
        assert judge(sound(), KEYED, unlabelled=500)["labels unlabelled"].outcome is Outcome.WARN


class TestMissing:
    gaps = pa.array([None, 1.0, 2.0, 3.0] * (ROWS // 4))

    @pytest.mark.parametrize(("limit", "expected"), [("20%", Outcome.FAIL), ("25%", Outcome.PASS)])
    def test_a_declared_share_is_the_limit(self, limit, expected):
        columns = schema(size={"type": "number", "missing": limit})

        assert judge(sound(size=self.gaps), KEYED, columns)["missing size"].outcome is expected

    def test_gaps_are_let_pass_where_nothing_is_declared(self):
        assert judge(sound(size=self.gaps), KEYED)["missing"].outcome is Outcome.PASS

    def test_a_declared_column_that_is_empty_is_refused(self):
        table = sound(size=pa.nulls(ROWS, pa.float64()))

        verdicts = judge(table, KEYED, schema(size={"type": "number"}))

        assert verdicts["missing size"].outcome is Outcome.FAIL

    def test_an_undeclared_column_that_is_empty_is_a_warning_even_in_a_resolved_schema(self):
        table = sound(more=pa.nulls(ROWS, pa.float64()))

        assert judge(table, KEYED)["missing more"].outcome is Outcome.WARN
        resolved = schema(more={"type": "number"})
        verdicts = judge(table, KEYED, resolved, undeclared=("more",))
        assert verdicts["missing more"].outcome is Outcome.WARN

    def test_a_row_without_time_is_refused(self):
        times = [None, *[datetime(2013, 1, 1) + timedelta(hours=hour) for hour in range(ROWS - 1)]]

        verdicts = judge(sound(at=times), declare(key=["id"], time="at"))

        assert verdicts["missing at"].outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        ("values", "expected"), [(gaps, ["missing size"]), (np.arange(ROWS) * 1.0, [])]
    )
    def test_gaps_the_champion_never_saw_are_refused(self, values, expected):
        before = sound()
        reference = describe(before, before, judged_schema(before), KEYED)

        verdicts = judge(sound(size=values), KEYED, reference=reference)

        assert outcomes(verdicts, Outcome.FAIL) == expected


def judged_schema(table):
    from lifecycle.data.conform import resolve

    return resolve(table, Schema(), KEYED)


class TestValues:
    @pytest.mark.parametrize(
        ("limits", "expected"),
        [
            ({"min": 0, "max": 10}, Outcome.PASS),
            ({"max": 9.5}, Outcome.FAIL),
            ({"min": 0.5}, Outcome.FAIL),
        ],
    )
    def test_numbers_lie_within_their_range_ends_included(self, limits, expected):
        table = sound(size=[0.0, 10.0] * (ROWS // 2))

        verdict = judge(table, KEYED, schema(size={"type": "number", **limits}))["ranges size"]

        assert verdict.outcome is expected

    def test_missing_numbers_are_in_every_range(self):
        table = sound(size=[None, 5.0] * (ROWS // 2))

        verdict = judge(table, KEYED, schema(size={"type": "number", "min": 0}))["ranges size"]

        assert verdict.outcome is Outcome.PASS

    def test_a_tolerated_share_outside_is_a_warning(self):
        table = sound(size=[99.0] + [5.0] * (ROWS - 1))
        columns = schema(size={"type": "number", "max": 10})

        verdict = judge(table, KEYED, columns, checks={"ranges": {"at_most": "1%"}})["ranges size"]

        assert verdict.outcome is Outcome.WARN

    def test_a_value_that_was_not_declared_is_refused_by_name(self):
        columns = schema(kind={"type": "category", "values": ["a", "b"]})

        verdict = judge(sound(), KEYED, columns)["values kind"]

        assert verdict.outcome is Outcome.FAIL
        assert '"c"' in verdict.reason

    @pytest.mark.parametrize("declared", [[1, 2], [1.0, 2.0], ["1", "2"]])
    def test_numbers_declared_as_categories_mean_what_the_table_holds(self, declared):
        columns = schema(kind={"type": "category", "values": declared})

        verdict = judge(sound(kind=[1.0, 2.0, None, 2.0] * (ROWS // 4)), KEYED, columns)

        assert verdict["values kind"].outcome is Outcome.PASS


class TestSpread:
    @pytest.mark.parametrize("value", [3, "x", True, datetime(2013, 1, 1)])
    def test_a_constant_feature_is_a_warning(self, value):
        assert judge(sound(size=[value] * ROWS), KEYED)["constant size"].outcome is Outcome.WARN

    def test_there_or_missing_is_not_constant(self):
        assert "constant size" not in judge(sound(size=[1.0, None] * (ROWS // 2)), KEYED)

    @pytest.mark.parametrize("sentinel", [9_999.0, -1e6])
    def test_a_sentinel_is_a_warning(self, sentinel):
        sizes = np.random.default_rng(0).normal(size=ROWS)
        sizes[3] = sentinel

        assert judge(sound(size=sizes), KEYED)["outliers size"].outcome is Outcome.WARN

    @pytest.mark.parametrize("shape", ["normal", "exponential", "lognormal", "poisson"])
    def test_an_honest_tail_is_not_told(self, shape):
        values = getattr(np.random.default_rng(0), shape)(size=5_000)

        verdicts = judge(sound(5_000, size=values), KEYED)

        assert verdicts["outliers"].outcome is Outcome.PASS


class TestLeakage:
    number = np.random.default_rng(3).normal(size=ROWS)

    @pytest.mark.parametrize(
        "leak",
        [
            lambda y: y.astype(float),
            lambda y: np.where(y, -1.0, 1.0) + np.arange(len(y)) * 1e-6,
            lambda y: pa.array(np.where(y, 1.0, np.nan), from_pandas=True),
            lambda y: np.where(y, "refunded", "paid"),
            lambda y: y,
            lambda y: np.where(y, np.arange(len(y)) % 7 + 100.0, np.arange(len(y)) % 50),
        ],
    )
    def test_a_column_that_gives_a_yes_or_no_away_is_refused(self, leak):
        y = np.random.default_rng(4).random(ROWS) < 0.2

        verdicts = judge(sound(y=y, after=leak(y)), KEYED)

        assert verdicts["leakage after"].outcome is Outcome.FAIL

    @pytest.mark.parametrize("leak", [np.exp, lambda y: 3 * y + 5, lambda y: -(y**3)])
    def test_a_column_computed_from_a_number_is_refused(self, leak):
        table = sound(y=self.number, after=leak(self.number))

        verdicts = judge(table, declare(key=["id"], task="regression"))

        assert verdicts["leakage after"].outcome is Outcome.FAIL

    def test_a_column_that_names_the_class_is_refused(self):
        y = np.random.default_rng(4).choice(["x", "y", "z"], ROWS)

        verdicts = judge(sound(y=y, after=np.char.upper(y)), declare(task="multiclass"))

        assert verdicts["leakage after"].outcome is Outcome.FAIL

    @pytest.mark.parametrize("noise", [0.5, 1.0])
    def test_a_strong_honest_column_is_let_pass_and_named(self, noise):
        strong = self.number + noise * np.random.default_rng(4).normal(size=ROWS)

        verdict = judge(sound(y=self.number > 0, strong=strong), KEYED)["leakage"]

        assert verdict.outcome is Outcome.PASS
        assert '"strong"' in verdict.reason
        assert verdict.measured > 0.7

    def test_a_column_with_a_value_of_its_own_in_each_row_is_not_praised_for_it(self):
        names = [f"customer {row}" for row in range(ROWS)]

        verdict = judge(sound(name=names), KEYED)["leakage"]

        assert verdict.outcome is Outcome.PASS
        assert verdict.measured < 0.7

    def test_noise_is_never_taken_for_a_leak(self):
        rng = np.random.default_rng(5)
        for _ in range(40):
            noise = {f"n{column}": rng.normal(size=120) for column in range(25)}
            y = np.array(["yes"] * 12 + ["no"] * 108)
            assert judge(pa.table({**noise, "y": y}), declare())["leakage"].outcome is Outcome.PASS

    def test_an_honest_column_can_be_allowed(self):
        y = np.random.default_rng(4).random(ROWS) < 0.3
        checks = {"leakage": {"allow": ["after"]}}

        verdicts = judge(sound(y=y, after=y), KEYED, checks=checks)

        assert verdicts["leakage"].outcome is Outcome.PASS

    @pytest.mark.parametrize("role", ["leak", "ignore"])
    def test_a_column_the_model_does_not_see_cannot_leak(self, role):
        y = np.random.default_rng(4).random(ROWS) < 0.3
        columns = schema(after={"type": "boolean", "role": role})

        assert judge(sound(y=y, after=y), KEYED, columns)["leakage"].outcome is Outcome.PASS

    def test_a_rare_class_leaks_as_well(self):
        y = np.arange(20_000) % 1_000 == 0
        after = np.where(y, 5.0, 0.0) + np.random.default_rng(0).random(20_000)

        verdicts = judge(sound(20_000, y=y, after=after), KEYED)

        assert verdicts["leakage after"].outcome is Outcome.FAIL

    def test_too_few_of_a_class_are_unknown(self):
        y = ["yes"] * 3 + ["no"] * (ROWS - 3)

        assert judge(sound(y=y), KEYED)["leakage"].outcome is Outcome.UNKNOWN


class TestPersonal:
    mails = tuple(f"person{row}@example.org" for row in range(ROWS))

    def test_personal_data_in_a_feature_are_refused(self):
        verdict = judge(sound(contact=self.mails), KEYED)["personal contact"]

        assert verdict.outcome is Outcome.FAIL
        assert "e-mail" in verdict.reason

    @pytest.mark.parametrize("role", ["personal", ["feature", "personal"]])
    def test_declared_personal_data_pass(self, role):
        columns = schema(contact={"type": "text", "role": role})

        assert judge(sound(contact=self.mails), KEYED, columns)["personal"].outcome is Outcome.PASS

    def test_undeclared_personal_data_that_the_model_does_not_see_are_a_warning(self):
        columns = schema(contact={"type": "text", "role": "ignore"})

        verdict = judge(sound(contact=self.mails), KEYED, columns)["personal contact"]

        assert verdict.outcome is Outcome.WARN

    @pytest.mark.parametrize("name", ["FirstName", "date of birth", "home_phone", "e-mail"])
    def test_a_name_alone_is_a_warning(self, name):
        verdict = judge(sound(**{name: ["x", "z"] * (ROWS // 2)}), KEYED)[f"personal {name}"]

        assert verdict.outcome is Outcome.WARN

    @pytest.mark.parametrize("name", ["domestic", "microphone_type", "streetcar", "dobro", "named"])
    def test_a_name_that_only_contains_such_a_word_is_not(self, name):
        assert judge(sound(**{name: ["x", "z"] * (ROWS // 2)}), KEYED)["personal"]

    def test_mails_in_free_text_are_found(self):
        texts = [f"call {row}, or write to me@there.com" for row in range(ROWS)]

        assert judge(sound(note=texts), KEYED)["personal note"].outcome is Outcome.FAIL

    def test_card_numbers_stored_as_integers_are_found(self):
        cards = [int(f"411111{row:09d}{check_digit(f'411111{row:09d}')}") for row in range(ROWS)]

        assert judge(sound(paid=cards), KEYED)["personal paid"].outcome is Outcome.FAIL

    @pytest.mark.parametrize(
        "honest",
        [
            [f"2013-01-{1 + row % 28:02d}" for row in range(ROWS)],
            [f"N{row:05d}" for row in range(ROWS)],
            [f"{row % 9}.{row % 7}.2" for row in range(ROWS)],
            [f"{1_000_000 + row * 37}" for row in range(ROWS)],
            list(1_357_000_000_000_000 + np.arange(ROWS) * 3_600_000_000),
        ],
    )
    def test_dates_tail_numbers_versions_amounts_and_stamps_are_not_personal(self, honest):
        assert judge(sound(other=honest), KEYED)["personal"].outcome is Outcome.PASS


def check_digit(digits):
    """Luhn's check digit, the long way round: try all ten."""
    return next(digit for digit in range(10) if is_card(f"{digits}{digit}"))


@pytest.mark.parametrize(
    ("test", "text", "expected"),
    [
        (is_email, "a.b+c@d-e.co.uk", True),
        (is_email, "@handle", False),
        (is_phone, "+49 30 1234567", True),
        (is_phone, "(212) 555-0123", True),
        (is_phone, "212-555-0123", True),
        (is_phone, "2013-01-01", False),
        (is_phone, "1234567", False),
        (is_iban, "DE89370400440532013000", True),
        (is_iban, "DE89370400440532013001", False),
        (is_card, "5500-0000-0000-0004", True),
        (is_card, "5500-0000-0000-0005", False),
        (is_card, "1234", False),
        (is_ip, "192.168.0.1", True),
        (is_ip, "2001:db8::1", True),
        (is_ip, "256.1.1.1", False),
        (is_ip, "12:30:00", False),
    ],
)
def test_patterns_tell_personal_values_from_others(test, text, expected):
    assert test in PATTERNS.values()
    assert test(text) is expected


def test_a_rule_names_the_first_columns_and_counts_the_rest():
    table = sound(**{f"c{column}": [1] * ROWS for column in range(60)})

    told = [verdict for rule, verdict in judge(table, KEYED).items() if rule.startswith("constant")]

    assert len(told) == 21
    assert "40 more columns" in told[-1].reason
