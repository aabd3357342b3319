"""What one deployment can tell, as far as it got."""

from typing import Literal

from lifecycle.section import Value
from lifecycle.verdict import Verdict, Verdicts

Kind = Literal["container", "process"]


class Place(Value):
    """Where a version runs before anybody is sent to it.

    Parameters
    ----------
    kind, why
        As a container or a process, and why so.
    name
        What it is called by whoever keeps it running.
    """

    kind: Kind
    why: str
    name: str
    host: str
    port: int


class Built(Value):
    """What was built of a packaged version.

    Parameters
    ----------
    bento, folder
        Its tag and where it lies.
    manifest
        SHA-256 of the manifest of the package in it.
    image, image_mb
        The container image made of it, where a container engine is used, and its size.
    sbom
        The file that lists what is in the image (CycloneDX).
    vulnerabilities
        What is known to be wrong with that; the first verdict sums up. They are told, and
        decide nothing.
    kind, why
        What it is to run as, and why.
    """

    bento: str
    folder: str
    manifest: str
    kind: Kind
    why: str
    image: str | None = None
    image_mb: float | None = None
    sbom: str | None = None
    vulnerabilities: Verdicts = Verdicts()


class Deployment(Value):
    """A deployment as far as it got; what is `None` was not reached.

    Parameters
    ----------
    gates
        What the version was judged by when it was trained: one that failed is not deployed.
    url
        Where requests go; `None` unless the version took over.
    previous
        The version that answered there before.
    """

    project: str
    version: str
    gates: Verdicts = Verdicts()
    parity: Verdicts = Verdicts()
    built: Built | None = None
    place: Place | None = None
    smoke: Verdicts = Verdicts()
    url: str | None = None
    previous: str | None = None
    started: str = ""
    seconds: float | None = None
    run: str = ""

    @property
    def is_live(self) -> bool:
        """Whether the version took over."""
        return self.url is not None

    @property
    def blocking(self) -> tuple[Verdict, ...]:
        """The verdicts that stopped it."""
        return self.gates.blocking or self.parity.blocking or self.smoke.blocking

    @property
    def instead(self) -> str:
        """Say whom the version took over from, to follow the sentence that it answers."""
        return instead_of(self.previous, version=self.version)


def instead_of(previous: str | None, *, version: str) -> str:
    """Say whom a version took over from; empty where nothing answered before.

    Examples
    --------
    >>> instead_of("2", version="3"), instead_of("3", version="3"), instead_of(None, version="3")
    (', instead of version 2', ', started anew', '')
    """
    if previous is None:
        return ""
    return ", started anew" if previous == version else f", instead of version {previous}"
