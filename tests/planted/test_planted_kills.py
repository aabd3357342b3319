"""Processes killed while they answer: what was answered is in the event log."""

import random
import time

from adapters.events.log import EventLog
from adapters.events.reading import read
from tests.adapters.events.kills import SETTINGS, acknowledged_but_missing, nursery

KILLS = 100


def live_and_die(nursery, *, lives: int, seed: int):
    """Keep two writers alive, and kill one of them at a random moment, time and again."""
    chance = random.Random(seed)
    acks = []
    living = [nursery.bear(0)]
    for number in range(1, lives):
        living.append(nursery.bear(number))
        time.sleep(chance.uniform(0, 0.02))
        acks += living.pop(chance.randrange(2)).end()
    return acks + living.pop().end()


def test_a_hundred_kills_lose_no_acknowledged_prediction_and_leave_no_half_line(tmp_path):
    folder = tmp_path / "events"
    with nursery(folder, tmp_path) as writers:
        acks = live_and_die(writers, lives=KILLS, seed=7)

    assert acknowledged_but_missing(acks, folder) == []
    EventLog(folder, SETTINGS).close()  # whoever starts next takes over what the dead left
    after = read(folder)
    assert after.torn == 0
    assert acknowledged_but_missing(acks, folder) == []
    assert not list((folder / "predictions").glob("*.open"))
    assert len({ack.request_id.partition("-")[0] for ack in acks}) > KILLS / 2


def test_no_prediction_is_there_twice_after_take_overs(tmp_path):
    folder = tmp_path / "events"
    with nursery(folder, tmp_path) as writers:
        live_and_die(writers, lives=20, seed=8)
    EventLog(folder, SETTINGS).close()

    predictions = read(folder).predictions
    names = list(zip(predictions["id"].to_pylist(), predictions["row"].to_pylist(), strict=True))
    assert len(names) == len(set(names)) > 0


def test_a_writer_that_acknowledges_what_it_only_holds_in_memory_is_caught(tmp_path):
    folder = tmp_path / "events"
    with nursery(folder, tmp_path, writer="careless") as writers:
        acks = live_and_die(writers, lives=6, seed=9)

    assert acknowledged_but_missing(acks, folder) != []
