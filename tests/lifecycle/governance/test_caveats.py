"""Caveats: each from the evidence, and none where there is nothing to say."""

from lifecycle.data.intake import Intake
from lifecycle.evaluation.evidence import Slice
from lifecycle.governance.caveats import caveats, worst_slices
from lifecycle.governance.story import Purpose
from lifecycle.verdict import Verdicts
from tests.lifecycle.governance import stories


def told(**changes) -> str:
    return "\n".join(caveats(stories.binary(**changes)))


def test_declared_caveats_come_first():
    purpose = Purpose(caveats=("Not for cargo flights.",))

    assert caveats(stories.binary(purpose=purpose))[0] == "Not for cargo flights."


def test_warnings_are_told_with_their_reason():
    assert "“missing plane_year” warns: 16.2% of plane_year are missing" in told()


def test_a_blocking_gate_comes_before_a_warning():
    found = caveats(stories.refused())

    gates = [sentence for sentence in found if "gate “" in sentence]
    assert "failed" in gates[0] and "could not be judged" in gates[1] and "warns" in gates[2]
    assert found[0] == gates[0]


def test_the_same_missing_evidence_is_told_once():
    reason = "The test rows have no column sex."

    assert sum(reason in sentence for sentence in caveats(stories.refused())) == 1


def test_only_slices_beyond_chance_are_told():
    assert "carrier = EV" in told()
    assert "HNL" not in told()


def test_slices_are_ranked_in_one_metric():
    own, other = (
        Slice(column="c", value=value, kind="found", metric=metric, measured=1, gap=gap,
              p_value=0.001, rows=9)
        for value, metric, gap in (("a", "log_loss", 0.1), ("b", "rmse", 50.0))
    )  # fmt: skip

    found = worst_slices(stories.flights_evaluation(slices=(other, own)))

    assert [part.value for part in found] == ["a"]


def test_a_missing_champion_is_told():
    evaluation = stories.flights_evaluation(champion=(), champion_version=None)

    assert "not compared with a champion" in told(evaluation=evaluation)
    assert "not compared with a champion" not in told()


def test_a_sensitive_column_without_a_fairness_figure_is_told():
    evaluation = stories.flights_evaluation(fairness=())

    assert "Fairness was not measured over what is declared sensitive: origin." in told(
        evaluation=evaluation
    )


def test_uncommitted_code_and_a_missing_lock_are_told():
    text = "\n".join(caveats(stories.refused()))

    assert "uncommitted changes" in text
    assert "was not locked" in text


def test_nothing_is_told_where_nothing_is_wrong():
    story = stories.regression()
    assert story.evaluation and story.evaluation.diagnosis
    evaluation = story.evaluation.model_copy(
        update={
            "slices": (),
            "champion": story.evaluation.baselines,
            "diagnosis": story.evaluation.diagnosis.model_copy(update={"finding": "sound"}),
        }
    )
    intake = Intake(tables=(), rows=9, fingerprint="f")

    found = caveats(
        story.model_copy(update={"evaluation": evaluation, "intake": intake, "checks": Verdicts()})
    )

    assert found == ()
