"""`run.py alerts`, as people type it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from adapters.records import LOG, Records
from adapters.stacks.environment import STATE
from commands import alerting
from commands.alerting import app
from lifecycle.errors import PerennialError
from lifecycle.monitoring.alerts import decide
from lifecycle.monitoring.declaration import Alerts
from tests.lifecycle.monitoring.alerts.days import DAY, JULY, days
from tests.servers.receivers import webhook

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Type a command; one alert stands, and the log has not been written yet."""
    monkeypatch.setenv(STATE, str(tmp_path))
    monkeypatch.setattr(alerting, "opened_state", lambda: tmp_path)
    with Records.open(tmp_path) as records:
        changes = decide("flights", days("x"), (), Alerts(), now=JULY + DAY)
        records.record(changes, at=JULY + DAY, receivers=[LOG])
    return lambda *words: CliRunner().invoke(app, words)


@pytest.mark.parametrize("words", [(), ("list",), ("list", "--project", "flights", "--all")])
def test_what_stands_is_listed(run: Run, words: tuple[str, ...]) -> None:
    listed = run(*words)

    assert "   1  warning   open       flights version 3: data drift since 1 Jul" in listed.output
    assert "1 waiting for the log: not tried yet." in listed.output


def test_where_nothing_stands_that_is_said(run: Run) -> None:
    assert "No alert stands." in run("list", "--project", "weather").output


def test_an_alert_is_shown_with_who_was_told(run: Run) -> None:
    shown = run("show", "1").output

    assert 'Column "distance" says fail.' in shown
    assert "opened    the log: waiting" in shown


def test_a_silence_says_until_when_and_is_taken_back(run: Run) -> None:
    silenced = run("silence", "1", "--for", "3d", "--why", "known").output

    assert re.search(r"silent until \d\d \w{3} \d{4}", silenced)
    assert "silenced" in run().output
    assert "by " in run("show", "1").output
    assert run("unsilence", "1").exit_code == 0
    assert "silenced" not in run().output


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("show", "9"), "There is no alert 9"),
        (("silence", "9", "--why", "x"), "There is no alert 9"),
        (("silence", "1"), "--why"),
        (("silence", "1", "--for", "long", "--why", "x"), '--for is "long"'),
        (("silence", "1", "--for", "0d", "--why", "x"), '--for is "0d"'),
    ],
)
def test_what_is_wrong_is_said(run: Run, words: tuple[str, ...], problem: str) -> None:
    done = run(*words)

    assert isinstance(done.exception, PerennialError)
    assert problem in str(done.exception)


def declare(root: Path, folder: Path, *to: str) -> str:
    text = (root / "projects" / "flights" / "project.yaml").read_text()
    declared = folder / "elsewhere" / "project.yaml"
    declared.parent.mkdir()
    kept = re.sub(r"^monitoring:.*?(?=^\S|\Z)", "", text, flags=re.MULTILINE | re.DOTALL)
    declared.write_text(f"{kept}\nmonitoring: {{alerts: {{to: {[*to]}}}}}\n")
    return str(declared)


def test_what_waits_is_sent_by_hand(run: Run, root: Path, tmp_path: Path) -> None:
    sent = run("send", "--project", declare(root, tmp_path, "json://127.0.0.1"))

    assert "Delivered 1, waiting 0, given up 0." in sent.output
    assert (tmp_path / "monitoring" / "alerts.log").exists()


def test_a_test_message_says_what_happened(run: Run, root: Path, tmp_path: Path) -> None:
    with webhook() as hook:
        declared = declare(root, tmp_path, f"json://{hook.host}/in")
        tried = run("test", "--project", declared)
        hook.status = 500
        failed = run("test", "--project", declared)

    assert f"json://{hook.host}/…: taken" in tried.output
    assert hook.bodies[0]["title"] == "flights: a test of the alerts"
    assert "error=500" in failed.output
    assert isinstance(failed.exception, PerennialError)


def test_where_nobody_is_declared_the_log_is_named(run: Run, root: Path, tmp_path: Path) -> None:
    said = run("test", "--project", declare(root, tmp_path))

    assert said.exit_code == 0
    assert "declares no address (monitoring.alerts.to)" in said.output
