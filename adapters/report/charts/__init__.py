"""The charts of the report, as small SVG drawings that take their colours from the page."""

from adapters.report.charts.axes import MOST_POINTS, SERIES
from adapters.report.charts.data import MOST_BARS, distribution, histogram, over_time
from adapters.report.charts.evaluation import curves, gain_bar, gap_bar, legend_line, residuals
from adapters.report.charts.search import legend_mark, search_history

__all__ = [
    "MOST_BARS",
    "MOST_POINTS",
    "SERIES",
    "curves",
    "distribution",
    "gain_bar",
    "gap_bar",
    "histogram",
    "legend_line",
    "legend_mark",
    "over_time",
    "residuals",
    "search_history",
]
