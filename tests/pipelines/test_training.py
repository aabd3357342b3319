from pathlib import Path

import pytest

from adapters import registry
from adapters.declaration import load
from pipelines.running import Ending, run
from tests.pipelines.conftest import Write, orders

OUTSIDE = {"ingest", "recall", "admit", "challenge", "register", "conclude"}


def train(folder: Path, root: Path, *changes: str) -> Ending:
    return run(
        "training", load(str(folder), root=root, overrides=changes), stack="local", root=root
    )


@pytest.mark.xdist_group("pipelines")
def test_a_good_model_becomes_the_challenger_with_all_its_evidence(
    write: Write, root: Path
) -> None:
    ending = train(write("good"), root)

    story = registry.story_of("good", "challenger")
    assert ending.story.end == "registered"
    assert ending.story.version == story.version
    assert story.version is not None
    assert (story.version.number, story.version.alias) == ("1", "challenger")
    assert story.evaluation is not None
    assert story.evaluation.rows + story.evaluation.train_rows == 1200
    assert not story.gates.blocks
    assert "good" in ending.page


@pytest.mark.xdist_group("pipelines")
def test_running_again_repeats_nothing_and_registers_nothing_twice(
    write: Write, root: Path
) -> None:
    folder = write("again")
    first = train(folder, root)

    second = train(folder, root)

    assert set(second.run.ran) == OUTSIDE
    assert second.story == first.story
    assert second.page == first.page


@pytest.mark.xdist_group("pipelines")
def test_moving_a_limit_judges_again_and_measures_nothing_again(write: Write, root: Path) -> None:
    folder = write("moved")
    train(folder, root)

    moved = train(folder, root, "gates.0.at_least=0.61")

    assert set(moved.run.ran) == OUTSIDE | {"judge", "report"}


@pytest.mark.xdist_group("pipelines")
def test_a_changed_search_divides_nothing_again(write: Write, root: Path) -> None:
    folder = write("searched")
    train(folder, root)

    changed = train(folder, root, "search.trials=5")

    assert "tune" in changed.run.ran
    assert {"check", "divide", "describe"} <= set(changed.run.cached)


@pytest.mark.xdist_group("pipelines")
def test_a_gate_refuses_and_leaves_its_evidence_behind(write: Write, root: Path) -> None:
    folder = write("hard", replaced={"at_least: 0.6": "at_least: 0.999"})

    ending = train(folder, root)

    kept = registry.story_of("hard", "1")
    assert ending.story.end == "refused"
    assert ending.run.failed == "conclude"
    assert kept.version is not None
    assert kept.version.alias is None
    assert [verdict.rule for verdict in kept.gates.blocking] == ["metric roc_auc"]


@pytest.mark.xdist_group("pipelines")
def test_a_leak_stops_the_run_before_training(write: Write, root: Path) -> None:
    frame = orders()
    frame["refund"] = frame["returned"] * frame["price"].fillna(1)
    folder = write("leaky", frame)

    ending = train(folder, root)

    assert ending.story.end == "stopped"
    assert ending.run.failed == "admit"
    assert any("refund" in verdict.rule for verdict in ending.story.checks.blocking)
    assert "refund" in ending.page


@pytest.mark.xdist_group("pipelines")
def test_the_worse_of_two_searches_does_not_become_challenger_by_being_last(
    write: Write, root: Path
) -> None:
    folder = write("worse")
    train(folder, root)

    worse = train(folder, root, "schema.price.role=ignore", "gates.0.at_least=0.5")

    assert worse.story.end == "refused"
    assert "champion log_loss" in [verdict.rule for verdict in worse.story.gates.blocking]
    better = registry.story_of("worse", "challenger").version
    assert better is not None
    assert better.number == "1"


@pytest.mark.xdist_group("pipelines")
def test_a_deleted_artifact_is_noticed_and_made_again(write: Write, root: Path) -> None:
    from adapters.stacks import runs

    folder = write("deleted")
    first = train(folder, root)
    done = runs.named(first.run.name)
    (train_table,) = done.steps["divide"].outputs["train"]
    for file in Path(train_table.uri).iterdir():
        file.unlink()

    second = train(folder, root, "search.trials=5")

    assert "divide" in second.run.ran
    assert second.story.end in ("registered", "refused")


@pytest.mark.xdist_group("pipelines")
def test_more_rows_leave_test_rows_test(write: Write, root: Path) -> None:
    from adapters.stacks import runs

    folder = write("grown", orders(800))
    first = train(folder, root)
    (before,) = runs.named(first.run.name).steps["divide"].outputs["test"]
    once = set(before.load()["order"].to_pylist())
    orders(1200).to_csv(folder / "orders.csv", index=False)

    second = train(folder, root)

    (after,) = runs.named(second.run.name).steps["divide"].outputs["test"]
    assert once < set(after.load()["order"].to_pylist())


@pytest.mark.xdist_group("pipelines")
def test_a_column_that_was_never_missing_and_now_often_is_stops_the_run(
    write: Write, root: Path
) -> None:
    folder = write("broken")
    train(folder, root)
    frame = orders(seed=5)
    frame.loc[frame.index % 4 == 0, "items"] = None
    frame.to_csv(folder / "orders.csv", index=False)

    ending = train(folder, root)

    assert ending.story.end == "stopped"
    assert [verdict.rule for verdict in ending.story.checks.blocking] == ["missing items"]


@pytest.mark.xdist_group("pipelines")
def test_a_crowned_version_is_the_one_to_beat(write: Write, root: Path) -> None:
    folder = write("crowned", replaced={"confidence: 0.95": "confidence: 0.95, minimum_effect: 0%"})
    train(folder, root)
    registry.crown("crowned", "1")

    second = train(folder, root, "search.seed=4")

    assert (
        registry.story_of("crowned", "champion").version
        == registry.story_of("crowned", "1").version
    )
    assert second.story.evaluation is not None
    assert second.story.evaluation.champion_version == "1"
    assert {found.against for found in second.story.evaluation.champion} == {"champion"}


@pytest.mark.xdist_group("pipelines")
def test_tables_and_candidates_are_stored_by_our_own_materializers(
    write: Write, root: Path
) -> None:
    from adapters.stacks import runs

    steps = runs.named(train(write("stored"), root).run.name).steps

    def stored_by(step: str, name: str) -> str:
        (artifact,) = steps[step].outputs[name]
        return str(artifact.materializer.attribute)

    assert stored_by("ingest", "table") == "TableMaterializer"
    assert stored_by("divide", "test") == "TableMaterializer"
    assert stored_by("tune", "candidate") == "CandidateMaterializer"
    assert stored_by("challenge", "incumbent") == "IncumbentMaterializer"


@pytest.mark.xdist_group("pipelines")
def test_a_version_carries_its_trials_and_all_it_was_made_from(write: Write, root: Path) -> None:
    from adapters.experiments import PARENT, client, experiment

    ending = train(write("carried"), root)

    version = client().get_model_version_by_alias("carried", "challenger")
    trials = client().search_runs(
        [experiment("carried")], filter_string=f"tags.`{PARENT}` = '{version.run_id}'"
    )
    files = {file.path for file in client().list_artifacts(version.run_id)}
    assert ending.story.search is not None
    assert len(trials) == len(ending.story.search.trials) == 4
    assert {trial.data.params["family"] for trial in trials} == {"linear", "xgboost"}
    assert files == {
        "candidate", "holdout.arrow", "model_card.md", "profile.bin", "project.yaml", "report.html",
        "requirements.lock", "story.json", "usual.json",
    }  # fmt: skip
