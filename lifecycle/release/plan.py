"""A plan: where the requests of a project go. It knows nothing of what moves them.

Envoy, and the Gateway API of Kubernetes, are given the same plan, each in its own words.
"""

import ipaddress
import re
from collections import Counter
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from lifecycle.errors import PerennialError
from lifecycle.section import Value

WHOLE = 10_000
"""Weights are ten-thousandths: a user's place among them never moves when weights do."""

ARM_HEADER = "x-perennial-arm"
"""What a version is told of the assignment of a request: `RELEASE:ARM`. Only the router says it."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

Arm = Literal["", "challenger", "champion"]
"""The arm of an A/B test a request belongs to; empty: it is in no test."""


class PlanError(PerennialError):
    """Requests cannot be routed as was planned."""


class Target(Value):
    """One running version.

    Parameters
    ----------
    name
        What it is called by whoever keeps it running: letters, digits, dots, dashes, underscores.
    spare
        The name of the target that answers instead when this one cannot.
    """

    name: str
    version: str
    host: str
    port: int = Field(ge=1, le=65535)
    spare: str | None = None


class Part(Value):
    """A part of the requests, in ten-thousandths, and the target it goes to.

    The order of the parts is part of the assignment: with the same order and salt, a part that
    grows takes users over from its neighbours only.
    """

    target: str
    weight: int = Field(ge=0, le=WHOLE)
    arm: Arm = ""


class Mirror(Value):
    """A target that gets a copy of requests, and whose answers reach nobody."""

    target: str
    weight: int = Field(ge=1, le=WHOLE)


class Sticky(Value):
    """By what of a request its part is chosen, always the same.

    Parameters
    ----------
    kind, name
        The header, the cookie or the claim of the token that names the unit.
    salt
        Mixed in, so that two releases do not choose the same users.
    without
        The target of requests that name no unit; they are in no arm.
    """

    kind: Literal["header", "cookie", "claim"]
    name: str
    salt: str
    without: str


class Tokens(Value):
    """JWT that are checked before a version is asked; requests without one pass on to it.

    Parameters
    ----------
    keys
        The key set (JWKS) itself, as JSON.
    required
        A request without a token is refused (where no other way of access is declared).
    """

    keys: str
    issuer: str
    audience: str
    leeway_seconds: int = 30
    required: bool = False


class Limits(Value):
    """How much the router lets through.

    Parameters
    ----------
    seconds
        Longest a request may take, its body included.
    try_seconds
        Longest one version is waited for before its spare is asked; null: as long as `seconds`.
    body_kb
        Largest body of a request in kilobytes.
    rate
        Requests a second of all together; more are answered with 429. None: any.
    connections
        Most connections at a time.
    retries
        How often a request is sent again that no version can have seen, or whose version failed
        and has a spare.
    """

    seconds: float = Field(default=10.0, gt=0)
    try_seconds: float | None = Field(default=None, gt=0)
    body_kb: int = Field(default=4_096, ge=1)
    rate: float | None = Field(default=None, gt=0)
    connections: int = Field(default=10_000, ge=1)
    retries: int = Field(default=3, ge=0, le=10)


class Plan(Value):
    """Where the requests of a project go.

    Parameters
    ----------
    host, port
        Where requests come in: an address of this machine.
    targets
        Who answers, or stands by.
    parts
        Who gets which part of the requests: `WHOLE` together, or nothing at all; then every
        request is answered with 503.
    release
        The number of the release it belongs to.
    health
        The path a target is asked at whether it lives. Not whether it is ready: one that
        serves although it cannot keep its events, as it may be declared to, says that it is
        not.
    """

    project: str
    host: str
    port: int = Field(ge=1, le=65535)
    targets: tuple[Target, ...] = ()
    parts: tuple[Part, ...] = ()
    mirror: Mirror | None = None
    sticky: Sticky | None = None
    tokens: Tokens | None = None
    limits: Limits = Limits()
    release: int | None = None
    health: str = Field(default="/healthz", pattern=r"^/\S*$")

    def target(self, name: str) -> Target:
        """Find a target by its name."""
        return next(target for target in self.targets if target.name == name)

    @property
    def weights(self) -> dict[str, int]:
        """What each target gets, in ten-thousandths, those that stand by included."""
        found = dict.fromkeys((target.name for target in self.targets), 0)
        for part in self.parts:
            found[part.target] += part.weight
        return found

    def check(self) -> None:
        """Refuse what could be written down, and would not work.

        Raises
        ------
        PlanError
            Naming everything that is wrong with it.

        Examples
        --------
        >>> one = Target(name="one", version="1", host="127.0.0.1", port=8001)
        >>> part = Part(target="one", weight=9_000)
        >>> plan = Plan(project="p", host="127.0.0.1", port=3000, targets=(one,), parts=(part,))
        >>> plan.check()
        Traceback (most recent call last):
        lifecycle.release.plan.PlanError: The plan of "p" cannot be used:
          its parts are 9000 of 10000; together they have to be all.
        """
        faults = [*self._of_address(), *self._of_targets(), *self._of_parts()]
        if faults:
            listed = "".join(f"\n  {fault}" for fault in faults)
            raise PlanError(f'The plan of "{self.project}" cannot be used:{listed}')

    def _of_address(self) -> Iterator[str]:
        if not is_address(self.host):
            yield (
                f'host "{self.host}" is no address. Say 127.0.0.1 for this machine only, or '
                "0.0.0.0 for everybody who reaches it."
            )
        if any((target.host, target.port) == (self.host, self.port) for target in self.targets):
            yield f"a target listens at the public port {self.port} itself."

    def _of_targets(self) -> Iterator[str]:
        for name, times in Counter(target.name for target in self.targets).items():
            if times > 1:
                yield f"{times} targets are called {name}; each needs a name of its own."
            if not _NAME.fullmatch(name):
                yield (
                    f'"{name}" cannot be the name of a target: letters, digits, dots, dashes and '
                    "underscores, up to 100 of them."
                )
        for target in self.targets:
            if target.spare == target.name:
                yield f"{target.name} is its own spare."

    def _of_parts(self) -> Iterator[str]:
        known = {target.name for target in self.targets}
        named = {part.target for part in self.parts}
        named |= {target.spare for target in self.targets if target.spare}
        named |= {self.mirror.target} if self.mirror else set()
        named |= {self.sticky.without} if self.sticky else set()
        for name in sorted(named - known):
            yield f'"{name}" is named and is no target; there are {", ".join(sorted(known))}.'
        whole = sum(part.weight for part in self.parts)
        if self.parts and whole != WHOLE:
            yield f"its parts are {whole} of {WHOLE}; together they have to be all."
        if self.targets and not self.parts:
            yield "there are targets, and nothing goes to them."
        if any(part.arm for part in self.parts) and (self.sticky is None or self.release is None):
            yield "arms of a test need a unit they stick to, and the number of their release."


def is_address(host: str) -> bool:
    """Say whether a host is written as an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
