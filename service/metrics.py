"""The one door to prometheus_client: what is counted, under labels nobody outside can invent."""

import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from adapters.clock import clock
from lifecycle.serving.contract import Contract
from lifecycle.serving.inputs import Answers
from lifecycle.serving.manifest import Manifest
from lifecycle.serving.problem import KINDS

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""Where several workers share their figures; BentoML sets it. Alone, none is needed."""

CONTENT_TYPE = CONTENT_TYPE_LATEST

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
BYTES = (256, 512, 1_024, 2_048, 4_096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304)
SHARES = tuple(step / 20 for step in range(1, 21))
ANSWERS = tuple(
    (route, status)
    for route in ("/predict", "/labels", "/outcomes")
    for status in (200, 202, 429, 500, 503)
)
"""Counted from zero: of a figure that appears with its first failure, nobody sees it grow."""

STATM = Path("/proc/self/statm")
"""Linux: what memory this process takes, in pages; the second number is the resident part."""

MOST_MISSED = 1_200
"""Beats that are counted of one standstill, a minute's worth: a machine that slept was not busy."""

ANY_NUMBER = (0.0,)
"""What a number predicted may be is not known here: its sum and count tell its mean."""


class Metrics:
    """All figures of one process, bound to their labels beforehand.

    Parameters
    ----------
    digest
        SHA-256 of the package's manifest.
    began
        When the counting began, in seconds since 1970: with several workers, when their parent
        did, as what a worker has counted outlives it.
    """

    def __init__(
        self, manifest: Manifest, contract: Contract, *, digest: str, began: float | None = None
    ) -> None:
        self._registry = CollectorRegistry()
        self._version = manifest.version
        self._classes = contract.classes
        self._is_shared = FOLDER in os.environ
        if not self._is_shared:
            ProcessCollector(registry=self._registry)
        self._count_requests()
        self._count_predictions(contract)
        self._tell_health()
        labels = {
            "project": manifest.project,
            "version": manifest.version,
            "candidate": manifest.candidate,
            "manifest": digest,
        }
        build = self._gauge("perennial_build_info", "What answers", *labels, mode="livemax")
        build.labels(**labels).set(1)
        self._now = clock()
        self._tell_beginning(self._now().timestamp() if began is None else began)

    def _count_requests(self) -> None:
        requests = self._counter("perennial_requests", "Answered requests", "route", "status")
        self._requests = cache(lambda route, status: requests.labels(route, str(status)))
        for route, status in ANSWERS:
            self._requests(route, status)
        seconds = self._histogram(
            "perennial_request_seconds", "Time until a request was answered", SECONDS, "route"
        )
        self._seconds = cache(seconds.labels)
        refused = self._counter("perennial_refused", "Requests that were refused", "problem")
        self._refused = cache(refused.labels)
        for kind in KINDS:
            self._refused(kind.uri)
        self._bytes = self._histogram(
            "perennial_request_bytes", "Size of the bodies of prediction requests", BYTES
        )

    def _count_predictions(self, contract: Contract) -> None:
        version = self._version
        self._rows = self._counter(
            "perennial_rows", "Rows that predictions were asked for", "version"
        ).labels(version)
        predictions = self._counter("perennial_predictions", "Predictions", "decision", "version")
        self._decisions = [predictions.labels(name, version) for name in contract.classes]
        self._without = None if contract.classes else predictions.labels("", version)
        scores = SHARES if contract.task.is_classification else ANY_NUMBER
        self._scores = self._histogram(
            "perennial_score",
            "Scores; of several classes, that of the decided one",
            scores,
            "version",
        ).labels(version)
        unseen = self._counter(
            "perennial_unseen_categories", "Values the model has not learnt from", "column"
        )
        self._unseen = {field.name: unseen.labels(field.name) for field in contract.features}
        missing = self._counter("perennial_missing_values", "Missing values", "column")
        self._missing = {field.name: missing.labels(field.name) for field in contract.features}

    def _tell_health(self) -> None:
        events = self._counter("perennial_events", "Events, by what became of them", "outcome")
        self._events = {name: events.labels(name) for name in ("written", "failed", "lost")}
        self._in_flight = self._gauge("perennial_in_flight", "Requests in work", mode="livesum")
        self._lag = self._gauge(
            "perennial_loop_lag_seconds", "How long requests wait for their turn", mode="livemax"
        )
        self._ready = self._gauge("perennial_ready", "Whether it is ready", mode="livemin")
        self._waits = self._histogram(
            "perennial_wait_seconds", "How long a request would have waited for its turn", SECONDS
        )
        self._asked = 0.0
        self._last = self._gauge(
            "perennial_last_prediction_timestamp_seconds",
            "When the last prediction was made; 0: never",
            mode="max",
        )

    def _tell_beginning(self, began: float) -> None:
        self._gauge(
            "perennial_started_timestamp_seconds", "When the counting began", mode="livemin"
        ).set(began)
        self._counter("perennial_starts", "How often a worker was begun").inc()
        self._memory = None
        if STATM.exists():
            self._memory = self._gauge(
                "perennial_memory_bytes", "Resident memory of all workers", mode="livesum"
            )

    def answered(self, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests(route, status).inc()
        self._seconds(route).observe(seconds)

    def refused(self, problem: str) -> None:
        """Count a request that was refused, by the kind of problem."""
        self._refused(problem).inc()

    def predicted(self, answers: Answers, size: int) -> None:
        """Count the predictions of one request, and the size of its body."""
        self._bytes.observe(size)
        self._asked = self._now().timestamp()
        rows = len(answers.scores)
        self._rows.inc(rows)
        if answers.decisions is None:
            self._without.inc(rows)  # type: ignore[union-attr]
        if rows == 1:
            self._predicted_one(answers)
        else:
            self._predicted_many(answers)

    def _predicted_one(self, answers: Answers) -> None:
        scores = answers.scores
        if answers.decisions is None:
            self._scores.observe(scores.item())
            return
        decision = answers.decisions.item()
        self._decisions[decision].inc()
        self._scores.observe(scores.item() if scores.ndim == 1 else scores.item(0, decision))

    def _predicted_many(self, answers: Answers) -> None:
        scores, decisions = answers.scores, answers.decisions
        if decisions is not None:
            counts = np.bincount(decisions, minlength=len(self._classes))
            for child, count in zip(self._decisions, counts.tolist(), strict=True):
                child.inc(count)
            if scores.ndim == 2:
                scores = np.take_along_axis(scores, decisions[:, None], axis=1)[:, 0]
        _observe_many(self._scores, scores)

    def seen(self, unseen: Mapping[str, int], missing: Mapping[str, int]) -> None:
        """Count, by column, values the model has not learnt from and values that were missing."""
        for name, count in unseen.items():
            self._unseen[name].inc(count)
        for name, count in missing.items():
            self._missing[name].inc(count)

    def recorded(self, outcome: str, count: int) -> None:
        """Count events that were `written`, `failed` or `lost`."""
        self._events[outcome].inc(count)

    def tell(self, *, in_flight: int, lag: float, is_ready: bool) -> None:
        """Say how it is."""
        self._in_flight.set(in_flight)
        self._lag.set(lag)
        self._ready.set(is_ready)
        if self._asked:
            self._last.set(self._asked)
        if self._memory is not None:
            self._memory.set(int(STATM.read_bytes().split()[1]) * _PAGE)

    def waited(self, lag: float, *, every: float) -> None:
        """Count how late a beat was, and with it those that could not come meanwhile.

        A loop that stands still for a second is late once, and keeps everybody waiting who
        comes within that second, the last of them hardly at all.

        Parameters
        ----------
        lag, every
            Seconds it was late, and between two beats.

        References
        ----------
        .. [1] G. Tene, "How not to measure latency" (2013), on coordinated omission.
        """
        if lag <= every:
            self._waits.observe(lag)
        else:
            missed = np.arange(lag, 0.0, -every)[:MOST_MISSED]
            _observe_many(self._waits, missed)

    def expose(self) -> bytes:
        """Write all figures, of all workers, in Prometheus' text format."""
        registry = self._registry
        if self._is_shared:
            _forget_the_dead(Path(os.environ[FOLDER]))
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self._registry)

    def _histogram(self, name: str, told: str, bounds: Sequence[float], *labels: str) -> Histogram:
        return Histogram(name, told, labels, buckets=(*bounds, np.inf), registry=self._registry)

    def _gauge(self, name: str, told: str, *labels: str, mode: Any) -> Gauge:
        return Gauge(name, told, labels, registry=self._registry, multiprocess_mode=mode)


_PAGE = os.sysconf("SC_PAGE_SIZE")


def _observe_many(histogram: Histogram, values: "np.ndarray[Any, np.dtype[np.float64]]") -> None:
    """Observe many values at once: one by one, a thousand would take longer than their answers.

    prometheus_client has no public way to; these two attributes are what `observe` itself uses.
    """
    bounds = histogram._upper_bounds
    places = np.searchsorted(bounds, values, side="left")
    counts = np.bincount(places, minlength=len(bounds))
    histogram._sum.inc(float(values.sum()))
    for bucket, count in zip(histogram._buckets, counts.tolist(), strict=True):
        if count:
            bucket.inc(count)


def _forget_the_dead(folder: Path) -> None:
    """Leave out the gauges of workers that were killed: they can no longer do it themselves."""
    for file in folder.glob("gauge_live*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not Path(f"/proc/{process}").exists():
            mark_process_dead(process)  # type: ignore[no-untyped-call]
