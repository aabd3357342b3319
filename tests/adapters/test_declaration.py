from pathlib import Path

import pytest

from adapters.declaration import load, projects
from lifecycle.errors import ProjectError

SOUND = """\
name: churn
about: {question: Will they leave?, decision: Call them., owner: sales}
data:
  tables: {people: people.csv}
  time: asked_at
  label: {column: left, task: binary, positive: 1}
schema:
  asked_at: {type: time}
  region: {type: category, values: [north, no, 01]}
search: {trials: 40}
gates:
  - {kind: baseline, metric: log_loss}
  - {kind: size, megabytes: 50}
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    write(tmp_path, SOUND)
    return tmp_path


def write(house: Path, text: str, name: str = "churn") -> None:
    folder = house / "projects" / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "project.yaml").write_text(text, encoding="utf-8")


def fault(house: Path, old: str, new: str, **options) -> str:
    write(house, SOUND.replace(old, new))
    with pytest.raises(ProjectError) as raised:
        load("churn", root=house, **options)
    return str(raised.value)


def test_a_project_is_found_by_its_name(house):
    loaded = load("churn", root=house)

    assert loaded.project.name == "churn"
    assert loaded.folder == house / "projects" / "churn"
    assert loaded.source == SOUND


@pytest.mark.parametrize("path", ["projects/churn", "projects/churn/project.yaml"])
def test_a_project_is_found_by_its_path(house, path):
    assert load(str(house / path), root=Path("elsewhere")).project.name == "churn"


def test_a_name_that_does_not_exist_is_never_another_project(house):
    with pytest.raises(ProjectError, match=r'no project "chrun".*Did you mean "churn"\?'):
        load("chrun", root=house)


@pytest.mark.parametrize("name", ["", "..", "churn.yaml", "no/such"])
def test_what_is_no_project_is_refused(house, name):
    with pytest.raises(ProjectError, match="There is no"):
        load(name, root=house)


def test_a_fault_names_file_line_place_what_was_found_and_the_nearest_word(house):
    message = fault(house, "{kind: size", "{kind: sise")

    assert message == (
        'projects/churn/project.yaml, line 13: gates[1].kind is "sise".\n'
        "  Known kinds: baseline, calibration, champion, fairness, latency, metric, "
        'non_inferiority, overfit, size, slices. Did you mean "size"?'
    )


def test_all_faults_are_told_at_once_in_the_order_of_the_file(house):
    text = SOUND.replace("owner: sales", "ownr: sales").replace("trials: 40", "trials: many")
    write(house, text.replace("metric: log_loss", "metric: rmse") + "nme: x\n")

    with pytest.raises(ProjectError) as raised:
        load("churn", root=house)

    lines = str(raised.value).splitlines()
    assert lines[0] == "projects/churn/project.yaml cannot be used; 4 things are wrong."
    told = [
        line.split(": ")[0] for line in lines if line.startswith("projects/churn") and ": " in line
    ]
    assert told == [f"projects/churn/project.yaml, line {number}" for number in (2, 10, 12, 14)]


def test_a_syntax_error_names_line_and_column(house):
    assert "project.yaml, line 10, column 19: This is not YAML" in fault(
        house, "{trials: 40}", "{trials: 4: 0}"
    )


def test_a_duplicate_key_is_told_beside_other_faults(house):
    message = fault(house, "search: {trials: 40}", "search: {trails: 40}\nname: again")

    assert 'line 11, column 1: "name" is declared a second time' in message
    assert 'Did you mean "trials"?' in message


def test_a_file_that_is_not_utf8_names_the_line(house):
    file = house / "projects" / "churn" / "project.yaml"
    file.write_bytes(SOUND.encode().replace(b"sales", b"caf\xe9"))

    with pytest.raises(ProjectError, match="line 2: this is not UTF-8"):
        load("churn", root=house)


def test_an_empty_file_says_how_one_begins(house):
    write(house, "# nothing yet\n")

    with pytest.raises(ProjectError, match=r"the declaration is empty\.\n.*begins with keys such"):
        load("churn", root=house)


def test_a_project_called_otherwise_than_its_folder_is_refused(house):
    write(house, SOUND, name="loyalty")

    with pytest.raises(ProjectError, match=r'line 1: name is "churn".*folder is called "loyalty"'):
        load("loyalty", root=house)


def test_a_number_is_text_where_only_text_is_meant(house):
    assert load("churn", root=house).project.data.label.positive == "1"


def test_category_values_keep_what_yaml_would_take_for_something_else(house):
    assert load("churn", root=house).project.columns["region"].values == ("north", "no", "01")


def test_a_length_of_time_without_a_unit_is_refused(house):
    message = fault(house, "positive: 1", "arrives_after: 6")

    assert "data.label.arrives_after" in message
    assert "90s, 10m, 6h, 7d or 2w" in message


def test_the_internal_name_of_an_alias_is_not_accepted(house):
    assert "columns is not known here" in fault(house, "schema:", "columns:")


def test_an_override_sets_a_typed_value(house):
    loaded = load("churn", root=house, overrides=["search.trials=20", "search.timeout=90s"])

    assert loaded.project.search.trials == 20
    assert loaded.project.search.timeout.total_seconds() == 90


def test_an_override_can_empty_a_value(house):
    assert load("churn", root=house, overrides=["search.timeout="]).project.search.timeout is None


@pytest.mark.parametrize("path", ["gates[1].megabytes", "gates.1.megabytes"])
def test_an_override_reaches_into_lists(house, path):
    project = load("churn", root=house, overrides=[f"{path}=5"]).project

    assert project.gates.root[1].megabytes == 5


def test_an_override_reaches_names_with_dots_in_quotes(house):
    write(
        house,
        SOUND.replace(
            "  asked_at: {type: time}", "  asked_at: {type: time}\n  a.b: {type: number}"
        ),
    )

    project = load("churn", root=house, overrides=['schema."a.b".max=3']).project

    assert project.columns["a.b"].max == 3


def test_a_misspelt_override_is_told_as_the_override_it_is(house):
    message = fault(house, "", "", overrides=["serch.trials=3"])

    assert message.startswith("--set serch.trials=3: serch is not known here.")
    assert 'Did you mean "search"?' in message


def test_an_override_of_the_wrong_type_is_told_as_the_override_it_is(house):
    message = fault(house, "", "", overrides=["search.trials=many"])

    assert message.startswith('--set search.trials=many: search.trials is "many".')


def test_an_override_that_contradicts_is_told_as_the_override_it_is(house):
    message = fault(house, "", "", overrides=["data.label.task=regression"])

    assert "projects/churn/project.yaml, line 12: gates[0].metric" in message
    assert "--set data.label.task=regression" not in message.split("gates[0]")[1]


@pytest.mark.parametrize(
    ("override", "why"),
    [
        ("trials", "not of the form section.key=value"),
        ("gates[5].kind=size", r"no item 5 in gates.\n  It has 2 items, from \[0\] to \[1\]"),
        ("name.first=x", 'name is "churn", which holds nothing to set'),
        ("search.trials=[", "This is not YAML"),
        ("=3", "not of the form"),
    ],
)
def test_an_override_that_leads_nowhere_is_refused(house, override, why):
    with pytest.raises(ProjectError, match=why):
        load("churn", root=house, overrides=[override])


def test_the_fingerprint_sees_values_and_overrides_but_no_comments(house):
    before = load("churn", root=house).fingerprint
    write(house, "# a comment\n" + SOUND)
    commented = load("churn", root=house).fingerprint
    changed = load("churn", root=house, overrides=["search.trials=41"]).fingerprint

    assert before == commented != changed


def test_a_project_that_cannot_be_read_is_listed_all_the_same(house):
    write(house, "a: [", name="broken")

    assert [(found.name, found.question) for found in projects(house)] == [
        ("broken", ""),
        ("churn", "Will they leave?"),
    ]
