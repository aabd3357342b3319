"""Where a version came from: everything needed to trace it, and to make it again."""

from pydantic import Field

from lifecycle.section import Value


class Lineage(Value):
    """What went into one run.

    Parameters
    ----------
    run
        Name of the run in the store of runs.
    data_fingerprint
        Hash of the rows the run was trained and tested on; empty where it stopped before.
    window_start, window_end
        The declared window in ISO 8601; `None` where that end is open.
    commit, dirty
        Commit of the code, and whether files differed from it; `None` without version control.
    declaration, declaration_fingerprint
        The project as it was read, after overrides, and its hash.
    lock_fingerprint, packages
        Hash of the lock file, and the versions that were really installed.
    started, seconds
        When it began in ISO 8601, and how long it took.
    reason
        Why it was trained where it is a successor; empty where somebody just trained.
    """

    project: str
    run: str
    data_fingerprint: str = ""
    window_start: str | None = None
    window_end: str | None = None
    commit: str | None = None
    dirty: bool | None = None
    declaration: str = ""
    declaration_fingerprint: str = ""
    python: str = ""
    lock_fingerprint: str | None = None
    packages: dict[str, str] = Field(default_factory=dict)
    seed: int | None = None
    stack: str = ""
    started: str = ""
    seconds: float | None = None
    reason: str = ""

    @property
    def can_be_repeated(self) -> bool:
        """Whether code and environment are pinned: a clean commit and a lock file."""
        return bool(self.commit) and self.dirty is False and bool(self.lock_fingerprint)
