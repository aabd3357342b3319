"""What the environment says: where the package lies, where events go, who may ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from lifecycle.errors import PerennialError
from lifecycle.release.declaration import Unit

PARENT = "PERENNIAL_SERVER_PID"
"""Where the process that starts the workers leaves its id for them."""

NO_EVENTS = "none"
"""What `PERENNIAL_EVENTS` says where nothing is to be kept; leaving it out is an error."""

DEFAULT_PACKAGE = Path(__file__).resolve().parent.parent / "package"
"""Beside the code, as it lies in a Bento."""


class StartError(PerennialError):
    """The service cannot start as it was told to."""


@dataclass(frozen=True)
class Settings:
    """Where the service finds what it needs.

    Parameters
    ----------
    package
        The folder of the packaged version.
    manifest
        What the SHA-256 of its manifest has to be; `None`: any.
    events
        Where predictions and labels are written; `None`: nowhere, and it was said so.
    keys, jwks
        The files of API keys, and of the public keys of tokens.
    mask
        The secret pseudonyms of personal values, and hashes of units, are made with.
    unit
        By what of a request it is told whom it is of; `None`: it is not.
    """

    package: Path
    manifest: str | None
    events: Path | None
    keys: Path | None
    jwks: Path | None
    mask: str | None = field(repr=False)
    unit: Unit | None = None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment.

        Raises
        ------
        StartError
            If it does not say where events go, or names no unit that there can be.

        Examples
        --------
        >>> read = Settings.read({"PERENNIAL_EVENTS": "/events", "PERENNIAL_PACKAGE": "/model"})
        >>> str(read.package), str(read.events), read.keys
        ('/model', '/events', None)
        >>> Settings.read({"PERENNIAL_EVENTS": "none"}).events is None
        True
        """
        events = environment.get("PERENNIAL_EVENTS", "")
        if not events:
            raise StartError(
                "PERENNIAL_EVENTS is not set. Name the folder where predictions and labels are "
                f"written, or say PERENNIAL_EVENTS={NO_EVENTS} to keep nothing of any answer."
            )
        return cls(
            package=package_folder(environment),
            manifest=environment.get("PERENNIAL_MANIFEST") or None,
            events=None if events == NO_EVENTS else Path(events),
            keys=_path(environment, "PERENNIAL_KEYS"),
            jwks=_path(environment, "PERENNIAL_JWKS"),
            mask=environment.get("PERENNIAL_MASK") or None,
            unit=read_unit(environment.get("PERENNIAL_UNIT", "")),
        )


def read_unit(text: str) -> Unit | None:
    """Read by what of a request it is told whom it is of; nothing: by nothing.

    Raises
    ------
    StartError
        If it is none of a header, a cookie or a claim, with its name.

    Examples
    --------
    >>> read_unit("cookie uid"), read_unit("")
    (Unit(header=None, cookie='uid', claim=None), None)
    """
    if not text:
        return None
    kind, _, name = text.partition(" ")
    try:
        return Unit.model_validate({kind: name})
    except ValidationError:
        raise StartError(
            f'PERENNIAL_UNIT is "{text}". Write what names whom a request is of: '
            "`header x-user-id`, `cookie uid` or `claim sub`; or leave it out."
        ) from None


def package_folder(environment: Mapping[str, str]) -> Path:
    """Say where the package lies.

    Examples
    --------
    >>> package_folder({}).name
    'package'
    """
    return _path(environment, "PERENNIAL_PACKAGE") or DEFAULT_PACKAGE


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    return Path(value) if value else None
