"""What a monitoring run has before it: windows, and who answered in them."""

from lifecycle.monitoring.span import Span
from lifecycle.section import Value


class Window(Value):
    """One window of one version.

    Parameters
    ----------
    version
        `None` where nobody asked and nothing is live.
    is_again
        Whether it was reviewed before, and is taken anew for labels that came since.
    """

    span: Span
    version: str | None
    predictions: int
    is_again: bool = False


class Windows(Value):
    """The windows of a run, oldest first."""

    windows: tuple[Window, ...] = ()
