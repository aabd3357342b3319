"""Where requests of a project go: a public port, and the backends behind it."""

import ipaddress
import re
from collections import Counter

from pydantic import Field

from lifecycle.errors import PerennialError
from lifecycle.section import Value

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RoutingError(PerennialError):
    """Requests cannot be routed as was asked."""


class Backend(Value):
    """One running version.

    Parameters
    ----------
    name
        Letters, digits, dots, dashes and underscores; for example `flights-3`.
    weight
        Its part of the requests, against the weights of the others. Zero: it only finishes
        what it has begun.
    """

    name: str
    host: str
    port: int = Field(ge=1, le=65535)
    weight: int = Field(default=100, ge=0, le=1_000_000)


class Route(Value):
    """A public port, and what answers there.

    Parameters
    ----------
    host, port
        Where requests come in: an address of this machine.
    backends
        Who answers. Empty: every request is answered with 503.
    seconds
        Longest a request may take, its body included.
    body_kb
        Largest body of a request in kilobytes.
    health
        The path a backend is asked at whether it lives. Not whether it is ready: one that
        serves although it cannot keep its events, as it may be declared to, says that it is
        not.
    """

    project: str
    host: str
    port: int = Field(ge=1, le=65535)
    backends: tuple[Backend, ...] = ()
    seconds: float = Field(default=10.0, gt=0)
    body_kb: int = Field(default=4_096, ge=1)
    health: str = Field(default="/healthz", pattern=r"^/\S*$")

    @property
    def shares(self) -> dict[Backend, float]:
        """Which part of the requests each backend gets, whatever its weight was written as.

        Examples
        --------
        >>> one = Backend(name="one", host="127.0.0.1", port=8001, weight=3)
        >>> two = Backend(name="two", host="127.0.0.1", port=8002, weight=1)
        >>> route = Route(project="flights", host="127.0.0.1", port=3000, backends=(one, two))
        >>> [share for backend, share in route.shares.items()]
        [0.75, 0.25]
        """
        whole = sum(backend.weight for backend in self.backends) or 1
        plain = (backend.model_copy(update={"weight": 1}) for backend in self.backends)
        return {
            key: backend.weight / whole for key, backend in zip(plain, self.backends, strict=True)
        }

    def check(self) -> None:
        """Refuse what could be written down, and would not work.

        Raises
        ------
        RoutingError
            Naming everything that is wrong with it.

        Examples
        --------
        >>> one = Backend(name="one", host="127.0.0.1", port=8001)
        >>> Route(project="flights", host="127.0.0.1", port=3000, backends=(one, one)).check()
        Traceback (most recent call last):
        adapters.routing.route.RoutingError: The route of "flights" cannot be used:
          2 backends are called one; each needs a name of its own.
        """
        faults = [*self._faults()]
        if faults:
            listed = "".join(f"\n  {fault}" for fault in faults)
            raise RoutingError(f'The route of "{self.project}" cannot be used:{listed}')

    def _faults(self) -> list[str]:
        faults = []
        if not is_address(self.host):
            faults.append(
                f'host "{self.host}" is no address. Say 127.0.0.1 for this machine only, or '
                "0.0.0.0 for everybody who reaches it."
            )
        for name, times in Counter(backend.name for backend in self.backends).items():
            if times > 1:
                faults.append(f"{times} backends are called {name}; each needs a name of its own.")
            if not _NAME.fullmatch(name):
                faults.append(
                    f'"{name}" cannot be the name of a backend: letters, digits, dashes and '
                    "underscores, up to 100 of them."
                )
        if self.backends and not any(backend.weight for backend in self.backends):
            faults.append("all weights are zero; at least one backend has to answer.")
        if any((backend.host, backend.port) == (self.host, self.port) for backend in self.backends):
            faults.append(f"a backend listens at the public port {self.port} itself.")
        return faults


def is_address(host: str) -> bool:
    """Say whether a host is written as an address."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
