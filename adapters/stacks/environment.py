"""The process before ZenML is imported: state in one folder, telemetry off, a quick store."""

import logging
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

STATE = "PERENNIAL_STATE"


def state(root: Path) -> Path:
    """Give the folder of all local state: `$PERENNIAL_STATE`, or `var` below the root."""
    return Path(os.environ.get(STATE, root / "var")).resolve()


def prepare(root: Path) -> Path:
    """Point every dependency at the state folder and switch its telemetry off.

    Must run before `zenml`, `mlflow`, `bentoml` or `whylogs` is imported: they read their
    environment once. What the user has set on purpose is left as it is, save for where
    ZenML keeps its configuration, which is never the user's own.
    """
    folder = state(root)
    folder.mkdir(parents=True, exist_ok=True)
    os.environ[STATE] = str(folder)
    os.environ["ZENML_CONFIG_PATH"] = str(folder / "zenml")
    os.environ["ZENML_LOCAL_STORES_PATH"] = str(folder / "zenml" / "stores")
    # ZenML keeps the active stack beside its repository marker. A marker of its own for each
    # state folder keeps two of them apart; sources are still found from the project's root.
    (folder / "repository" / ".zen").mkdir(parents=True, exist_ok=True)
    os.environ["ZENML_REPOSITORY_PATH"] = str(folder / "repository")
    os.environ["ZENML_CUSTOM_SOURCE_ROOT"] = str(root)
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    if not sys.stdout.isatty():  # colours are for terminals, not for files and mails of cron
        os.environ.setdefault("ZENML_LOGGING_COLORS_DISABLED", "true")
    _quicken_stores(folder)
    # ZenML lets nothing below CRITICAL through, of anybody.
    logging.getLogger("perennial").setLevel(logging.WARNING)
    return folder


_DEFAULTS = {
    "ZENML_ANALYTICS_OPT_IN": "false",
    "ZENML_LOGGING_VERBOSITY": "CRITICAL",
    "ZENML_ENABLE_REPO_INIT_WARNINGS": "false",
    "ZENML_ENABLE_RICH_TRACEBACK": "false",
    "ZENML_DISABLE_STEP_LOGS_STORAGE": "true",
    "ZENML_DISABLE_PIPELINE_LOGS_STORAGE": "true",
    "ZENML_CAPTURE_PRINTS": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # Threads that spin while they wait turn 4 CPU seconds into 40 as soon as anything else runs.
    "OMP_WAIT_POLICY": "passive",
    "DO_NOT_TRACK": "true",
    "BENTOML_DO_NOT_TRACK": "true",
    "WHYLOGS_NO_ANALYTICS": "true",
    "ORT_DISABLE_TELEMETRY": "1",
    "ALEMBIC_LOGGING_LEVEL": "ERROR",
}


def _quicken_stores(folder: Path) -> None:
    """Let SQLite stores below `folder` write ahead, and wait for one another.

    ZenML commits about 18 times a step. Write-ahead logging makes a commit cheap, and two
    runs on one store wait instead of failing. Databases elsewhere are the user's own and
    are not touched.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    @event.listens_for(Engine, "connect")
    def _tune(connection: Any, _record: Any) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        if path and Path(path).resolve().is_relative_to(folder):
            connection.execute("PRAGMA busy_timeout=60000")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
