"""The distributions of both versions' scores: which share of the rows scored at most so much."""

from collections.abc import Iterator, Sequence

from markupsafe import Markup

from adapters.report.charts.axes import padded, x_ticks, y_ticks
from adapters.report.scales import Scale, drawing, element, polyline
from lifecycle.governance import figures
from lifecycle.release.evidence import Distribution, Scores

_LEFT = 46.0


def cumulative(scores: Scores, *, width: float = 470, height: float = 250) -> Markup:
    """Draw the distribution functions through the deciles of both versions."""
    both = (("champion", scores.champion), ("challenger", scores.challenger))
    known = [value for _, found in both for value in found.deciles]
    if not known:
        return Markup("")
    is_probability = min(known) >= 0 and max(known) <= 1
    low, high = (0.0, 1.0) if is_probability else padded(known)
    x, y = Scale(low, high, _LEFT, width - 8), Scale(0, 1, height - 36, 10)
    parts = [
        *y_ticks(y, _LEFT, x.end, is_share=True),
        *(polyline(_path(found.deciles, x, y), f"line {name}") for name, found in both),
        *(dot for name, found in both for dot in _dots(found, x, y, name)),
        *x_ticks(x, y.start),
        element("text", "score", x=x.end, y=height - 4, class_="tick end"),
    ]
    described = (
        f"Deciles of {figures.plural(scores.champion.rows, 'row')} of the champion and "
        f"{figures.plural(scores.challenger.rows, 'row')} of the challenger."
    )
    return drawing(width, height, parts, title="Share of rows by score", description=described)


def _path(deciles: Sequence[float], x: Scale, y: Scale) -> list[tuple[float, float]]:
    steps = max(len(deciles) - 1, 1)
    return [(x(value), y(at / steps)) for at, value in enumerate(deciles)]


def _dots(found: Distribution, x: Scale, y: Scale, name: str) -> Iterator[Markup]:
    steps = max(len(found.deciles) - 1, 1)
    for at, value in enumerate(found.deciles):
        told = element(
            "title", f"{name}: {figures.share(at / steps)} at most {figures.number(value)}"
        )
        yield element("circle", told, cx=x(value), cy=y(at / steps), r=2.4, class_=f"last {name}")
