"""`releases` and `readmit` as they are typed."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from adapters.records import Records
from adapters.stacks.environment import STATE
from commands import releasing
from lifecycle.errors import ProjectError, Refused
from lifecycle.release.ledger import is_barred
from lifecycle.release.plan import Plan
from lifecycle.release.release import Movement
from tests.lifecycle.release.ledgers import NOON, Ledger, alone, look, release
from tests.pipelines.shop import write_project

MOVED = Ledger().deploy("3").canary("3", "4").roll_back("4", alone("3")).movements

app = typer.Typer()
for known in (releasing.releases, releasing.readmit):
    app.command()(known)


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    folder = write_project(tmp_path / "released")
    yield folder
    for file in Path(os.environ[STATE]).glob("records.db*"):
        file.unlink()


@pytest.fixture
def ledger(project: Path) -> Iterator[Records]:
    """Open a ledger in which release 1 was rolled back."""
    with Records.open(Path(os.environ[STATE])) as records:
        opened = records.open_release(release(project="released"))
        for one in MOVED:
            records.enter(_of(one))
        records.look(look(0, release=opened.number))
        records.change_release(
            opened.number, state="rolled back", ending="4% failed.", at=NOON + timedelta(hours=1)
        )
        yield records


def _of(one: Movement) -> Movement:
    def named(plan: Plan | None) -> Plan | None:
        return plan and plan.model_copy(update={"project": "released"})

    plans = {"before": named(one.before), "after": named(one.after)}
    return one.model_copy(update={"project": "released", "number": 0, **plans})


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_where_nothing_was_released_it_says_how_to(project: Path) -> None:
    told = run("releases", "--project", project)

    assert told.exit_code == 0
    assert "--pipeline release --project released" in told.stdout


@pytest.mark.usefixtures("ledger")
def test_releases_and_movements_are_listed_the_newest_last(project: Path) -> None:
    told = run("releases", "--project", project).stdout
    newest = run("releases", "--project", project, "--most", "1").stdout

    places = [told.index(word) for word in ("rolled back", "deploy", "begin", "roll back  ")]
    assert places == sorted(places)
    assert "4% failed." in told
    assert "deploy" not in newest
    assert "roll back  " in newest


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("2026-01-10 11:00", "Nothing of released was live"),
        ("2026-01-10 12:00:30", "all to version 3"),
        ("2026-01-10T12:01:30Z", "5% to version 4, 95% to version 3"),
        ("2026-01-10 13:01:30+01:00", "5% to version 4, 95% to version 3"),
        ("2026-01-11", "all to version 3"),
    ],
)
def test_what_was_live_at_a_moment_is_told(at: str, says: str, project: Path) -> None:
    assert says in run("releases", "--project", project, "--at", at).stdout


@pytest.mark.usefixtures("ledger")
def test_one_release_is_told_in_full_with_its_page_where_there_is_one(project: Path) -> None:
    page = Path(os.environ[STATE]) / "reports" / "released" / "releases" / "1.html"

    before = run("releases", "--project", project, "--number", "1").stdout
    page.parent.mkdir(parents=True, exist_ok=True)
    page.touch()
    after = run("releases", "--project", project, "--number", "1").stdout

    assert "version 4 was rolled back" in before
    assert "5% to version 4, 95% to version 3" in before
    assert "12:00:00  1/3 5%    · hold" in before
    assert "1.html" not in before
    assert "1.html" in after.replace("\n", "")


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--at", "yesterday"), 'Write a moment: "2026-11-20 14:00"'),
        (("--at", "2999-01-01"), "yet to come"),
        (("--number", "7"), '"released" has no release 7. Known: 1'),
        (("--number", "1", "--at", "2026-01-01"), "either --number"),
    ],
)
def test_what_cannot_be_told_says_what_can(
    words: tuple[str, ...], says: str, project: Path
) -> None:
    with pytest.raises(ProjectError) as raised:
        run("releases", "--project", project, *words)

    assert says in str(raised.value)


def test_a_version_is_readmitted_by_somebody_for_a_reason(project: Path, ledger: Records) -> None:
    assert is_barred(ledger.movements("released"), "4") is not None

    told = run("readmit", "--project", project, "--version", "4", "--by", "ada", "--why", "mended")

    assert "Version 4 of released may be released again" in told.stdout
    assert is_barred(ledger.movements("released"), "4") is None
    entered = ledger.movements("released", 1)[0]
    assert (entered.kind, entered.by, entered.reason) == ("readmit", "ada", "mended")
    assert (entered.state, entered.settled, entered.before) == ("done", True, None)


@pytest.mark.usefixtures("ledger")
@pytest.mark.parametrize(
    ("version", "says"), [("3", "was not rolled back"), ("9", "never released")]
)
def test_what_is_not_barred_cannot_be_readmitted(version: str, says: str, project: Path) -> None:
    with pytest.raises(Refused, match=says):
        run("readmit", "--project", project, "--version", version, "--why", "x")


@pytest.mark.usefixtures("ledger")
def test_nobody_readmits_a_version_without_a_reason(project: Path) -> None:
    with pytest.raises(ProjectError, match="Say why"):
        run("readmit", "--project", project, "--version", "4", "--why", " ")
