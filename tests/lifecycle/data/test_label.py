import pyarrow as pa
import pytest

from lifecycle.data.declaration import Label
from lifecycle.data.label import classes, encode
from lifecycle.errors import DataError


def label(task="binary", **fields):
    return Label(column="y", task=task, **fields)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["true", "false"], ("false", "true")),
        (["1", "1", "0"], ("0", "1")),
        (["Yes", "No", "Yes"], ("No", "Yes")),
        (["neg", "pos", "pos"], ("neg", "pos")),
        (["2", "1", "1"], ("1", "2")),
        (["stay", "stay", "leave"], ("stay", "leave")),
        (["a", "b"], ("a", "b")),
    ],
)
def test_the_positive_class_reads_as_yes_or_else_is_the_rarer(values, expected):
    assert classes(pa.table({"y": values}), label()) == expected


def test_a_declared_positive_class_wins():
    assert classes(pa.table({"y": ["true", "false"]}), label(positive="false")) == ("true", "false")


def test_a_positive_class_that_does_not_occur_is_an_error_with_a_suggestion():
    with pytest.raises(DataError, match='Did you mean "late"'):
        classes(pa.table({"y": ["late", "on time"]}), label(positive="lat"))


def test_many_classes_come_in_order_of_number_or_alphabet():
    many = label("multiclass")

    assert classes(pa.table({"y": ["10", "9", "2"]}), many) == ("2", "9", "10")
    assert classes(pa.table({"y": ["c", "a", "b"]}), many) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("task", "values", "said"),
    [
        ("binary", ["a", "a"], "exactly 2"),
        ("binary", ["a", "b", "c"], "multiclass"),
        ("binary", [None, None], "none at all"),
        ("multiclass", ["a", "b"], "task: binary"),
    ],
)
def test_a_label_that_does_not_fit_its_task_is_an_error(task, values, said):
    with pytest.raises(DataError, match=said):
        classes(pa.table({"y": pa.array(values, pa.string())}), label(task))


def test_codes_follow_the_order_of_the_classes():
    codes = encode(pa.table({"y": ["b", "a", "b"]}), label(), ("a", "b"))

    assert codes.tolist() == [1, 0, 1]
    assert codes.dtype == "int64"


def test_a_number_stays_a_number():
    numbers = encode(pa.table({"y": [1.5, 2.0]}), label("regression"), ())

    assert numbers.tolist() == [1.5, 2.0]
    assert numbers.dtype == "float64"


@pytest.mark.parametrize(("values", "said"), [(["a", None], "1 of 2"), (["a", "c"], '"c"')])
def test_a_label_that_cannot_be_encoded_is_an_error(values, said):
    with pytest.raises(DataError, match=said):
        encode(pa.table({"y": values}), label(), ("a", "b"))


def test_a_label_column_that_is_missing_is_an_error_with_a_suggestion():
    with pytest.raises(DataError, match='Did you mean "yy"'):
        classes(pa.table({"yy": ["a"]}), label())
