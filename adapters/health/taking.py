"""Takes from a page of figures what is kept of it, and how the service is right now."""

from datetime import UTC, datetime

from adapters.gauges.exposition import Samples
from lifecycle.errors import DataError
from lifecycle.monitoring.health.snapshot import Buckets, Snapshot
from lifecycle.section import Value
from lifecycle.serving import problem

ROUTES = ("/predict", "/labels")
"""Where others ask. What Kubernetes, Prometheus and we ask of health is no request of theirs."""

TURNED_AWAY = (problem.BUSY.uri, problem.NOT_READY.uri, problem.DRAINING.uri)
"""Refused with 503 because the service is busy, or being stopped: not failed."""

UNFIT = frozenset(
    str(kind.status)
    for kind in (problem.NOT_JSON, problem.TOO_MANY_ROWS, problem.MEDIA, problem.CONTRACT)
)
"""Of requests that are not what the contract asks for."""


class Standing(Value):
    """How a service is at the moment; `None` where it does not tell."""

    in_flight: int | None = None
    memory_mb: float | None = None


def standing(samples: Samples) -> Standing:
    """Take how the service is."""
    in_flight, memory = (
        samples.value(name) for name in ("perennial_in_flight", "perennial_memory_bytes")
    )
    return Standing(
        in_flight=None if in_flight is None else round(in_flight),
        memory_mb=None if memory is None else memory / 1e6,
    )


def snapshot(samples: Samples, *, at: datetime) -> Snapshot:
    """Take what is kept until the next look.

    Raises
    ------
    DataError
        If the page is not of a service of ours.
    """
    builds = [labels for labels, value in samples.of("perennial_build_info") if value == 1]
    if len(builds) != 1:
        raise DataError(
            f"perennial_build_info names {len(builds)} versions; a service of ours names one."
        )
    statuses = [
        (labels.get("status", ""), round(value))
        for labels, value in samples.of("perennial_requests_total")
        if labels.get("route") in ROUTES
    ]
    away = round(sum(samples.total("perennial_refused_total", problem=uri) for uri in TURNED_AWAY))
    broken = sum(count for status, count in statuses if status.startswith("5"))
    return Snapshot(
        at=at,
        version=builds[0]["version"],
        manifest=builds[0]["manifest"],
        began=_moment(samples, "perennial_started_timestamp_seconds"),
        starts=round(samples.total("perennial_starts_total")),
        requests=sum(count for _, count in statuses),
        failed=max(0, broken - away),
        turned_away=away + sum(count for status, count in statuses if status == "429"),
        unfit=sum(count for status, count in statuses if status in UNFIT),
        unwritten=round(samples.total("perennial_events_total", outcome="failed")),
        asked=_moment(samples, "perennial_last_prediction_timestamp_seconds"),
        seconds=_buckets(samples, "perennial_request_seconds", route="/predict"),
        waits=_buckets(samples, "perennial_wait_seconds"),
    )


def _buckets(samples: Samples, name: str, **labels: str) -> Buckets:
    found = sorted(
        (float(told["le"]), round(value))
        for told, value in samples.of(f"{name}_bucket")
        if all(told.get(label) == wanted for label, wanted in labels.items())
    )
    if not found:
        return Buckets()
    bounds, counts = zip(*found, strict=True)
    return Buckets(bounds=bounds[:-1], counts=counts[:-1], total=counts[-1])


def _moment(samples: Samples, name: str) -> datetime | None:
    value = samples.value(name)
    return datetime.fromtimestamp(value, UTC) if value else None
