"""The charts of monitoring: windows side by side, and distributions then and now."""

from adapters.report.charts.evaluation import gap_bar
from adapters.report.monitoring.charts.keys import key
from adapters.report.monitoring.charts.then_and_now import bars, then_and_now
from adapters.report.monitoring.charts.windows import over_windows

__all__ = ["bars", "gap_bar", "key", "over_windows", "then_and_now"]
