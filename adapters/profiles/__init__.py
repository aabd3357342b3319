"""Statistical profiles of tables and windows: mergeable, of fixed size, and never with rows."""

from adapters.profiles.filling import fill
from adapters.profiles.log import Profiled, profile_log
from adapters.profiles.rows import (
    Gathering,
    profile,
    profile_labels,
    profile_predictions,
    profile_window,
)
from adapters.profiles.sketches import merge, read
from adapters.profiles.store import DamagedProfileError, Store
from adapters.profiles.summaries import summarise

__all__ = [
    "DamagedProfileError",
    "Gathering",
    "Profiled",
    "Store",
    "fill",
    "merge",
    "profile",
    "profile_labels",
    "profile_log",
    "profile_predictions",
    "profile_window",
    "read",
    "summarise",
]
