"""What every gate keeps to, picked up from the union by itself."""

from typing import get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from lifecycle.evaluation.evidence import Evaluation
from lifecycle.evaluation.gates import Gate, Gates
from lifecycle.evaluation.plan import plan_for
from lifecycle.section import Section
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict, Verdicts
from tests.lifecycle.evaluation.rehearsal import Logistic, draw_binary, take_evidence

KINDS = get_args(get_args(Gate)[0])


def name_of(gate: type[Section]) -> str:
    (kind,) = get_args(gate.model_fields["kind"].annotation)
    return kind


def overfitted(rows: int):
    """Training rows whose labels follow the scores exactly, as if learned by heart."""
    table = draw_binary(rows, 1)
    labels = ["yes" if score > 0.5 else "no" for score in poor_model().score(table)]
    return table.set_column(table.column_names.index("y"), "y", [labels])


def poor_model() -> Logistic:
    """Give a model that is worse than guessing, bold, unfair, large and slow."""
    return Logistic(a=-0.3, b=0.5, sharpness=5.0, unfair_to="left", size_bytes=10**9)


@pytest.fixture(scope="module")
def sound() -> Evaluation:
    return take_evidence(gates=_examples(), champion=Logistic(a=0.6), champion_version="1")


@pytest.fixture(scope="module")
def poor() -> Evaluation:
    return take_evidence(
        poor_model(),
        gates=_examples(),
        train=overfitted(2_000),
        champion=Logistic(),
        champion_version="1",
        seconds=0.5,
    )


def _examples() -> Gates:
    return Gates(tuple(gate.example() for gate in KINDS))


def bare(champion_version: str | None = "1") -> Evaluation:
    """Give an evaluation without any evidence; a champion is known to exist."""
    return Evaluation(
        task="binary",
        classes=("no", "yes"),
        primary="log_loss",
        rows=2_000,
        train_rows=2_000,
        measures=(),
        champion_version=champion_version,
    )


gates = pytest.mark.parametrize("gate", KINDS, ids=name_of)


def test_there_are_gates_and_each_has_a_kind_of_its_own() -> None:
    kinds = [name_of(gate) for gate in KINDS]

    assert len(kinds) >= 10
    assert len(set(kinds)) == len(kinds)


@gates
def test_a_kind_is_always_written_out(gate: type[Section]) -> None:
    assert gate.model_fields["kind"].is_required()


@gates
def test_an_unknown_key_is_refused(gate: type[Section]) -> None:
    declared = gate.example().model_dump(exclude_unset=True)

    with pytest.raises(ValidationError, match="extra_forbidden"):
        TypeAdapter(Gate).validate_python({**declared, "colour": "red"})


@gates
def test_a_gate_is_frozen(gate: type[Section]) -> None:
    with pytest.raises(ValidationError, match="frozen"):
        gate.example().kind = "other"


@gates
def test_a_declaration_survives_storage(gate: type[Section]) -> None:
    example = gate.example()

    stored = TypeAdapter(Gate).dump_json(example, exclude_unset=True)

    assert TypeAdapter(Gate).validate_json(stored) == example


@gates
def test_a_gate_says_what_it_asks(gate: type[Section]) -> None:
    first = (gate.__doc__ or "").strip().split("\n")[0]

    assert first.endswith(".")
    assert gate.judge.__doc__


@gates
def test_a_sound_model_passes(gate: type[Section], sound: Evaluation) -> None:
    verdicts = gate.example().judge(sound)

    assert verdicts
    assert [verdict.outcome for verdict in verdicts] == [Outcome.PASS] * len(verdicts), verdicts


@gates
def test_a_poor_model_fails(gate: type[Section], poor: Evaluation) -> None:
    verdicts = gate.example().judge(poor)

    assert Outcome.FAIL in [verdict.outcome for verdict in verdicts], verdicts


@gates
def test_without_evidence_the_answer_is_unknown_and_blocks(gate: type[Section]) -> None:
    verdicts = gate.example().judge(bare())

    assert verdicts
    assert {verdict.outcome for verdict in verdicts} == {Outcome.UNKNOWN}
    assert all(verdict.outcome.blocks for verdict in verdicts)


@gates
def test_any_evidence_taken_away_never_turns_a_refusal_into_a_pass(
    gate: type[Section], poor: Evaluation
) -> None:
    optional = {
        name: None if field.default is None else ()
        for name, field in Evaluation.model_fields.items()
        if not field.is_required() and name not in ("classes", "resampled_by", "champion_version")
    }

    for name, nothing in optional.items():
        less = poor.model_copy(update={name: nothing})
        outcomes = {verdict.outcome for verdict in gate.example().judge(less)}
        assert outcomes & {Outcome.FAIL, Outcome.UNKNOWN}, name


@gates
def test_a_reason_is_a_sentence_with_its_figures(
    gate: type[Section], sound: Evaluation, poor: Evaluation
) -> None:
    for evaluation in (sound, poor):
        for verdict in gate.example().judge(evaluation):
            assert verdict.reason.endswith(".")
            assert any(letter.isdigit() for letter in verdict.reason)
            assert verdict.measured is not None
            assert verdict.limit is not None


@gates
def test_a_verdict_survives_storage(gate: type[Section], poor: Evaluation) -> None:
    for verdict in gate.example().judge(poor):
        assert Verdict.model_validate_json(verdict.model_dump_json()) == verdict


@gates
def test_its_rule_names_its_kind(gate: type[Section], sound: Evaluation) -> None:
    for verdict in gate.example().judge(sound):
        assert verdict.rule.replace("-", "_").startswith(name_of(gate))


@gates
def test_what_is_planned_for_the_gate_alone_is_all_it_reads(gate: type[Section]) -> None:
    plan = plan_for((gate.example(),), task=Task.BINARY)

    evaluation = take_evidence(plan=plan, champion=Logistic(a=0.6), champion_version="1")

    assert all(verdict.outcome is Outcome.PASS for verdict in gate.example().judge(evaluation))


def test_a_verdict_is_given_for_every_gate_and_every_rule_that_always_holds(
    sound: Evaluation,
) -> None:
    verdicts = _examples().judge(sound)

    assert not verdicts.blocks
    assert Verdicts.model_validate_json(verdicts.model_dump_json()) == verdicts
    assert [verdict.rule for verdict in verdicts][-3:] == [
        "overlap",
        "test rows",
        "primary metric",
    ]


def test_without_gates_it_is_said_that_there_are_none(sound: Evaluation) -> None:
    verdicts = Gates().judge(sound)

    assert verdicts.root[0].outcome is Outcome.WARN
    assert "No gates were declared" in verdicts.root[0].reason
    assert not verdicts.blocks


def test_without_gates_and_without_evidence_it_still_blocks() -> None:
    assert [verdict.rule for verdict in Gates().judge(bare()).blocking] == [
        "overlap",
        "primary metric",
    ]


def test_an_unknown_kind_is_refused_and_the_known_are_named() -> None:
    with pytest.raises(ValidationError, match=r"'metric'.*'champion'"):
        Gates.model_validate([{"kind": "metrc"}])
