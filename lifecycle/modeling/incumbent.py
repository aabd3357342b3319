"""The version a new candidate has to beat."""

from dataclasses import dataclass

from lifecycle.modeling.candidate import Candidate


@dataclass(frozen=True)
class Incumbent:
    """The best version that has passed so far; both are `None` where there is none yet."""

    version: str | None = None
    candidate: Candidate | None = None
