"""The image that another is built on: had here, and what it brings."""

import io
import tarfile
from collections.abc import Mapping
from typing import Any

from adapters.images.engine import BUILDING_SECONDS, ImageError, Missing, asking, connected
from lifecycle.section import Value

PACKAGES = "/var/lib/dpkg/status"
RELEASE = "/usr/lib/os-release"


class Foundation(Value):
    """What a base image brings, as its bill of materials needs it.

    Parameters
    ----------
    id
        Its digest.
    dpkg
        The text of its list of Debian packages; `None` where it has none.
    distro
        The release it is of, such as `debian-12`.
    python
        The version of a Python that is none of those packages.
    """

    id: str
    dpkg: str | None = None
    distro: str | None = None
    python: str | None = None


def foundation_of(base: str) -> Foundation:
    """Have a base image here, pulled if need be, and say what it brings.

    Raises
    ------
    NoEngine
        If no Docker engine answers.
    ImageError
        If the image is not to be had; says what to declare instead.
    """
    with connected(seconds=BUILDING_SECONDS) as client:
        image = _had(client, base)
        with asking(f"look into {base}"):
            container = client.containers.create(image.id, command=["none"])
            try:
                dpkg, release = _text(container, PACKAGES), _text(container, RELEASE)
            finally:
                container.remove()
    variables = dict(entry.partition("=")[::2] for entry in image.attrs["Config"]["Env"] or ())
    return Foundation(
        id=image.id, dpkg=dpkg, distro=_distro(release or ""), python=_python(dpkg, variables)
    )


def _had(client: Any, base: str) -> Any:
    try:
        with asking(f"bring the base image {base} here"):
            try:
                return client.images.get(base)
            except Missing:
                return client.images.pull(base)
    except ImageError as error:
        raise ImageError(
            f"The base image {base} is neither here nor to be pulled.\n  {error}\n"
            f"  Bring it here (`docker pull {base}` or `docker load`), or declare another with\n"
            "  Python 3.11: serving.image.base in project.yaml."
        ) from error


def _text(container: Any, path: str) -> str | None:
    try:
        chunks, _ = container.get_archive(path)
    except Missing:
        return None
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
        file = archive.extractfile(archive.getmembers()[0])
        return file.read().decode() if file is not None else None


def _distro(release: str) -> str | None:
    r"""Name a release as `ID-VERSION_ID`.

    Examples
    --------
    >>> _distro('ID=debian\nVERSION_ID="12"\n')
    'debian-12'
    >>> _distro("") is None
    True
    """
    told = dict(line.partition("=")[::2] for line in release.splitlines())
    parts = [told[name].strip('"') for name in ("ID", "VERSION_ID") if name in told]
    return "-".join(parts) or None


def _python(dpkg: str | None, variables: Mapping[str, str]) -> str | None:
    r"""Give the version the official images name, unless Debian's own Python is there.

    Examples
    --------
    >>> _python("Package: bash\n", {"PYTHON_VERSION": "3.11.9"})
    '3.11.9'
    >>> _python("Package: python3.11\n", {}) is None
    True
    """
    if "Package: python3.11\n" in (dpkg or ""):
        return None
    return variables.get("PYTHON_VERSION")
