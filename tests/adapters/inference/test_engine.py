from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pytest

from adapters.inference import engine as engines
from adapters.inference.engine import Engine
from adapters.inference.package import PackageError, TamperedError, read_package, write_package
from adapters.inference.reasons import reasons_file
from lifecycle.serving.inputs import Inputs
from lifecycle.serving.manifest import FINISH, REASONS, ROW
from lifecycle.serving.reasons import ReasonsError
from lifecycle.serving.tables import inputs_of
from lifecycle.task import Task
from tests.adapters.inference.packing import a_contract, pack
from tests.lifecycle.serving.fitting import a_candidate, a_table, strange_rows

TABLE = a_table()
ROWS = pa.concat_tables([strange_rows(TABLE), a_table(400, seed=5)]).combine_chunks()
FAMILIES = [("xgboost",), ("forest",), ("linear",), ("linear", "xgboost", "forest", "linear")]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Package each candidate once."""
    known = {}

    def pack_once(task, families):
        if (task, families) not in known:
            candidate = a_candidate(task, families, table=TABLE)
            folder = tmp_path_factory.mktemp("packages") / "package"
            pack(candidate, TABLE, folder)
            known[task, families] = (candidate, folder)
        return known[task, families]

    return pack_once


@pytest.fixture
def served(packed):
    candidate, folder = packed(Task.BINARY, FAMILIES[-1])
    return candidate, Engine.load(folder)


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("families", FAMILIES, ids=" ".join)
def test_both_routes_say_what_the_candidate_says(packed, task, families) -> None:
    candidate, folder = packed(task, families)
    engine = Engine.load(folder)
    inputs = inputs_of(ROWS, engine.manifest.layout)

    expected = candidate.score(ROWS)
    for answers in (engine.score_rows(inputs), engine.score_bulk(inputs)):
        np.testing.assert_allclose(answers.scores, expected, rtol=1e-5, atol=1e-6)
        if task is Task.REGRESSION:
            assert answers.decisions is None
        else:
            np.testing.assert_array_equal(answers.decisions, candidate.decide(expected))


@pytest.mark.parametrize("task", Task)
@pytest.mark.parametrize("families", FAMILIES, ids=" ".join)
def test_reasons_add_up_to_the_score(packed, task, families) -> None:
    _, folder = packed(task, families)
    engine = Engine.load(folder)
    inputs = inputs_of(ROWS, engine.manifest.layout)
    answers = engine.score_rows(inputs)

    for place in range(60):
        reasons, reference = engine.reasons(inputs, place, top=100)

        score = answers.scores[place]
        score = score if answers.decisions is None or score.ndim == 0 else score.max()
        told = sum(reason.contribution for reason in reasons)
        assert reference + told == pytest.approx(score, rel=1e-7)


def test_no_more_reasons_are_given_than_asked_for_and_the_largest_first(served) -> None:
    _, engine = served
    inputs = inputs_of(ROWS, engine.manifest.layout)

    every, _ = engine.reasons(inputs, 7, top=100)
    some, _ = engine.reasons(inputs, 7, top=2)

    assert some == every[:2]
    sizes = [abs(reason.contribution) for reason in every]
    assert sizes == sorted(sizes, reverse=True)


def test_the_typical_row_is_told_apart_from_none(served) -> None:
    candidate, engine = served
    inputs = inputs_of(TABLE.slice(0, 1), engine.manifest.layout)

    reasons, reference = engine.reasons(inputs, 0, top=5)

    assert reasons == ()
    assert reference == pytest.approx(candidate.score(TABLE.slice(0, 1))[0], rel=1e-6)


def test_many_rows_take_the_way_of_the_boosters_and_few_do_not(served, monkeypatch) -> None:
    _, engine = served
    asked = []
    monkeypatch.setattr(Engine, "score_bulk", lambda self, inputs: asked.append(inputs.rows))
    inputs = inputs_of(ROWS, engine.manifest.layout)

    engine.score(inputs)
    engine.score(inputs_of(ROWS.slice(0, engines.BULK_FROM - 1), engine.manifest.layout))

    assert asked == [ROWS.num_rows]


def test_more_rows_than_are_encoded_at_once_come_back_in_their_order(served, monkeypatch) -> None:
    _, engine = served
    inputs = inputs_of(ROWS, engine.manifest.layout)
    whole = engine.score_bulk(inputs)

    monkeypatch.setattr(engines, "ROWS_AT_ONCE", 57)

    np.testing.assert_allclose(engine.score_bulk(inputs).scores, whole.scores, rtol=1e-7)
    np.testing.assert_array_equal(engine.score_bulk(inputs).decisions, whole.decisions)


@pytest.mark.parametrize("task", Task)
def test_no_rows_have_no_answers(packed, task) -> None:
    candidate, folder = packed(task, FAMILIES[-1])
    engine = Engine.load(folder)
    inputs = inputs_of(ROWS.slice(0, 0), engine.manifest.layout)

    for answers in (engine.score_rows(inputs), engine.score_bulk(inputs)):
        assert answers.scores.shape == candidate.score(ROWS.slice(0, 0)).shape


def test_several_threads_may_ask_at_once(served) -> None:
    candidate, engine = served
    expected = candidate.score(ROWS)

    def ask(place: int) -> tuple[float, float, float]:
        inputs = inputs_of(ROWS.slice(place, 1), engine.manifest.layout)
        reasons, reference = engine.reasons(inputs, 0, top=100)
        told = reference + sum(reason.contribution for reason in reasons)
        bulk = engine.score_bulk(inputs).scores[0]
        return float(engine.score_rows(inputs).scores[0]), float(bulk), told

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(200)))

    np.testing.assert_allclose(found, np.repeat(expected[:200, None], 3, axis=1), atol=1e-6)


def test_a_model_of_three_rows_is_served(tmp_path) -> None:
    table = a_table(3)
    labels = np.array([0.0, 1.0, 1.0])
    candidate = a_candidate(Task.BINARY, ("xgboost", "linear"), table=table, labels=labels)
    engine = Engine.load(
        tmp_path / "package", manifest_sha256=pack_into(candidate, table, tmp_path)
    )
    inputs = inputs_of(ROWS, engine.manifest.layout)

    np.testing.assert_allclose(engine.score_bulk(inputs).scores, candidate.score(ROWS), atol=1e-6)
    assert len(engine.reasons(inputs, 0, top=3)) == 2


def pack_into(candidate, table, folder) -> str:
    return pack(candidate, table, folder / "package")


def test_a_changed_byte_refuses_to_load(packed, tmp_path) -> None:
    _, folder = packed(Task.REGRESSION, ("xgboost",))
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    graph = bytearray((copy / ROW).read_bytes())
    graph[len(graph) // 2] ^= 1
    (copy / ROW).write_bytes(graph)

    with pytest.raises(TamperedError, match=ROW):
        Engine.load(copy)


def replaced(folder, tmp_path, **files) -> Engine:
    package = read_package(folder)
    changed = dict(package.files) | {name.replace("_", "."): file for name, file in files.items()}
    write_package(tmp_path / "changed", package.manifest, changed)
    return Engine.load(tmp_path / "changed")


def test_a_graph_that_is_none_is_refused(packed, tmp_path) -> None:
    _, folder = packed(Task.REGRESSION, ("xgboost",))

    with pytest.raises(PackageError, match=r"row\.onnx is no graph"):
        replaced(folder, tmp_path, row_onnx=b"no graph")


def test_a_graph_of_another_kind_of_model_is_refused(packed, tmp_path) -> None:
    _, folder = packed(Task.REGRESSION, ("xgboost",))
    _, other = packed(Task.BINARY, ("xgboost",))

    with pytest.raises(PackageError, match="different versions"):
        replaced(other, tmp_path, finish_onnx=(folder / FINISH).read_bytes())


def test_a_booster_of_another_task_is_refused(packed, tmp_path) -> None:
    _, folder = packed(Task.REGRESSION, ("xgboost",))
    _, other = packed(Task.MULTICLASS, ("xgboost",))

    with pytest.raises(PackageError, match="margins a row"):
        replaced(folder, tmp_path, **{"0_ubj": (other / "0.ubj").read_bytes()})


def test_reasons_of_another_model_are_refused(packed, tmp_path) -> None:
    candidate, folder = packed(Task.REGRESSION, ("xgboost",))
    other = a_candidate(Task.REGRESSION, ("xgboost",), table=TABLE, rounds=2)
    package = read_package(folder)
    stranger = reasons_file(other, a_contract(candidate, TABLE), package.manifest.layout)
    engine = replaced(folder, tmp_path, **{REASONS.replace(".", "_"): stranger})
    inputs: Inputs = inputs_of(ROWS, engine.manifest.layout)

    with pytest.raises(ReasonsError):
        for place in range(20):
            engine.reasons(inputs, place, top=3)
