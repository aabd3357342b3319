"""What the environment says: where the package lies, where events go, who may ask."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lifecycle.errors import PerennialError

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
        The secret pseudonyms of personal values are made with.
    """

    package: Path
    manifest: str | None
    events: Path | None
    keys: Path | None
    jwks: Path | None
    mask: str | None = field(repr=False)

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the environment.

        Raises
        ------
        StartError
            If it does not say where events go.

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
        )


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
