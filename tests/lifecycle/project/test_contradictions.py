from copy import deepcopy

import pytest
from ruamel.yaml import YAML

from lifecycle.project.reading import read

SOUND = {
    "name": "churn",
    "about": {"question": "q", "decision": "d", "owner": "o"},
    "data": {
        "tables": {"people": "people.csv"},
        "key": ["id"],
        "time": "asked_at",
        "window": {"from": "2020-01-01", "to": "2021-01-01"},
        "label": {"column": "left", "task": "binary", "positive": "yes"},
    },
    "schema": {
        "id": {"type": "integer", "role": "ignore"},
        "asked_at": {"type": "time"},
        "age": {"type": "number", "min": 0, "max": 120},
        "region": {"type": "category", "values": ["north", "south"]},
        "sex": {"type": "category", "role": "sensitive"},
        "refund": {"type": "number", "role": "leak"},
        "left": {"type": "category", "values": ["no", "yes"]},
    },
    "split": {"by": "time", "from": "2020-10-01"},
    "features": {"crosses": [["age", "region"]]},
    "search": {"metric": "log_loss", "folds": 3, "threshold": 0.3},
    "evaluation": {"metrics": ["roc_auc"], "over": ["region"]},
    "gates": [
        {"kind": "metric", "metric": "roc_auc", "at_least": 0.7},
        {"kind": "baseline", "metric": "log_loss", "against": "last"},
        {"kind": "calibration", "at_most": 0.1},
        {"kind": "slices", "metric": "log_loss", "worse_by": 0.1, "over": ["region"]},
        {
            "kind": "fairness",
            "metric": "equalized_odds_difference",
            "over": ["sex"],
            "at_most": 0.1,
        },
    ],
    "monitoring": {
        "schedule": "*/15 6-22,0 * jan mon-fri",
        "drift": {"columns": {"age": 0.3, "left": 0.1}, "ignore": ["region"]},
        "labels": {"query": True},
        "concept": {"metric": "roc_auc", "over": ["region", "sex"]},
    },
    "retraining": {"window": "90d"},
    "serving": {
        "access": {"keys": False, "tokens": {"keys": "k", "issuer": "i", "audience": "a"}},
        "router": {"check_tokens": True},
    },
    "release": {
        "strategy": "ab",
        "unit": {"claim": "sub"},
        "guard": {"p99_ms": 50, "lag_ms": 50},
        "evidence": {"labels": 100},
        "test": {
            "metric": {"name": "booked"},
            "effect": 0.01,
            "guard": [{"name": "x", "worse": 1}],
        },
    },
}


def faults(**changes):
    """Read the sound declaration with values replaced, each by its path with `/` for a dot."""
    document = deepcopy(SOUND)
    for path, value in changes.items():
        *above, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        holder = document
        for step in above:
            holder = holder[step]
        if value is ...:
            del holder[last]
        else:
            holder[last] = YAML(typ="safe").load(value) if isinstance(value, str) else value
    return {fault.place: f"{fault.problem} {fault.remedy}" for fault in read(document)[1]}


def test_a_sound_declaration_contradicts_nothing():
    assert faults() == {}


