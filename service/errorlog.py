"""What went wrong, one JSON object a line on stderr: for operators, never for callers."""

import json
import sys
import traceback
from contextlib import suppress
from datetime import UTC, datetime

LONGEST = 300
"""Letters of an error's own words that are kept: enough to know it, too few for a body."""


def warn(told: str, *, error: BaseException | None = None, request_id: str | None = None) -> None:
    """Write that something is not as it should be, and the service goes on."""
    _write("warning", told, error, request_id)


def fail(told: str, *, error: BaseException, request_id: str | None = None) -> None:
    """Write that a request, or the service, failed; with the places in the code, innermost last."""
    _write("error", told, error, request_id)


def _write(level: str, told: str, error: BaseException | None, request_id: str | None) -> None:
    line: dict[str, object] = {"at": datetime.now(UTC).isoformat(), "level": level, "told": told}
    if request_id is not None:
        line["request_id"] = request_id
    if error is not None:
        line["error"] = f"{type(error).__name__}: {error}"[:LONGEST]
        frames = traceback.extract_tb(error.__traceback__)
        line["where"] = [f"{one.filename}:{one.lineno} {one.name}" for one in frames]
    with suppress(OSError):  # a full disk under the log is no reason to answer nobody
        print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)  # noqa: T201
