"""What a run says of itself while it runs: one calm line a step."""

import sys
import time
from shutil import get_terminal_size

_WIDTH = 10


def tell(step: str, text: str) -> None:
    """Print what a step has found."""
    sys.stdout.write(f"  {step:<{_WIDTH}}{text}\n")
    sys.stdout.flush()


class Ticker:
    """Keeps one line up to date on a terminal; elsewhere prints one every `every` seconds.

    Parameters
    ----------
    every
        Seconds between two lines where they cannot be overwritten.
    """

    def __init__(self, step: str, *, every: float = 10.0) -> None:
        self._step = step
        self._every = every
        self._is_terminal = sys.stdout.isatty()
        self._last = -every

    def update(self, text: str) -> None:
        """Show the newest state."""
        if self._is_terminal:
            # A line that wraps could not be taken back.
            line = f"  {self._step:<{_WIDTH}}{text}"[: get_terminal_size().columns - 1]
            sys.stdout.write(f"\r\x1b[2K{line}")
            sys.stdout.flush()
        elif time.monotonic() - self._last >= self._every:
            self._last = time.monotonic()
            tell(self._step, text)

    def close(self, text: str) -> None:
        """Leave the last state behind."""
        if self._is_terminal:
            sys.stdout.write("\r\x1b[2K")
        tell(self._step, text)
