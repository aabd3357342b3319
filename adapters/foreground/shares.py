"""Which version gets which part of the requests, as a person writes it: `3=90%`."""

from collections.abc import Sequence

from pydantic import TypeAdapter, ValidationError

from lifecycle.errors import ProjectError
from lifecycle.release.plan import WHOLE
from lifecycle.section import Share

_SHARE: TypeAdapter[float] = TypeAdapter(Share)

_EXAMPLE = "Write --version 3=90% --version 4=10%, or --version 3 alone for all of them."


def read_shares(wanted: Sequence[str]) -> dict[str, int]:
    """Read which versions are wanted, and their parts of the requests in ten-thousandths.

    One without a share, by itself, gets all.

    Raises
    ------
    ProjectError
        If a share is none, a version is named twice, or the shares are not all together.

    Examples
    --------
    >>> read_shares(["3=90%", "challenger=10%"]), read_shares(["4"])
    ({'3': 9000, 'challenger': 1000}, {'4': 10000})
    """
    found: dict[str, int] = {}
    for words in wanted:
        version, _, share = words.partition("=")
        version, share = version.strip(), share.strip()
        if not version:
            raise ProjectError(f'"{words}" names no version. {_EXAMPLE}')
        if version in found:
            raise ProjectError(f"Version {version} is named twice. {_EXAMPLE}")
        if not share and len(wanted) > 1:
            raise ProjectError(f"Version {version} has no share, and there are others. {_EXAMPLE}")
        found[version] = _weight(version, share) if share else WHOLE
    whole = sum(found.values())
    if whole != WHOLE:
        raise ProjectError(
            f"The shares are {whole / 100:g}%; together they have to be 100%. {_EXAMPLE}"
        )
    return found


def _weight(version: str, share: str) -> int:
    try:
        weight = _SHARE.validate_python(share) * WHOLE
    except ValidationError as error:
        raise ProjectError(
            f'The share of version {version} is "{share}", which is no part of a whole. {_EXAMPLE}'
        ) from error
    if abs(weight - round(weight)) > 1e-6:
        raise ProjectError(
            f"The share of version {version} is {share}; the smallest step there is is 0.01%."
        )
    return round(weight)
