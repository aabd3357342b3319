"""Stack files: `stack_configs/<name>.yaml`, in the format of `zenml stack export`."""

import os
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from lifecycle.errors import StackError, suggest

_PLACEHOLDER = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Component(BaseModel):
    """One component of a stack: what it is, in which flavor, configured how."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    flavor: str
    configuration: dict[str, Any] = Field(default_factory=dict)


class StackFile(BaseModel):
    """A stack as its file declares it, with `${NAME}` still unread."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    stack_name: str
    components: dict[str, list[Component]]

    def component(self, kind: str) -> Component:
        """Give the stack's one component of a kind.

        Raises
        ------
        StackError
            If the stack has none.
        """
        found = self.components.get(kind)
        if not found:
            raise StackError(
                f"Stack {self.stack_name!r} has no {kind}. Every stack needs an orchestrator, "
                "an artifact_store and an experiment_tracker: see stack_configs/local.yaml."
            )
        return found[0]


def stacks(root: Path) -> tuple[str, ...]:
    """Name the stacks there are."""
    return tuple(sorted(path.stem for path in (root / "stack_configs").glob("*.yaml")))


def load(name: str, *, root: Path) -> StackFile:
    """Read a stack's file.

    Raises
    ------
    StackError
        If there is no such stack, or its file is not a stack.
    """
    path = root / "stack_configs" / f"{name}.yaml"
    if not path.is_file():
        raise StackError(f"There is no stack {name!r}. {suggest(name, stacks(root))}")
    try:
        raw = YAML(typ="safe").load(path)
        return StackFile.model_validate(raw)
    except YAMLError as error:
        raise StackError(f"{path}: not YAML: {error}") from None
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise StackError(
            f"{path}: not a stack as `zenml stack export` writes it: {faults}. "
            "See stack_configs/local.yaml for the form."
        ) from None


def expand(value: Any, *, where: str) -> Any:
    """Read every `${NAME}` in a configuration from the environment.

    Raises
    ------
    StackError
        If a name is not set, naming all that are missing.

    Examples
    --------
    >>> os.environ["PERENNIAL_DOC"] = "bucket"
    >>> expand({"path": "s3://${PERENNIAL_DOC}/a"}, where="here")
    {'path': 's3://bucket/a'}
    """
    missing = sorted(name for name in _names(value) if not os.environ.get(name))
    if missing:
        raise StackError(
            f"{where} needs {', '.join(missing)} from the environment, which "
            f"{'is' if len(missing) == 1 else 'are'} not set. "
            f"Set it and run again: export {missing[0]}=..."
        )
    return _replace(value)


def _names(value: Any) -> set[str]:
    if isinstance(value, str):
        return set(_PLACEHOLDER.findall(value))
    if isinstance(value, dict):
        return {name for part in value.values() for name in _names(part)}
    if isinstance(value, list):
        return {name for part in value for name in _names(part)}
    return set()


def _replace(value: Any) -> Any:
    if isinstance(value, str):
        return _PLACEHOLDER.sub(lambda match: os.environ[match[1]], value)
    if isinstance(value, dict):
        return {key: _replace(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_replace(part) for part in value]
    return value
