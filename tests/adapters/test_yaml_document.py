import pytest

from adapters.yaml_document import parse


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("no", "no"),
        ("NO", "NO"),
        ("on", "on"),
        ("y", "y"),
        ("true", True),
        ("False", False),
        ("01", "01"),
        ("0", 0),
        ("007", "007"),
        ("-5", -5),
        ("1_000", 1000),
        ("0x1F", 31),
        ("0o17", 15),
        ("1e-3", 0.001),
        ("1.0", 1.0),
        ("2013-01-01", "2013-01-01"),
        ("12:30", "12:30"),
        ("NA", "NA"),
        ("~", None),
        ("", None),
        ('"5"', "5"),
        (".inf", float("inf")),
        ("20%", "20%"),
    ],
)
def test_a_scalar_reads_as_what_a_person_would_take_it_for(written, read):
    assert parse(f"key: {written}").data == {"key": read}


def test_keys_are_always_text():
    assert parse("2013: a\ntrue: b\n1.5: c").data == {"2013": "a", "true": "b", "1.5": "c"}


def test_every_key_and_item_knows_its_line():
    document = parse("a:\n  b: 1\n\nc:\n  - x\n  - {d: 2}\n")

    assert document.lines["a", "b"] == 2
    assert document.lines["c",] == 4
    assert document.lines["c", 1, "d"] == 6


def test_an_alias_stands_for_its_anchor():
    assert parse("a: &x {q: 1}\nb: *x").data == {"a": {"q": 1}, "b": {"q": 1}}


def test_all_duplicate_keys_are_found_and_the_first_one_counts():
    document = parse("a: 1\nb: {c: 1, c: 2}\na: 3")

    assert [(flaw.line, flaw.problem) for flaw in document.flaws] == [
        (2, '"c" is declared a second time; it is already on line 2.'),
        (3, '"a" is declared a second time; it is already on line 1.'),
    ]
    assert document.data == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize(
    ("text", "line", "column", "remedy"),
    [
        ("a:\n\tb: 1", 2, 1, "spaces, never with tabs"),
        ("a: b: c", 1, 5, "holds a colon into quotes"),
        ("a: [1, 2", 1, 9, "indentation, brackets and quotes"),
        ("a: 1\n---\nb: 2", 2, 1, "one declaration"),
        ("a: @x", 1, 4, "begins with @"),
        ("a: 1\n<<: {b: 2}", 2, 1, "Write the keys out"),
        ("a: &a [1, *a]", 1, 4, ""),
    ],
)
def test_a_text_that_is_not_yaml_names_the_place_and_a_way_out(text, line, column, remedy):
    (flaw,) = parse(text).flaws

    assert (flaw.line, flaw.column) == (line, column)
    assert remedy in flaw.remedy


def test_an_empty_text_is_nothing_without_a_flaw():
    document = parse("# only a comment\n")

    assert document.data is None
    assert document.flaws == ()
