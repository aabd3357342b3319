import io

import pytest
from rich.console import Console

from adapters.terminal import origin, summarise
from lifecycle.governance.story import Story
from lifecycle.verdict import Verdict, Verdicts
from tests.lifecycle.governance import stories


def summary(story: Story, *, width: int = 80, report: str | None = None) -> str:
    console = Console(file=io.StringIO(), width=width)
    summarise(story, report=report, console=console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "name", ["binary", "multiclass", "regression", "refused", "stopped", "bare", "hostile"]
)
def test_no_line_is_wider_than_the_terminal(name, width):
    lines = summary(getattr(stories, name)(), width=width).splitlines()

    told = [line for line in lines if "✕" not in line and "✓ Reg" not in line]
    assert max(len(line) for line in told) <= width


def test_figures_and_intervals_have_two_digits_of_the_intervals_width():
    text = summary(stories.regression())

    assert "2.98   2.82 to 3.14" in text


def test_every_gate_is_told_with_what_was_measured_its_limit_and_why():
    story = stories.binary()

    text = " ".join(summary(story).split())

    for gate in story.gates:
        assert gate.rule in text
        assert " ".join(gate.reason.split()) in text
    assert "metric roc_auc measured 0.742, limit 0.7" in text


def test_rows_that_were_left_out_are_counted_by_why():
    text = " ".join(summary(stories.binary()).split())

    assert "left out: 3 refused, 6,283 without a label, 114,089 outside the window" in text


def test_the_checks_that_warn_are_named_though_the_run_went_on():
    assert '2 warned ("missing plane_year" and "outliers wind_speed")' in summary(
        stories.binary(), width=120
    )


def test_a_stopped_run_names_the_checks_that_stopped_it():
    story = stories.stopped()

    text = summary(story)

    assert "Refused before training, by " in text
    for check in story.checks.blocking:
        assert check.reason.split(".")[0][:40] in text


def test_of_many_blocking_rules_the_first_are_named_and_the_others_counted():
    checks = Verdicts(
        tuple(
            Verdict(rule=f"ranges c{at}", outcome="fail", reason="Outside.") for at in range(2_000)
        )
    )

    text = summary(stories.stopped().model_copy(update={"checks": checks}))

    assert 'by "ranges c0", "ranges c1", "ranges c2" and 1,997 more.' in text


def test_the_path_of_the_report_is_never_broken_into_lines():
    path = "/a" * 60

    assert path in summary(stories.binary(), report=path)


def test_the_origin_names_the_run_the_data_and_the_packages():
    console = Console(file=io.StringIO(), width=80)
    lineage = stories.binary().lineage

    origin(lineage, console=console)

    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert lineage.run in text
    assert lineage.data_fingerprint in text
    assert max(map(len, text.splitlines())) <= 80