@pytest.mark.parametrize(
    ("path", "value", "place", "told"),
    [
        ("data/key", "[id, left]", "data.key[1]", 'is the label "left"'),
        ("data/key", "[id, id]", "data.key[1]", "in the key already"),
        ("data/key", "[refund]", "data.key[0]", "known only afterwards"),
        ("data/time", "left", "data.time", 'is the label "left"'),
        ("data/time", "refund", "data.time", "known only afterwards"),
        ("data/time", "age", "schema.age.type", "is number, and data.time is this column"),
        ("data/window", "{from: 2021-01-01, to: 2020-01-01}", "data.window.from", "not before"),
        (
            "data/window",
            "{from: 2020-06-01T00:00:00+02:00, to: 2020-05-31T22:00:00}",
            "data.window.from",
            "not before",
        ),
        ("data/tables", "{a: a.csv, b: b.csv}", "data", "several tables (a, b) and no query"),
        ("data/label/positive", "maybe", "data.label.positive", "not among the values"),
        ("data/label/task", "multiclass", "data.label.positive", "the task is multiclass"),
        ("schema/left/values", "[a, b, c]", "schema.left.values", "3 values for a binary label"),
        ("schema/left/type", "text", "schema.left.type", "is a category"),
        ("schema/left/role", "feature", "schema.left.role", "this column is the label"),
        ("schema/age/type", "boolean", "schema.age.min", "is 0, and the type is boolean"),
        ("schema/age/min", 200, "schema.age.min", "more than max (120)"),
        ("schema/age/values", "[1, 2]", "schema.age.values", "the type is number"),
        ("schema/region/max", 5, "schema.region.max", "a category has values"),
        ("schema/region/values", "[]", "schema.region.values", "is empty"),
        ("schema/region/values", "[a, b, a]", "schema.region.values", '"a" more than once'),
        ("schema/region/values", "[a, null]", "schema.region.values[1]", "missing: 20%"),
        ("schema/age/role", "[feature, leak]", "schema.age.role", "Declare role: leak alone"),
        ("schema/age/role", "[feature, ignore]", "schema.age.role", "both feature and ignore"),
        ("schema/age/role", "[]", "schema.age.role", "is empty"),
        ("split/from", "2019-01-01", "split.from", "no row is left to train on"),
        ("split/from", "2021-01-01", "split.from", "no row is left to test on"),
        ("split", "{by: group, column: left}", "split.column", 'is the label "left"'),
        ("split", "{by: group, column: refund}", "split.column", "known only afterwards"),
        ("features/crosses", "[[age, left]]", "features.crosses[0][1]", "is the label"),
        ("features/crosses", "[[sex, age]]", "features.crosses[0][0]", "declared as sensitive"),
        ("search/metric", "rmse", "search.metric", "Known: accuracy, average_precision"),
        ("search/folds", 2, "search.folds", "at least 3"),
        ("search/families", "[linear, linear]", "search.families", "linear more than once"),
        ("evaluation/metrics", "[roc_acu]", "evaluation.metrics[0]", 'Did you mean "roc_auc"?'),
        ("evaluation/metric", "rmse", "evaluation.metric", "no figure of a binary task"),
        ("evaluation/over", "[refund]", "evaluation.over[0]", "known only afterwards"),
        ("gates/0/metric", "rmse", "gates[0].metric", "no figure of a binary task"),
        ("gates/0/at_least", 70, "gates[0].at_least", "Is 0.7 meant?"),
        ("gates/0/at_most", 0.5, "gates[0].at_least", "nothing can pass"),
        ("gates/1/against", "mean", "gates[1].against", "Known: last, majority"),
        ("gates/3/metric", "roc_auc", "gates[3].metric", "no mean over rows"),
        ("gates/3/over", "[refund]", "gates[3].over[0]", "known only afterwards"),
        ("gates/4/metric", "equal_odds_difference", "gates[4].metric", "Did you mean"),
        ("gates/4/over", "[left]", "gates[4].over[0]", "is the label"),
        ("gates/4/over", "[sexx]", "gates[4].over[0]", 'Did you mean "sex"?'),
        ("monitoring/concept/metric", "rmse", "monitoring.concept.metric", "no figure of a binary"),
        ("monitoring/concept/over", "[sexx]", "monitoring.concept.over[0]", 'mean "sex"?'),
        ("monitoring/concept/over", "[sex, left]", "monitoring.concept.over[1]", "is the label"),
        ("monitoring/concept/over", "[refund]", "monitoring.concept.over[0]", "only afterwards"),
        ("monitoring/drift/columns", "{agee: 0.3}", "monitoring.drift.columns.agee", '"age"?'),
        ("monitoring/drift/columns", "{sex: 0.3}", "monitoring.drift.columns.sex", "not see it"),
        (
            "monitoring/drift/columns",
            "{asked_at: 0.3}",
            "monitoring.drift.columns.asked_at",
            "always moves on",
        ),
        ("monitoring/drift/ignore", "[age, regoin]", "monitoring.drift.ignore[1]", '"region"?'),
        ("monitoring/schedule", "sometimes", "monitoring.schedule", "has five fields"),
        ("monitoring/schedule", "every day at 6 o'clock", "monitoring.schedule", "five fields"),
        ("data/key", "[]", "monitoring.labels.query", "no data.key is declared"),
        ("retraining/every", "30d", "retraining.every", "when: [drift, concept, schedule]"),
        ("retraining/new_rows", 500, "retraining.new_rows", "[drift, concept, new_data]"),
        ("retraining/windows", "[all, 30d]", "retraining.windows", "window: evidence"),
        ("release/unit", "{header: x-request-id}", "release.unit.header", "a unit of its own"),
        ("release/unit", "{header: x-perennial-arm}", "release.unit.header", "router itself says"),
        ("serving/access", "{keys: true}", "release.unit.claim", "no serving.access.tokens"),
        ("serving/access/keys", True, "release.unit.claim", "with a key has no claims"),
        ("serving/router", "{check_tokens: false}", "release.unit.claim", "reads no token"),
        ("serving/limits", "{seconds: 0.05}", "release.guard.p99_ms", "takes 0.05 s is given up"),
        (
            "serving/limits",
            "{waiting_ms: 50}",
            "release.guard.lag_ms",
            "would wait 50 ms is turned",
        ),
        ("release/evidence/tolerance", 0.1, "release.evidence.tolerance", "the task is binary"),
        ("release/test/most", "10m", "release.test.most", "the steps alone are held for 10m"),
        ("release/test/most", "7d", "release.test.metric.within", "and the test takes 7d at most"),
        ("release/test/guard/0/within", "9w", "release.test.guard[0].within", "is 63d"),
        ("release/test/guard/0/name", "booked", "release.test.guard[0].name", "judged already"),
    ],
)
def test_each_contradiction_is_told_where_it_stands(path, value, place, told):
    found = faults(**{path: value})

    assert told in found.get(place, f"nothing there, but {found}")


