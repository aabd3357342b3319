"""What is usually done: train again every month on all there is, and take it, whatever it is."""

import json
import sys
from pathlib import Path

from benchmarks.life.measuring import of_candidate
from benchmarks.life.place import FIRST_MONTH, LAST_MONTH, ROOT, enter, flights, month


def main(state: Path, seconds: int) -> None:
    """Train at the beginning of each month and measure on that month; one line of JSON each."""
    enter(state)
    from adapters import registry
    from adapters.warehouse import gather
    from lifecycle.data.conform import conform
    from lifecycle.data.declaration import Window
    from pipelines.running import run

    for number in range(FIRST_MONTH, LAST_MONTH + 1):
        loaded = flights(month(number), seconds=seconds)
        ending = run("training", loaded, stack="local", root=ROOT)
        version = ending.story.version
        if version is None:
            raise RuntimeError(f"Nothing was registered: {ending.story.blocking}")
        candidate = registry.candidate_of("flights", version.number)
        asked = loaded.project
        window = Window(start=month(number), end=month(number + 1))
        data = asked.data.model_copy(update={"window": window})
        raw, _ = gather(data, asked.columns, home=loaded.folder)
        table, _, _ = conform(raw, asked.columns, data)
        figures = of_candidate(candidate, table, asked.data.label.column)
        print(json.dumps({"month": number, **figures}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
