"""The heart of a loop: how late it is, and what takes too long."""

import asyncio
import time

import pytest

from service.heartbeat import BEAT, Heartbeat
from service.pool import Pool
from service.refusals import Refused


class Request:
    """As much of an exchange as a heartbeat looks at."""

    def __init__(self) -> None:
        self.started = time.perf_counter()
        self.is_late = False


def test_a_queue_that_stands_makes_it_crowded_and_one_that_is_gone_does_not() -> None:
    async def live() -> list[bool]:
        heart = Heartbeat(waiting=0.1, longest=10)
        heart.start()
        seen = [heart.is_crowded]
        for _ in range(2):
            time.sleep(0.3)  # what is in the way of the loop
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            seen.append(heart.is_crowded)
        await asyncio.sleep(3 * BEAT)
        heart.stop()
        return [*seen, heart.is_crowded]

    assert asyncio.run(live()) == [False, False, True, False]


def test_what_takes_too_long_is_ended_and_nothing_else() -> None:
    async def ask(heart: Heartbeat, request: Request, seconds: float) -> str:
        task = heart.enter(request)
        try:
            await asyncio.sleep(seconds)
        except asyncio.CancelledError:
            return "ended"
        finally:
            heart.leave(task)
        return "answered"

    async def live() -> tuple[list[str], list[bool], int]:
        heart = Heartbeat(waiting=10, longest=0.3)
        heart.start()
        requests = [Request(), Request()]
        said = await asyncio.gather(ask(heart, requests[0], 30), ask(heart, requests[1], 0.1))
        heart.stop()
        return said, [request.is_late for request in requests], heart.in_flight

    assert asyncio.run(live()) == (["ended", "answered"], [True, False], 0)


def test_errands_are_done_at_their_pace() -> None:
    done = []

    async def live() -> None:
        heart = Heartbeat(waiting=10, longest=10, errands=[(0.12, lambda: done.append(1))])
        heart.start()
        await asyncio.sleep(0.7)
        heart.stop()

    asyncio.run(live())
    assert 3 <= len(done) <= 5


def test_a_line_that_is_full_turns_away_and_a_thread_that_is_free_takes_again() -> None:
    async def live() -> list[bytes | None]:
        pool = Pool(threads=1, line=1)
        first = [asyncio.ensure_future(pool.run(lambda: (time.sleep(0.1), b"x")[1])) for _ in "ab"]
        await asyncio.sleep(0)
        with pytest.raises(Refused) as refused:
            await pool.run(lambda: b"y")
        assert refused.value.headers == ((b"retry-after", b"1"),)
        said = await asyncio.gather(*first)
        await asyncio.sleep(0.01)
        said.append(await pool.run(lambda: b"z"))
        pool.close()
        return said

    assert asyncio.run(live()) == [b"x", b"x", b"z"]


def test_a_request_that_was_given_up_still_holds_its_place() -> None:
    async def live() -> None:
        pool = Pool(threads=1, line=0)
        given_up = asyncio.ensure_future(pool.run(lambda: (time.sleep(0.3), b"x")[1]))
        await asyncio.sleep(0.05)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        with pytest.raises(Refused):
            await pool.run(lambda: b"y")
        await asyncio.sleep(0.4)
        assert await pool.run(lambda: b"y") == b"y"
        pool.close()

    asyncio.run(live())
