"""Figures in Prometheus' text format: read, written, served; a door to prometheus_client."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import NamedTuple, Protocol

from prometheus_client import CollectorRegistry, generate_latest, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from lifecycle.errors import DataError, PerennialError


class NoPortError(PerennialError):
    """The figures cannot be shown where it was declared."""


class Figure(NamedTuple):
    """One figure as of now.

    Parameters
    ----------
    told
        What it is, the same for all figures of a name.
    """

    name: str
    told: str
    value: float
    labels: tuple[tuple[str, str], ...] = ()


class Samples:
    r"""What a page of figures says.

    Examples
    --------
    >>> page = 'up 1\nasked_total{status="200"} 3\nasked_total{status="500"} 1\n'
    >>> samples = Samples.read(page)
    >>> samples.value("up"), samples.value("down"), samples.total("asked_total")
    (1.0, None, 4.0)
    >>> samples.total("asked_total", status="500"), samples.total("asked_total", status="404")
    (1.0, 0.0)
    """

    def __init__(self, found: Mapping[str, Sequence[tuple[Mapping[str, str], float]]]) -> None:
        self._found = found

    @classmethod
    def read(cls, page: str) -> "Samples":
        """Read a page.

        Raises
        ------
        DataError
            If it is not in Prometheus' text format.
        """
        found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
        try:
            for family in text_string_to_metric_families(page):
                for sample in family.samples:
                    found.setdefault(sample.name, []).append((sample.labels, float(sample.value)))
        except (ValueError, KeyError, IndexError) as error:
            raise DataError(f"It is not in Prometheus' text format: {error}.") from error
        return cls(found)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name there is."""
        return tuple(self._found)

    def of(self, name: str) -> Sequence[tuple[Mapping[str, str], float]]:
        """Give all samples of a name, with their labels."""
        return self._found.get(name, ())

    def value(self, name: str) -> float | None:
        """Give the one sample of a name that has no labels, or nothing."""
        return next((value for labels, value in self.of(name) if not labels), None)

    def total(self, name: str, **labels: str) -> float:
        """Add up the samples of a name with some labels; zero where there are none."""
        return sum(
            (
                value
                for found, value in self.of(name)
                if all(found.get(label) == wanted for label, wanted in labels.items())
            ),
            0.0,
        )


def write(figures: Iterable[Figure]) -> bytes:
    r"""Write figures as a page; those of a name stand together, the first of equal ones counts.

    Examples
    --------
    >>> figure = Figure("perennial_x", "How many.", 2, (("column", 'a "b"'),))
    >>> print(write([figure]).decode(), end="")
    # HELP perennial_x How many.
    # TYPE perennial_x gauge
    perennial_x{column="a \"b\""} 2.0
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given([*figures]))
    return generate_latest(registry)


def read_figures(page: str) -> tuple[Figure, ...]:
    """Read figures that `write` has written.

    Raises
    ------
    DataError
        If it is no such page.
    """
    try:
        return tuple(
            Figure(family.name, family.documentation, sample.value, tuple(sample.labels.items()))
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        )
    except (ValueError, KeyError, IndexError) as error:
        raise DataError(f"It is not in Prometheus' text format: {error}.") from error


class Gives(Protocol):
    """Gives figures as of now, whenever somebody asks for them."""

    def __call__(self) -> Iterable[Figure]:
        """Give them."""


@dataclass(frozen=True)
class Shown:
    """Figures that are shown over HTTP until it is told to stop."""

    port: int
    _server: "_Server"
    _thread: Thread

    def stop(self) -> None:
        """Show them no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def show(figures: Gives, *, host: str, port: int) -> Shown:
    """Show figures at `/metrics`, taken anew for each request; port 0 takes any that is free.

    Raises
    ------
    NoPortError
        If nothing can be shown there.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Asked(figures))
    try:
        server, thread = start_http_server(port, addr=host, registry=registry)
    except OSError as error:
        raise NoPortError(
            f"The figures of monitoring cannot be shown at {host}, port {port} "
            f"({error.strerror}). Choose another monitoring.metrics_port."
        ) from error
    return Shown(server.server_port, server, thread)


class _Server(Protocol):
    server_port: int

    def shutdown(self) -> None: ...
    def server_close(self) -> None: ...


class _Asked(Collector):
    def __init__(self, figures: Gives) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return _families(self._figures())


class _Given(Collector):
    def __init__(self, figures: Sequence[Figure]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[GaugeMetricFamily]:
        return _families(self._figures)


def _families(figures: Iterable[Figure]) -> Iterator[GaugeMetricFamily]:
    families: dict[str, GaugeMetricFamily] = {}
    known = set()
    for figure in figures:
        if (figure.name, figure.labels) in known:
            continue
        known.add((figure.name, figure.labels))
        family = families.setdefault(figure.name, GaugeMetricFamily(figure.name, figure.told))
        family.add_sample(figure.name, dict(figure.labels), figure.value)
    yield from families.values()
