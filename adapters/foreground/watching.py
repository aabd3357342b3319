"""Ends what a foreground command has started, when that command is gone.

Run as a process of its own: `python -m adapters.foreground.watching GROUND`.
"""

import signal
import sys
import time

from filelock import Timeout

TIMES, PAUSE_SECONDS = 2, 1.0
"""What was just being started when the command was killed is found the second time."""


def main(described: str) -> None:
    """Wait until the pipe from the command ends; without a word from it, end what is left."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if sys.stdin.buffer.read():
        return
    from adapters.foreground.ground import LOCK_SECONDS, Ground

    ground = Ground.model_validate_json(described)
    with ground.changed.acquire(timeout=LOCK_SECONDS):
        try:
            ground.served.acquire(timeout=0).lock.release()
        except Timeout:  # another command serves already, and has ended what was left
            return
        for _ in range(TIMES):
            ground.end()
            time.sleep(PAUSE_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
