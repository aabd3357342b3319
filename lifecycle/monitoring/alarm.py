"""What a monitoring run told whom."""

from lifecycle.monitoring.alert import Alert
from lifecycle.section import Value


class Alarm(Value):
    """What a monitoring run told whom.

    Parameters
    ----------
    titles
        What was told, one line each.
    standing
        The alerts that are open.
    waiting
        How many messages could not be delivered yet; they are kept.
    problems
        Why, in whole sentences.
    """

    titles: tuple[str, ...] = ()
    standing: tuple[Alert, ...] = ()
    delivered: int = 0
    waiting: int = 0
    problems: tuple[str, ...] = ()
