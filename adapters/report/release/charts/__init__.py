"""The charts of a release: shares of the requests, figures over time, distributions."""

from adapters.report.release.charts.cumulative import cumulative
from adapters.report.release.charts.keys import key, swatch
from adapters.report.release.charts.over_time import over_time
from adapters.report.release.charts.shares import shares, tone

__all__ = ["cumulative", "key", "over_time", "shares", "swatch", "tone"]
