"""A few threads for large requests, and a waiting line that ends somewhere."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from service.refusals import busy

LARGE = 16_384
"""Bytes of a body from which on it is answered beside the loop: about fifty rows, or the time of
a few single ones. Smaller ones are answered sooner than they could be handed over."""

THREADS = min(4, max(1, len(os.sched_getaffinity(0)) - 1))
"""A processor is left for the single rows."""

LINE = 8
"""How many may wait for a thread."""


class Pool:
    """Does the work of large requests; onnxruntime and libxgboost let go of Python's lock."""

    def __init__(self, *, threads: int = THREADS, line: int = LINE) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="large-request")
        self._most = threads + line
        self._taken = 0

    async def run(self, work: Callable[[], bytes]) -> bytes:
        """Do work in a thread.

        Raises
        ------
        Refused
            503 if too much is waiting already.
        """
        if self._taken >= self._most:
            raise busy()
        self._taken += 1
        loop = asyncio.get_running_loop()
        future = self._threads.submit(work)
        # Counted until it really ends: a request that was given up leaves its thread at work.
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _leave(self) -> None:
        self._taken -= 1
