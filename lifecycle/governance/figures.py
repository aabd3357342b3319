"""Figures as people read them: for the report, the model card and the terminal."""

import math
import unicodedata
from collections.abc import Iterable
from datetime import UTC, datetime

from lifecycle.evaluation.evidence import Comparison, Measure
from lifecycle.evaluation.metric_names import metric_title as metric_title
from lifecycle.verdict import Outcome, Verdict

NOTHING = "–"

MARKS = {Outcome.PASS: "✓", Outcome.WARN: "!", Outcome.FAIL: "✕", Outcome.UNKNOWN: "?"}
"""One sign for each outcome, so that colour is never alone."""

_BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u061c")


_MEANINGS = {
    "log_loss": "surprise at the true class, in nats; 0 is perfect",
    "roc_auc": "chance that a row of the class scores above one that is not; 0.5 is guessing",
    "average_precision": "area under precision and recall; the class's share is guessing",
    "brier": "squared error of the probability; 0 is perfect",
    "accuracy": "share of right decisions",
    "balanced_accuracy": "recall, averaged over the classes",
    "f1": "harmonic mean of precision and recall",
    "f1_macro": "F1, averaged over the classes",
    "precision": "of the rows decided positive, the share that was",
    "recall": "of the positive rows, the share that was found",
    "expected_calibration_error": "how far probabilities are from what came true; 0 is perfect",
    "rmse": "root of the mean squared error; large errors weigh more",
    "mae": "mean error, sign left out",
    "r2": "share of the label's variance that is explained; 0 is guessing the mean",
    "median_absolute_error": "half of all errors are smaller",
    "mape": "mean error relative to the label",
}


def metric_meaning(metric: str) -> str:
    """Tell what a metric is in a few words; empty for one that is not known here.

    Examples
    --------
    >>> metric_meaning("accuracy")
    'share of right decisions'
    """
    return _MEANINGS.get(metric, "")


def legible(text: str, limit: int = 80) -> str:
    r"""Show a value of the data on one line: marks in place of line breaks and controls, clipped.

    Examples
    --------
    >>> legible("two\nlines")
    'two␊lines'
    >>> legible("x" * 100, limit=5)
    'xxxx…'
    """
    if len(text) > limit:
        text = text[: limit - 1] + "…"
    return text if text.isprintable() else "".join(map(_legible_sign, text))


def _legible_sign(sign: str) -> str:
    if sign < " ":
        return chr(0x2400 + ord(sign))
    if sign in _BIDI or unicodedata.category(sign) in ("Cc", "Cs"):
        return "�"
    return sign


def count(value: int) -> str:
    """Write a whole number.

    Examples
    --------
    >>> count(336776)
    '336,776'
    """
    return f"{value:,}".replace("-", "−")


def plural(value: int, noun: str, many: str = "") -> str:
    """Write a number of things.

    Examples
    --------
    >>> plural(1, "row"), plural(1234, "row"), plural(2, "family", "families")
    ('1 row', '1,234 rows', '2 families')
    """
    return f"{count(value)} {noun if value == 1 else many or noun + 's'}"


def number(value: float | None, decimals: int | None = None) -> str:
    """Write a number in three to four digits, or in so many decimals.

    Examples
    --------
    >>> number(0.74213), number(1234.5), number(12.3456), number(-0.00123), number(5.0)
    ('0.742', '1,234', '12.35', '−0.00123', '5')
    >>> number(0.7, decimals=3), number(None), number(3.2e-7), number(-0.0001, decimals=2)
    ('0.700', '–', '3.2e−07', '0.00')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if decimals is not None:
        text = f"{value:,.{decimals}f}"
    elif abs(value) >= 1e12 or 0 < abs(value) < 1e-4:
        text = f"{value:.2g}"
    else:
        text = f"{value:,.{_decimals(value)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", "−")


def _decimals(value: float) -> int:
    size = abs(value)
    if size == 0 or size >= 1000:
        return 0
    return 3 - math.floor(math.log10(size)) - (size < 1)


def share(value: float | None) -> str:
    """Write a part of a whole in percent.

    Examples
    --------
    >>> share(0.2317), share(0.0), share(0.00002), share(1.0), share(0.99999)
    ('23.2%', '0%', '<0.1%', '100%', '>99.9%')
    """
    if value is None or math.isnan(value):
        return NOTHING
    if 0 < value < 0.0005:
        return "<0.1%"
    if 0.9995 < value < 1:
        return ">99.9%"
    return f"{number(value * 100, 1).removesuffix('.0')}%"


def signed(value: float, decimals: int | None = None) -> str:
    """Write a difference with its sign.

    Examples
    --------
    >>> signed(0.0123), signed(-2.0), signed(0.0)
    ('+0.0123', '−2', '0')
    """
    text = number(value, decimals)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def date(seconds: float | None) -> str:
    """Write a time given as seconds since 1970 (UTC) as a date.

    Examples
    --------
    >>> date(1372636800.0), date(None)
    ('1 Jul 2013', '–')
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    try:
        when = datetime.fromtimestamp(seconds, tz=UTC)
    except (OverflowError, OSError, ValueError):
        return number(seconds)
    return moment(when.isoformat(), time=False)


def plain(value: float | None) -> str:
    """Write a number without a thousands mark below 10,000, so that a year reads as one.

    Examples
    --------
    >>> plain(2013), plain(20130)
    ('2013', '20,130')
    """
    text = number(value)
    return text.replace(",", "") if value is not None and abs(value) < 10_000 else text