def test_without_a_time_everything_that_needs_one_is_told():
    found = faults(**{"data/time": ...})

    assert set(found) == {"split.by", "data.window", "gates[1].against", "retraining.window"}
    assert "such as asked_at" in found["split.by"]


@pytest.mark.parametrize("window, is_told", [("all", False), ("evidence", True), ("30d", True)])
def test_the_newest_rows_are_told_by_a_time(window, is_told):
    found = faults(**{"data/time": ..., "retraining/window": window})

    assert ("retraining.window" in found) is is_told


def test_a_personal_column_makes_no_groups_as_it_is_masked():
    found = faults(**{"schema/region/role": "personal", "gates/3/over": "[sex]"})

    assert "Masked values make no groups" in found["monitoring.concept.over[0]"]


def test_a_test_that_is_kept_for_later_needs_a_unit_as_well():
    test = "{metric: {name: booked}, effect: 0.01}"

    found = faults(release=f"{{strategy: canary, test: {test}}}")

    assert "no release.unit is" in found["release.test"]
    assert not faults(release=f"{{strategy: canary, test: {test}, unit: {{cookie: user}}}}")


@pytest.mark.parametrize("steps, is_told", [("[100%]", True), ("[5%, 100%]", False)])
def test_a_canary_has_a_step_before_all_of_the_requests(steps, is_told):
    found = faults(release=f"{{strategy: canary, steps: {steps}}}")

    assert ("release.steps" in found) is is_told


@pytest.mark.parametrize(
    "release, is_told",
    [
        ("{strategy: canary}", True),
        ("{hold: 1h}", True),
        ("{strategy: canary, evidence: {agreement: 80%}}", True),
        ("{strategy: canary, evidence: {agreement: null}}", False),
        ("{strategy: shadow}", False),
        ("{}", False),
    ],
)
def test_answers_to_what_is_masked_cannot_be_compared_but_by_a_shadow(release, is_told):
    found = faults(**{"schema/age/role": "[feature, personal]", "release": release})

    assert ("release.evidence.agreement" in found) is is_told
    if is_told:
        assert 'the model reads "age"' in found["release.evidence.agreement"]


@pytest.mark.parametrize(
    "takes, hold, is_told", [("1d", "10m", True), ("1d", "20h", False), ("6h", "10m", True)]
)
def test_labels_that_come_after_a_release_is_given_up_are_told(takes, hold, is_told):
    label = f"{{column: left, task: binary, positive: yes, arrives_after: {takes}}}"
    release = f"{{strategy: canary, hold: {hold}, evidence: {{labels: 9}}}}"

    found = faults(**{"data/label": label, "release": release})

    assert ("release.evidence.labels" in found) is is_told


def test_a_regression_may_say_how_far_predictions_may_differ():
    found = faults(
        **{
            "data/label": "{column: age, task: regression}",
            "release/evidence/tolerance": 0.1,
        }
    )

    assert "release.evidence.tolerance" not in found


def test_a_setting_that_is_asked_for_contradicts_nothing():
    asked = "when: [schedule, new_data], every: 30d, new_rows: 9"
    chosen = "window: evidence, windows: [all, 30d]"

    assert not faults(retraining=f"{{{asked}, {chosen}}}")


def test_a_regression_has_no_classes_threshold_or_calibration():
    found = faults(**{"data/label": "{column: age, task: regression}", "schema/left": ...})

    assert {"search.metric", "search.threshold", "gates[2].kind", "gates[4].metric"} <= set(found)


def test_a_regression_label_is_a_number():
    found = faults(**{"data/label": "{column: region, task: regression}"})

    assert "the label of a regression is a number" in found["schema.region.type"]


def test_without_a_split_declared_it_follows_from_the_time():
    document = deepcopy(SOUND)
    del document["split"]
    assert read(document)[0].split.by == "time"
    del document["data"]["time"], document["data"]["window"], document["gates"][1]
    del document["retraining"]
    assert read(document)[0].split.by == "random"


def test_an_empty_split_is_not_an_absent_one():
    assert set(faults(split=None)) == {"split"}


def test_contradictions_are_told_beside_other_faults():
    found = faults(**{"search/trials": "many", "gates/0/metric": "rmse"})

    assert set(found) == {"search.trials", "gates[0].metric"}


def test_a_section_with_a_fault_of_its_own_is_not_blamed_twice():
    found = faults(**{"data/time": 3})

    assert set(found) == {"data.time"}


def test_a_column_with_a_fault_of_its_own_is_still_known_by_name():
    found = faults(**{"schema/sex/type": "categry"})

    assert set(found) == {"schema.sex.type"}
