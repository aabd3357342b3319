"""Figures of health in words: ages, shares, how often."""

_UNITS = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"))


def age(seconds: float) -> str:
    """Write a length of time in the largest unit of which there are at least two.

    Examples
    --------
    >>> age(45), age(7_200), age(86_400 * 40), age(0.0004), age(-3)
    ('45 s', '2 h', '40 days', '0 s', '0 s')
    """
    seconds = max(0.0, seconds)
    for size, name in _UNITS:
        if seconds >= 2 * size:
            return (
                f"{seconds / size:,.3g} {name}"
                if seconds < 1_000 * size
                else (f"{seconds / size:,.0f} {name}")
            )
    return f"{round(seconds, 2):g} s"


def share(value: float) -> str:
    """Write a share as a percentage that keeps small ones apart from none.

    Examples
    --------
    >>> share(0.1), share(0.00012), share(0), share(0.99999)
    ('10%', '0.012%', '0%', '99.999%')
    """
    if 0.99 < value < 1:
        return f"{100 * value:.5g}%"
    return f"{100 * value:.3g}%"


def times(count: int) -> str:
    """Write how often.

    Examples
    --------
    >>> times(1), times(3)
    ('once', '3 times')
    """
    return "once" if count == 1 else f"{count:,} times"