def shared_decimals(values: Iterable[float | None]) -> int:
    """Choose decimals for a column of figures: three or four digits of its largest.

    Examples
    --------
    >>> shared_decimals([0.5312, 0.51, None]), shared_decimals([0.018]), shared_decimals([1250.5])
    (3, 4, 0)
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    if not math.isfinite(largest) or largest >= 1000:
        return 0
    return min(3 - math.floor(math.log10(largest)) - (largest < 1), 6) if largest > 0 else 0


def decimals_of(low: float | None, high: float | None, *, value: float | None = None) -> int | None:
    """Decimals that a figure with an interval deserves: no more than the interval bears.

    Two digits of the interval's width; three of `value` where the interval is wide.

    Examples
    --------
    >>> decimals_of(0.737, 0.747), decimals_of(0.5, 0.8), decimals_of(2.82, 3.14, value=2.98)
    (3, 2, 2)
    >>> decimals_of(44_000, 47_000), decimals_of(0.5, 0.5), decimals_of(None, None)
    (0, None, None)
    """
    if low is None or high is None:
        return None
    width = high - low
    if not 0 < width < math.inf:
        return None
    of_width = math.ceil(-math.log10(width))
    of_value = 2 - math.floor(math.log10(abs(value))) if value else 0
    wanted = max(of_width + 1, min(of_value, of_width + 2))
    return min(max(wanted, 0), 8)


def interval(value: float | None, low: float | None, high: float | None) -> str:
    """Write a figure and its interval with equal decimals.

    Examples
    --------
    >>> interval(0.74213, 0.73701, 0.74709)
    '0.742 [0.737, 0.747]'
    >>> interval(0.5, None, None)
    '0.5'
    """
    if low is None or high is None:
        return number(value)
    decimals = decimals_of(low, high, value=value)
    return f"{number(value, decimals)} [{number(low, decimals)}, {number(high, decimals)}]"


def deviating(value: float, deviation: float) -> str:
    """Write a figure and its deviation with equal decimals.

    Examples
    --------
    >>> deviating(0.0312, 0.0011), deviating(0.5, 0)
    ('0.0312 ± 0.0011', '0.5')
    """
    if deviation <= 0:
        return number(value)
    decimals = decimals_of(0, deviation)
    return f"{number(value, decimals)} ± {number(deviation, decimals)}"


def measure(found: Measure) -> str:
    """Write a measured figure with its interval.

    Examples
    --------
    >>> measure(Measure(metric="roc_auc", value=0.7421, low=0.7370, high=0.7471, rows=900))
    '0.742 [0.737, 0.747]'
    """
    return interval(found.value, found.low, found.high)


def rival(found: Comparison) -> str:
    """Name what a candidate was compared with.

    Examples
    --------
    >>> rival(Comparison(against="last", metric="rmse", candidate=2, other=3, gain=1,
    ...                  low=0.9, high=1.1, confidence=0.95, probability_better=1, rows=10))
    'the answer of last time'
    """
    if found.version:
        return f"version {found.version}"
    return "the answer of last time" if found.against == "last" else f"the {found.against} baseline"


def decimals_of_gain(found: Comparison) -> int | None:
    """Decimals that a difference deserves: two digits of its interval, three of the candidate."""
    width = found.high - found.low
    if not 0 < width < math.inf:
        return None
    of_width = math.ceil(-math.log10(width)) + 1
    size = abs(found.candidate)
    of_value = 2 - math.floor(math.log10(size)) if 0 < size < math.inf else 0
    return min(max(of_width, of_value, 0), 8)


def gain(found: Comparison) -> str:
    """Write how much better the candidate is, with the interval of that difference.

    Examples
    --------
    >>> gain(Comparison(against="mean", metric="rmse", candidate=2, other=3, gain=1,
    ...                 low=0.9, high=1.1, confidence=0.95, probability_better=1, rows=10))
    '+1.00 [+0.90, +1.10]'
    """
    decimals = decimals_of_gain(found)
    low, high = signed(found.low, decimals), signed(found.high, decimals)
    return f"{signed(found.gain, decimals)} [{low}, {high}]"


def measured(verdict: Verdict) -> str:
    """Write what a verdict found."""
    return _of_verdict(verdict.measured)


def limit(verdict: Verdict) -> str:
    """Write what a verdict allows."""
    return _of_verdict(verdict.limit)


def _of_verdict(value: float | str | None) -> str:
    return legible(value, 120) if isinstance(value, str) else number(value)


def duration(seconds: float | None) -> str:
    """Write a length of time.

    Examples
    --------
    >>> duration(0.004), duration(12.34), duration(192), duration(7260)
    ('4 ms', '12.3 s', '3 min 12 s', '2 h 1 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    if seconds < 1:
        return f"{number(round(seconds * 1000, 1))} ms"
    if seconds < 59.95:
        return f"{number(seconds, 1).removesuffix('.0')} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{count(minutes // 60)} h {minutes % 60} min"


def size(octets: int | None) -> str:
    """Write a size on disk, in powers of ten.

    Examples
    --------
    >>> size(3_712_000), size(512)
    ('3.7 MB', '512 B')
    """
    if octets is None:
        return NOTHING
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if octets >= 10**power:
            return f"{octets / 10**power:.1f} {unit}"
    return f"{octets} B"


def moment(iso: str | None, *, time: bool = True) -> str:
    """Write a date, and the time of day where there is one; text that is no date stays as it is.

    Examples
    --------
    >>> moment("2026-11-20T21:08:33"), moment("2013-01-01T00:00:00"), moment("2013-01-01")
    ('20 Nov 2026, 21:08', '1 Jan 2013', '1 Jan 2013')
    """
    if not iso:
        return NOTHING
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return legible(iso)
    day = f"{when.day} {_MONTHS[when.month - 1]} {when.year}"
    return f"{day}, {when:%H:%M}" if time and (when.hour or when.minute) else day


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
