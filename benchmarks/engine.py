"""What the engine adds: training as a pipeline against the same work as a plain script.

python -m benchmarks.engine [PROJECT] [CHANGE ...]
"""

import sys
import tempfile

from benchmarks.measuring import measure

TRIALS = ["search.trials=12", "search.timeout=null"]


def main(project: str, changes: list[str]) -> None:
    settings = [word for change in changes for word in ("--set", change)]
    pipeline = ["run.py", "--pipeline", "training", "--project", project, *settings]
    plain = measure("-m", "benchmarks.plain_training", project, *changes)
    with tempfile.TemporaryDirectory() as state:
        environment = {"PERENNIAL_STATE": state}
        measure("-m", "benchmarks.trivial", "1", environment=environment)  # makes the stores
        whole = measure(*pipeline, environment=environment)
        again = measure(*pipeline, environment=environment)
    print(f"{'':<28}{'wall s':>9}{'CPU s':>9}{'peak MB':>9}")
    for name, cost in (("plain Python", plain), ("pipeline", whole), ("again, all cached", again)):
        print(f"{name:<28}{cost.wall_s:>9.1f}{cost.cpu_s:>9.1f}{cost.peak_mb:>9.0f}")
    print(
        f"{'pipeline / plain':<28}{whole.wall_s / plain.wall_s:>9.2f}"
        f"{whole.cpu_s / plain.cpu_s:>9.2f}{whole.peak_mb / plain.peak_mb:>9.2f}"
    )


if __name__ == "__main__":
    words = sys.argv[1:] or ["flights"]
    main(words[0], words[1:] or TRIALS)
