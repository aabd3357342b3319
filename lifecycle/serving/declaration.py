"""The `serving` section: how a version answers, who may ask, and what is kept of it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from lifecycle.section import Duration, Section

Role = Literal["predict", "label", "read", "admin"]
"""`predict` asks, `label` tells truths, `read` sees contract and metrics; `admin` may do all."""

Endpoint = Literal["contract", "docs", "metrics"]


class Limits(Section):
    """How much one request, and how many of them, the service takes on.

    Parameters
    ----------
    body_kb
        Largest body of a request in kilobytes; a larger one is answered with 413.
    rows
        Most rows in one request.
    seconds
        Longest a request may take, its body included.
    waiting_ms
        When a request would wait longer than this for its turn, it is answered with 503 and
        `Retry-After` at once, instead of making the queue longer.
    rate
        Requests a second each key or subject may make; more are answered with 429. None: any.
    """

    body_kb: int = Field(default=4_096, ge=1)
    rows: int = Field(default=10_000, ge=1)
    seconds: float = Field(default=10.0, gt=0)
    waiting_ms: int = Field(default=250, ge=10)
    rate: float | None = Field(default=None, gt=0)


class Events(Section):
    """What is kept of every answer, and what happens when it cannot be.

    Parameters
    ----------
    on_failure
        A prediction that cannot be written down is refused with 503 (`refuse`), or answered
        and counted as lost (`serve`). Either way the service says that it is not ready.
    rotate_mb, rotate_after
        A file is closed when it is that large, or that old.
    sync
        `process`: what was answered survives the death of the process. `disk`: it survives
        the loss of power too, and every answer waits for the disk.
    personal
        What is kept of personal columns: nothing (`drop`), or a keyed hash by which equal
        values are found again (`pseudonym`).
    """

    on_failure: Literal["refuse", "serve"] = "refuse"
    rotate_mb: float = Field(default=64, gt=0)
    rotate_after: Duration = Field(default="1h", validate_default=True)
    sync: Literal["process", "disk"] = "process"
    personal: Literal["drop", "pseudonym"] = "drop"


class Tokens(Section):
    """Tokens of your own identity provider (JWT) that are taken beside API keys.

    Parameters
    ----------
    keys
        A JWKS file, relative to the project's folder: the public keys tokens are signed with.
    issuer, audience
        What `iss` and `aud` have to be.
    roles_claim
        The claim that lists roles: `predict`, `label`, `read`, `admin`.
    leeway
        How far clocks may differ.
    """

    keys: str
    issuer: str
    audience: str
    roles_claim: str = "roles"
    leeway: Duration = Field(default="30s", validate_default=True)


class Access(Section):
    """Who may ask.

    Parameters
    ----------
    keys
        Whether API keys are taken (`run.py token` makes them).
    tokens
        Whose JWT are taken.
    anonymous
        Lets everybody in who reaches the port. Only for a port nobody else reaches.
    open
        What is shown to everybody even so. Health is always open.
    """

    keys: bool = True
    tokens: Tokens | None = None
    anonymous: bool = False
    open: tuple[Endpoint, ...] = ()

    @model_validator(mode="after")
    def _let_somebody_in(self) -> Self:
        if not (self.keys or self.tokens or self.anonymous):
            raise ValueError("nobody could ask: allow keys, name whose tokens, or say anonymous")
        return self


class Image(Section):
    """What the container image is made from.

    Parameters
    ----------
    base
        An image with Python 3.11 at `python3.11` or `python3`.
    """

    base: str = "python:3.11-slim-bookworm"


class Router(Section):
    """What the router before the versions does by itself.

    Parameters
    ----------
    rate
        Requests a second of all who ask together; more are answered with 429. None: any.
    connections
        Most connections at a time.
    retries
        How often a request is sent again that no version can have seen.
    check_tokens
        Whether a token (`access.tokens`) is checked before a version is bothered with it, by the
        keys there were at the last deployment or release: one that is added later is refused
        until the next. The version itself checks each token in any case.
    """

    rate: float | None = Field(default=None, gt=0)
    connections: int = Field(default=10_000, ge=1)
    retries: int = Field(default=3, ge=0, le=10)
    check_tokens: bool = False


class Serving(Section):
    """How a version is served.

    Parameters
    ----------
    engine
        `docker`: a container; `process`: the same Bento as a process; `auto`: a container
        where a Docker engine answers, else a process. The deployment tells which it was.
    host, port
        Where requests come in.
    workers
        Processes that answer.
    reasons
        How many reasons are given where they are asked for without a number.
    drain
        On being stopped: how long the service still takes requests while it says that it is
        not ready, so that whoever routes to it can look elsewhere.
    """

    engine: Literal["auto", "docker", "process"] = "auto"
    host: str = "127.0.0.1"
    port: int = Field(default=3000, ge=1, le=65535)
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    reasons: int = Field(default=5, ge=1, le=100)
    drain: Duration = Field(default="1s", validate_default=True)
    limits: Limits = Limits()
    router: Router = Router()
    events: Events = Events()
    access: Access = Access()
    image: Image = Image()
