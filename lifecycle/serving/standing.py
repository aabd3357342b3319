"""How what is deployed stands right now."""

from lifecycle.section import Value
from lifecycle.serving.deployment import Kind


class Standing(Value):
    """One deployed version at one moment.

    Parameters
    ----------
    state
        In a few words: `ready`, `not ready: draining`, `gone`.
    is_ready
        Whether it takes requests.
    memory
        Of its processes together, as told to people.
    remarks
        What somebody should look at.
    gets
        Which part of the requests it gets, where it does not get all of them: `25 % of the
        requests`, `stands by`, `a copy of the requests`.
    """

    project: str
    version: str
    kind: Kind
    state: str
    is_ready: bool
    url: str
    started: str
    pid: int | None = None
    memory: str = ""
    remarks: tuple[str, ...] = ()
    gets: str = ""

    @property
    def runs_as(self) -> str:
        """Say what it runs as."""
        return f"{self.kind} {self.pid}" if self.pid else self.kind
