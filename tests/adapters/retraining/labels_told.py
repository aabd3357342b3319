"""A log of labels, line by line."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from adapters.events.segment import CLOSED

NOON = datetime(2013, 5, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def line(place: int, **given: Any) -> dict[str, Any]:
    usual = {
        "event": "label", "v": 1, "id": f"r-{place}", "row": 0, "key": None, "label": "yes",
        "known_at": None, "at": (NOON + place * HOUR).isoformat(), "by": None, "request": "q",
    }  # fmt: skip
    return {**usual, **given}


def log(folder: Path, *lines: dict[str, Any] | str, name: str = f"a{CLOSED}") -> Path:
    path = folder / "labels" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [one if isinstance(one, str) else json.dumps(one) for one in lines]
    path.write_text("".join(f"{text}\n" for text in texts))
    return path
