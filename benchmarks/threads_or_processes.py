"""One process with two threads against two processes with one thread each.

Each process runs the same boosted trees with early stopping on bins cut once. Prints trials
a minute of both arrangements, and the ratio: above 1, threads are better.

    python -m benchmarks.threads_or_processes [rows] [trials]
"""

import multiprocessing
import sys
import time

import numpy as np

from lifecycle.modeling.families import FAMILIES
from lifecycle.modeling.families.family import Question, Sample
from lifecycle.task import Task


def make_samples(rows: int) -> tuple[Sample, Sample]:
    generator = np.random.default_rng(0)
    X = generator.normal(size=(rows, 25)).astype(np.float32)
    odds = X[:, 0] * X[:, 1] + X[:, 2] - np.abs(X[:, 3])
    y = (generator.random(rows) < 1 / (1 + np.exp(-odds))).astype(float)
    cut = 3 * rows // 4
    return Sample(X[:cut], y[:cut]), Sample(X[cut:], y[cut:])


def work(rows: int, seeds: range, threads: int, ready: object, go: object) -> None:
    train, asked = make_samples(rows)
    family = FAMILIES["xgboost"]
    question = Question(Task.BINARY, 2, "log_loss", 0, threads, lambda: None)
    params = {**family.starts(question, rows, 25)[2], "eta": 0.1}
    family.fit({**params, "eta": 0.3, "max_depth": 2}, question, train, asked)  # cuts the bins
    ready.release()
    go.wait()
    for seed in seeds:
        family.fit({**params, "max_depth": 4 + seed % 4}, question, train, asked)


def measure(rows: int, trials: int, processes: int, threads: int) -> float:
    context = multiprocessing.get_context("spawn")
    ready, go = context.Semaphore(0), context.Event()
    parts = [range(place, trials, processes) for place in range(processes)]
    workers = [
        context.Process(target=work, args=(rows, part, threads, ready, go)) for part in parts
    ]
    for worker in workers:
        worker.start()
    for _ in workers:
        ready.acquire()
    began = time.perf_counter()
    go.set()
    for worker in workers:
        worker.join()
    speed = 60 * trials / (time.perf_counter() - began)
    print(f"{processes} process(es) with {threads} thread(s): {speed:.1f} trials a minute")
    return speed


def main(rows: int = 100_000, trials: int = 8) -> None:
    threads, processes = measure(rows, trials, 1, 2), measure(rows, trials, 2, 1)
    print(f"ratio threads to processes: {threads / processes:.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
