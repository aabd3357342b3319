"""The command line, as a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def run(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "run.py", *words], cwd=root, env=os.environ, capture_output=True, text=True
    )


def test_help_needs_no_heavy_import(root: Path) -> None:
    code = (
        "import sys, runpy; sys.argv = ['run.py', '--help']\n"
        "try: runpy.run_path('run.py', run_name='__main__')\n"
        "except SystemExit: pass\n"
        "print(sorted({'zenml', 'mlflow', 'sklearn', 'xgboost', 'pandas', 'pyarrow', 'optuna',"
        " 'pydantic', 'rich'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"


def test_list_names_pipelines_projects_and_stacks(root: Path) -> None:
    done = run(root, "--list")

    assert done.returncode == 0
    for name in ("training", "flights", "airfares", "weather", "mortgages", "local", "remote"):
        assert name in done.stdout


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--pipeline", "trainig"], 'Did you mean "training"'),
        (["--pipeline", "training", "--project", "flight"], 'Did you mean "flights"'),
        (["--pipeline", "training", "--stack", "lokal"], 'Did you mean "local"'),
        (["--pipeline", "training", "--set", "serch.trials=3"], 'Did you mean "search"'),
    ],
)
def test_a_name_that_does_not_exist_is_an_error_with_a_suggestion(
    root: Path, words: list[str], hint: str
) -> None:
    done = run(root, *words)

    assert done.returncode == 2
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_schema_prints_a_json_schema(root: Path) -> None:
    done = run(root, "schema")

    assert json.loads(done.stdout)["properties"]["gates"]


def test_showing_a_version_that_is_not_there_says_how_to_make_one(root: Path) -> None:
    done = run(root, "show", "7", "--project", "airfares")

    assert done.returncode == 1
    assert "--pipeline training --project airfares" in done.stderr


def test_a_state_folder_that_cannot_be_written_is_told_before_anything_runs(
    root: Path, tmp_path: Path
) -> None:
    taken = tmp_path / "file"
    taken.touch()

    done = subprocess.run(
        [sys.executable, "run.py", "--pipeline", "training", "--project", "airfares"],
        cwd=root,
        env={**os.environ, "PERENNIAL_STATE": str(taken)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert "PERENNIAL_STATE" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_an_interrupted_run_says_that_it_can_be_continued(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import run as command_line

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pipelines.running.run", interrupted)

    asked = command_line.Asked("training", "airfares", "local", None, None, "", "", True)
    status = command_line._run(asked, [])

    assert status == 130
    assert "Running it again continues" in capsys.readouterr().err


def test_a_draft_tells_which_columns_it_left_out_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from adapters.drafting import init
    from commands.declaring import _tell_left_out

    rows = "\n".join(f"{at},{at * 7 % 13},u{at}@b.org,{at % 2}" for at in range(200))
    table = tmp_path / "late.csv"
    table.write_text(f"n,m,mail,late\n{rows}\n", encoding="utf-8")

    _tell_left_out(init(table, "late", root=tmp_path))

    assert "personal data: 'mail'" in capsys.readouterr().out


def test_a_key_is_shown_once_listed_without_its_secret_and_revoked(root: Path) -> None:
    made = run(root, "token", "create", "--project", "airfares", "--name", "ada", "--quiet")
    token = made.stdout.strip()
    key = token.split("_")[1]

    listed = run(root, "token", "list", "--project", "airfares")
    revoked = run(root, "token", "revoke", key, "--project", "airfares")
    after = run(root, "token", "list", "--project", "airfares")

    assert made.returncode == revoked.returncode == 0
    assert token.startswith("prn_")
    assert key in listed.stdout
    assert "active" in listed.stdout
    assert token not in listed.stdout
    assert "revoked" in after.stdout


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (
            ["--pipeline", "training", "--version", "3"],
            2,
            "--version is what deployment and release take",
        ),
        (["stop"], 2, "--project NAME, or --all"),
        (["stop", "--project", "airfares"], 2, "Nothing of"),
        (["token", "create", "--role", "predct"], 1, "predict"),
        (["token", "create", "--expires", "soon"], 1, "90s"),
        (["token", "revoke", "nobody"], 1, "no key"),
        (["trace", "r-1", "--project", "airfares"], 1, "request_id"),
        (["--pipeline", "deployment", "--project", "weather"], 1, "--pipeline training"),
    ],
)
def test_what_cannot_be_done_with_services_says_what_can(
    root: Path, words: list[str], status: int, told: str
) -> None:
    done = run(root, *words)

    assert done.returncode == status
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_with_nothing_deployed_the_status_says_how_to_deploy(root: Path) -> None:
    done = run(root, "status")

    assert done.returncode == 0
    assert "--pipeline deployment" in done.stdout
