"""What a release was begun with: its project as it was declared then, and where that lies."""

from pathlib import Path

from pydantic import ValidationError

from adapters.supervision.place import replace_file
from lifecycle.errors import PerennialError
from lifecycle.project.project import Project
from lifecycle.section import Value

FILE = "release.json"


class ContextError(PerennialError):
    """It cannot be told with what a release was begun."""


class Context(Value):
    """What whoever looks after a release has to know, whatever is declared meanwhile.

    Parameters
    ----------
    home
        The project's folder.
    stack
        Whose registry.
    declaration
        The project, as JSON.
    """

    home: str
    stack: str
    declaration: str

    @property
    def project(self) -> Project:
        """The project as it was declared."""
        return Project.model_validate_json(self.declaration)


def write_context(project: Project, *, home: Path, stack: str, state: Path) -> None:
    """Remember what a release is begun with."""
    declaration = project.model_dump_json(by_alias=True)
    context = Context(home=str(home), stack=stack, declaration=declaration)
    replace_file(_file(project.name, state), context.model_dump_json())


def read_context(project: str, *, state: Path) -> Context:
    """Give what the last release of a project was begun with.

    Raises
    ------
    ContextError
        If it is not there, or cannot be read.
    """
    file = _file(project, state)
    try:
        return Context.model_validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        raise ContextError(
            f"{file} should say what the release of {project} was begun with, and cannot be read "
            f"({type(error).__name__}). Go back with: python run.py rollback --project {project}"
        ) from error


def _file(project: str, state: Path) -> Path:
    return state / "serving" / project / FILE
