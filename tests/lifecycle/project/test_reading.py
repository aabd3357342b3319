import pytest
from ruamel.yaml import YAML

from lifecycle.project.places import describe, forms, keys
from lifecycle.project.reading import read

HEAD = """
name: x
about: {question: q, decision: d, owner: o}
data: {tables: {a: a.csv}, label: {column: y, task: binary}}
"""


def faults(text, head=HEAD):
    document = YAML(typ="safe").load(head + text)
    return {fault.place: f"{fault.problem} {fault.remedy}" for fault in read(document)[1]}


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("serch: {}", "serch", 'Did you mean "search"?'),
        ("trials: 3", "trials", "There is search.trials."),
        ("search: {trails: 3}", "search.trails", 'Did you mean "trials"?'),
        ("search: {trials: many}", "search.trials", "a whole number of at least 1"),
        ("search: {trials: 0}", "search.trials", "is 0."),
        ("search: {trials: true}", "search.trials", "is true. Allowed is a whole number"),
        ("schema: {a: {type: number, min: no}}", "schema.a.min", 'is "no".'),
        ("search: {families: [xgbost]}", "search.families[0]", 'Did you mean "xgboost"?'),
        ("search: {families: []}", "search.families", "is empty."),
        ("search:", "search", "is empty. Allowed is a mapping with"),
        ("search: [1]", "search", "is a list."),
        ("search: {threshold: 2}", "search.threshold", "between 0 and 1"),
        ("search: {threshold: high}", "search.threshold", 'is "high".'),
        ("search: {threshold: {metrc: f1}}", "search.threshold.metrc", 'Did you mean "metric"?'),
        ("search: {threshold: {metric: f2}}", "search.threshold.metric", 'Did you mean "f1"?'),
        ("features: {calendar: [hours]}", "features.calendar[0]", 'Did you mean "hour"?'),
        ("features: {crosses: [[a]]}", "features.crosses[0]", "holds 1."),
        ("features: {crosses: [[a, a]]}", "features.crosses", "crossed with itself"),
        ("split: time", "split", "with by: group, random, time"),
        ("split: {test: 20%}", "split.by", "is missing."),
        ("split: {by: tiem}", "split.by", 'Did you mean "time"?'),
        ("split: {by: random, test: 120%}", "split.test", "a share such as 20%"),
        ("split: {by: random, tset: 20%}", "split.tset", 'Did you mean "test"?'),
        ("schema: {a: number}", "schema.a", 'is "number". Allowed is a mapping with'),
        ("schema: {a: {type: nubmer}}", "schema.a.type", 'Did you mean "number"?'),
        ("schema: {a: {type: number, role: feture}}", "schema.a.role", 'Did you mean "feature"?'),
        ("schema: {a: {}}", "schema.a.type", "is missing."),
        ("gates: {kind: metric}", "gates", "is a mapping."),
        ("gates: [metric]", "gates[0]", "a mapping with kind: baseline"),
        ("gates: [{metric: roc_auc}]", "gates[0].kind", "is missing. Known kinds: baseline"),
        ("gates: [{kind: metric, metric: roc_auc}]", "gates[0]", "needs at_least or at_most"),
        (
            "gates: [{kind: metric, metric: 5, at_least: 0.7}]",
            "gates[0].metric",
            "is 5. Allowed is text.",
        ),
        ("gates: [{kind: size}]", "gates[0].megabytes", "is missing."),
        ("checks: {leakge: {}}", "checks.leakge", 'Did you mean "leakage"?'),
        ("parade: {}", "parade", "is not known here."),
    ],
)
def test_each_fault_says_where_what_and_what_is_allowed(text, place, told):
    found = faults(text)

    assert told in found.get(place, f"nothing there, but {found}")


def test_a_misspelt_key_is_not_told_as_missing_too():
    head = HEAD.replace("label:", "lable:")

    assert set(faults("", head=head)) == {"data.lable"}


def test_a_missing_key_says_what_it_is_for():
    found = faults("", head=HEAD.replace(", owner: o", ""))

    assert "Who answers for the model" in found["about.owner"]


def test_an_unreadable_date_says_how_one_is_written():
    head = HEAD.replace("{a: a.csv}", "{a: a.csv}, window: {from: yesterday}, time: t")

    assert "a date such as 2013-07-01" in faults("", head=head)["data.window.from"]


@pytest.mark.parametrize("name", ["3x", "a b", "", "a/b", "x" * 80])
def test_a_name_is_one_that_can_be_registered(name):
    assert (
        "a letter, then letters, digits"
        in faults("", HEAD.replace("name: x", f"name: '{name}'"))["name"]
    )


def test_every_model_of_the_declaration_can_be_put_into_words():
    paths = [("search", key) for key in keys(forms({}, ("search",)))]
    paths += [("data", key) for key in keys(forms({}, ("data",)))]
    paths += [(key,) for key in keys(forms({}, ()))]

    assert all(describe(forms({}, path)) for path in paths if path != ("name",))
