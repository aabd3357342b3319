"""MLflow's model registry: the truth about versions, and what each one was made from."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from adapters.experiments import client, experiment, log_run
from lifecycle.data.description import Reference
from lifecycle.errors import RegistryError
from lifecycle.fingerprint import fingerprint
from lifecycle.governance.card import model_card
from lifecycle.governance.story import Story, Version
from lifecycle.modeling.candidate import Candidate
from lifecycle.modeling.incumbent import Incumbent
from lifecycle.monitoring.usual import Usual

CHALLENGER = "challenger"
CHAMPION = "champion"
HOLDOUT = "holdout.arrow"
PROFILE = "profile.bin"
USUAL = "usual.json"

_KEY = "perennial.key"
_CANDIDATE = "perennial.candidate"
_BEAT = "perennial.judged_against"
_SETTLED = "perennial.settled"


class MissingError(RegistryError):
    """A file of a version is not where it was registered."""


def incumbent(project: str, candidate: Candidate) -> Incumbent:
    """Find the version a candidate has to beat: the standing challenger, else the champion.

    A challenger has beaten the champion, so it is the best there is. A candidate that is
    registered already is held against what it was held against then, which is why running
    again repeats nothing.
    """
    known = _versions(project, _CANDIDATE, candidate.fingerprint)
    number = known[0].tags.get(_BEAT) if known else _standing_number(project)
    if not number:
        return Incumbent()
    with _download(project, number, "candidate") as folder:
        return Incumbent(version=number, candidate=Candidate.load(folder))


def reference(project: str, data_fingerprint: str) -> Reference:
    """Describe the rows the standing version was trained on.

    Nothing where the rows are the same ones: they cannot have moved.
    """
    number = _standing_number(project)
    if number is None:
        return Reference()
    story = story_of(project, number)
    if story.lineage.data_fingerprint == data_fingerprint:
        return Reference()
    return Reference(version=number, description=story.description)


def register(
    story: Story,
    candidate: Candidate,
    profile: bytes,
    usual: Usual,
    holdout: pa.Table,
    *,
    lock: str | None,
) -> Story:
    """Keep a version with everything it was made from; give the story with its number.

    What passed its gates becomes the challenger; what was refused is kept without an alias.
    Registering the same candidate with the same evidence again gives the version there is,
    and the story of its first time.
    """
    key = _key(story, candidate)
    known = _versions(story.name, _KEY, key)
    version = (
        known[0]
        if known
        else _first_of(
            story.name, key, _create(story, candidate, profile, usual, holdout, key=key, lock=lock)
        )
    )
    _ensure_holdout(version, holdout)
    return _settle(version, is_passed=not story.gates.blocks)


def _ensure_holdout(version: Any, holdout: pa.Table) -> None:
    """Give test rows to a version that was registered before any were kept."""
    if any(file.path == HOLDOUT for file in client().list_artifacts(version.run_id)):
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / HOLDOUT
        _write_table(holdout, path)
        client().log_artifact(version.run_id, str(path))


def _key(story: Story, candidate: Candidate) -> str:
    """Name candidate and evidence; how fast it answered is another figure each time."""
    evaluation = story.evaluation and story.evaluation.model_copy(update={"latency": None})
    judged = [(verdict.rule, verdict.outcome, verdict.limit) for verdict in story.gates]
    return fingerprint([candidate.fingerprint, story.lineage.data_fingerprint, evaluation, judged])


def _first_of(project: str, key: str, created: Any) -> Any:
    """Take back a version that another run has registered at the same moment."""
    first = _versions(project, _KEY, key)[0]
    if first.version != created.version:
        client().delete_model_version(project, created.version)
        client().delete_run(created.run_id)
    return first


def _settle(version: Any, *, is_passed: bool) -> Story:
    """Give a version its alias and card, once: also where an earlier run was killed before."""
    project, number = version.name, str(version.version)
    if _SETTLED in version.tags:
        return story_of(project, number)
    if is_passed:
        client().set_registered_model_alias(project, CHALLENGER, number)
    story = story_of(project, number)
    attach(project, number, "model_card.md", model_card(story))
    client().set_model_version_tag(project, number, _SETTLED, "yes")
    return story


def _create(
    story: Story,
    candidate: Candidate,
    profile: bytes,
    usual: Usual,
    holdout: pa.Table,
    *,
    key: str,
    lock: str | None,
) -> Any:
    beat = story.evaluation.champion_version if story.evaluation else None
    tags = {
        _KEY: key,
        _CANDIDATE: candidate.fingerprint,
        _BEAT: beat or "",
        "perennial.outcome": "rejected" if story.gates.blocks else "passed",
        "perennial.data": story.lineage.data_fingerprint,
        "perennial.commit": story.lineage.commit or "",
    }
    _ensure_model(story.name)
    run = log_run(story, tags=tags)
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder), story, candidate, profile, usual, holdout, lock)
        client().log_artifacts(run, folder)
    source = f"{client().get_run(run).info.artifact_uri}/candidate"
    version = client().create_model_version(story.name, source=source, run_id=run, tags=tags)
    client().set_terminated(run)
    return version


def _write(
    folder: Path,
    story: Story,
    candidate: Candidate,
    profile: bytes,
    usual: Usual,
    holdout: pa.Table,
    lock: str | None,
) -> None:
    (folder / "candidate").mkdir()
    candidate.save(folder / "candidate")
    (folder / PROFILE).write_bytes(profile)
    (folder / USUAL).write_text(usual.model_dump_json(), encoding="utf-8")
    _write_table(holdout, folder / HOLDOUT)
    (folder / "story.json").write_text(story.model_dump_json(indent=1), encoding="utf-8")
    (folder / "project.yaml").write_text(story.lineage.declaration, encoding="utf-8")
    if lock is not None:
        (folder / "requirements.lock").write_text(lock, encoding="utf-8")


def _write_table(table: pa.Table, path: Path) -> None:
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(str(path), table.schema, options=options) as out:
        out.write_table(table)


def number_of(project: str, version: str) -> str:
    """Give the number of a version that is named by number or alias.

    Raises
    ------
    RegistryError
        If there is no such project or version.
    """
    return str(_version(project, version).version)


def alias_of(project: str, alias: str) -> str | None:
    """Give the number of the version that has an alias, if one has."""
    return _aliases(project).get(alias)


def standing(project: str) -> str:
    """Name the alias of the version that stands: the challenger, else the champion."""
    aliases = _aliases(project)
    return CHAMPION if CHALLENGER not in aliases and CHAMPION in aliases else CHALLENGER


def candidate_of(project: str, number: str) -> Candidate:
    """Read back the model of a version."""
    with _download(project, number, "candidate") as folder:
        return Candidate.load(folder)


def holdout_of(project: str, number: str) -> pa.Table:
    """Read back the test rows that were kept with a version.

    Raises
    ------
    RegistryError
        If none were.
    """
    try:
        with _download(project, number, HOLDOUT) as path, pa.ipc.open_file(str(path)) as rows:
            return rows.read_all()
    except (MissingError, OSError):
        raise RegistryError(
            f'Version {number} of "{project}" was registered without test rows, so nothing can '
            "show that what is served says the same. Train it again: "
            f"python run.py --pipeline training --project {project}"
        ) from None


def profile_of(project: str, number: str) -> bytes:
    """Read back the profile of the rows a version was trained on."""
    with _download(project, number, PROFILE) as path:
        return path.read_bytes()


def usual_of(project: str, number: str) -> Usual:
    """Read back how far stretches of a version's training rows are from all of them.

    Nothing is known of a version that was registered before this was kept.
    """
    run = _version(project, number).run_id
    if not any(file.path == USUAL for file in client().list_artifacts(run)):
        return Usual()
    with _download(project, number, USUAL) as path:
        return Usual.model_validate_json(path.read_text(encoding="utf-8"))


def attach(project: str, number: str, name: str, text: str) -> None:
    """Keep one more file with a version, such as its report."""
    client().log_text(_version(project, number).run_id, text, name)


def story_of(project: str, number: str) -> Story:
    """Read back everything a version was made from, with the alias it has now.

    Raises
    ------
    RegistryError
        If there is no such project or version.
    """
    version = _version(project, number)
    with _download(project, version.version, "story.json") as path:
        story = Story.model_validate_json(path.read_text(encoding="utf-8"))
    return _told(story, version)


def crown(project: str, number: str) -> None:
    """Make a version the champion; a challenger that is crowned is a challenger no longer."""
    version = _version(project, number)
    mlflow = client()
    mlflow.set_registered_model_alias(project, CHAMPION, version.version)
    if CHALLENGER in version.aliases:
        mlflow.delete_registered_model_alias(project, CHALLENGER)


def set_aside(project: str, number: str) -> bool:
    """Take the name of challenger from a version, so that the next need not beat it.

    Returns
    -------
    bool
        Whether it had that name; a challenger of another number keeps it.
    """
    if alias_of(project, CHALLENGER) != number:
        return False
    client().delete_registered_model_alias(project, CHALLENGER)
    return True


def settled_cut(project: str, key: str, choose: Callable[[], datetime]) -> datetime:
    """Give the time cut this project has settled on under `key`, or settle on a new one.

    Kept, so that a row that was once test is test in every later run on more data.
    """
    mlflow, where = client(), experiment(project)
    name = f"perennial.cut.{key}"
    kept = mlflow.get_experiment(where).tags.get(name)
    if kept:
        return datetime.fromisoformat(kept)
    chosen = choose()
    mlflow.set_experiment_tag(where, name, chosen.isoformat())
    return chosen


def _told(story: Story, version: Any) -> Story:
    alias = next(iter(sorted(version.aliases)), None)
    return story.model_copy(
        update={"version": Version(name=story.name, number=str(version.version), alias=alias)}
    )


def _standing_number(project: str) -> str | None:
    aliases = _aliases(project)
    return aliases.get(CHALLENGER) or aliases.get(CHAMPION)


def _aliases(project: str) -> dict[str, str]:
    from mlflow.exceptions import MlflowException

    try:
        aliases = client().get_registered_model(project).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return {}
        raise
    return {alias: str(number) for alias, number in aliases.items()}


def _ensure_model(project: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client().create_registered_model(project)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _versions(project: str, tag: str, value: str) -> list[Any]:
    found = client().search_model_versions(f"name = '{project}' and tags.`{tag}` = '{value}'")
    return sorted(found, key=lambda version: int(version.version))


def _version(project: str, number: str) -> Any:
    from mlflow.exceptions import MlflowException

    mlflow = client()
    try:
        if number in (CHALLENGER, CHAMPION):
            return mlflow.get_model_version_by_alias(project, number)
        return mlflow.get_model_version(project, number)
    except MlflowException:
        numbers = sorted(
            int(found.version) for found in mlflow.search_model_versions(f"name = '{project}'")
        )
        what = number if number in (CHALLENGER, CHAMPION) else f"version {number}"
        there = (
            f"Its versions: {', '.join(map(str, numbers))}; run.py show NUMBER --project {project} "
            "tells of one, and why its gates refused it if they did."
            if numbers
            else f"To train one: python run.py --pipeline training --project {project}"
        )
        raise RegistryError(f'Project "{project}" has no {what}. {there}') from None


@contextmanager
def _download(project: str, number: str, path: str) -> Iterator[Path]:
    from mlflow.exceptions import MlflowException

    run = _version(project, number).run_id
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = Path(client().download_artifacts(run, path, folder))
        except (MlflowException, OSError):
            where = client().get_run(run).info.artifact_uri
            raise MissingError(
                f'"{path}" of version {number} of "{project}" is not where it was registered, '
                f"below {where}. A state folder that was moved or copied is looked for where it "
                "was made: move it back, or train again in the new one."
            ) from None
        yield found
