"""What is there while a worker lives: all of it is made here, checked, warmed, and ended."""

import gc
import os
import signal
import sys
from collections.abc import Mapping

import msgspec

from adapters.inference.engine import Engine
from adapters.inference.package import digest
from lifecycle.errors import PerennialError
from lifecycle.serving.declaration import Limits
from lifecycle.serving.events import Truth
from lifecycle.serving.labels import LabelReader
from lifecycle.serving.openapi import openapi
from lifecycle.serving.outcomes import Outcome, OutcomeReader
from lifecycle.serving.reading import Reader
from service.assigning import Assigning
from service.connections import Watch, guard
from service.documents import documents, health, metrics
from service.draining import Drain
from service.errorlog import fail, warn
from service.front import Route
from service.heartbeat import BEAT, Heartbeat
from service.metrics import Metrics
from service.pool import Pool
from service.predicting import Predicting
from service.recording import CHECK_EVERY, Recorder
from service.settings import PARENT, Settings, StartError
from service.sharing import shared_since
from service.starting import open_gate, open_mask, open_unit_mask
from service.telling import Telling

LOOK_EVERY = 1.0
"""Seconds between two looks at connections, at the parent process, and at how we are."""


class Worker:
    """A worker process; fulfils `service.front.Life`.

    Parameters
    ----------
    environment
        Says where everything is; read when it starts.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.routes: Mapping[str, Route] = {}

    @property
    def is_draining(self) -> bool:
        """Whether it is being stopped."""
        return self._drain.is_draining

    async def start(self) -> None:
        """Get ready to answer.

        Raises
        ------
        Exception
            If that is not possible. A worker of our own parent ends instead, and tells the
            parent to end as well: left alone, it would start another one every ten seconds.
        """
        try:
            self._make(Settings.read(self._environment))
        except Exception as error:
            if not isinstance(error, PerennialError):
                fail("the service cannot start", error=error)
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
            if self._parent == os.getppid():
                os.kill(self._parent, signal.SIGUSR1)
                os._exit(1)  # nothing has been begun that would have to be finished
            raise
        self.heartbeat.start()
        self._drain.wrap()
        if self._drain.server is not None:
            guard(self._drain.server)
        self._say_how_it_is()
        gc.collect()
        gc.freeze()  # what is there now stays: walking all of it took 100 ms every now and then

    async def stop(self) -> None:
        """Finish the files of events."""
        self.heartbeat.stop()
        self._pool.close()
        self._recorder.close()

    def faults(self) -> dict[str, str]:
        """Say what keeps it from answering as it should; empty when it is ready."""
        found = {
            "draining": "the service is being stopped" if self.is_draining else "",
            "events": "; ".join(self._recorder.faults()),
            "access": " ".join(self._gate.faults()),
        }
        return {name: told for name, told in found.items() if told}

    def _make(self, settings: Settings) -> None:
        engine = Engine.load(settings.package, manifest_sha256=settings.manifest)
        manifest, serving = engine.manifest, engine.manifest.serving
        self.seconds = serving.limits.seconds
        self.metrics = Metrics(
            manifest,
            engine.contract,
            digest=digest(settings.package),
            began=shared_since(self._environment),
        )
        self._gate = open_gate(settings, serving)
        unit_mask = open_unit_mask(settings)
        self._assigning = Assigning(settings.unit, unit_mask)
        self._recorder = Recorder(
            settings.events,
            serving.events,
            contract=engine.contract,
            version=manifest.version,
            mask=open_mask(settings, serving, engine.contract),
            metrics=self.metrics,
            unit_mask=unit_mask,
        )
        if faults := self._recorder.faults():
            raise StartError(f"PERENNIAL_EVENTS names {settings.events}: {'; '.join(faults)}.")
        self._drain = Drain(
            seconds=serving.drain.total_seconds(),
            longest=self.seconds,
            begin=self._say_how_it_is,
        )
        self.heartbeat = Heartbeat(
            waiting=serving.limits.waiting_ms / 1000,
            longest=self.seconds,
            errands=(
                (LOOK_EVERY, self._look_at_connections),
                (LOOK_EVERY, self._say_how_it_is),
                (LOOK_EVERY, self._look_for_parent),
                (CHECK_EVERY, self._recorder.check),
            ),
            told=lambda lag: self.metrics.waited(lag, every=BEAT),
        )
        self._watch = Watch(longest=self.seconds)
        self._pool = Pool()
        self.routes = self._route(engine, has_unit=unit_mask is not None)

    def _route(self, engine: Engine, *, has_unit: bool) -> dict[str, Route]:
        contract, serving = engine.contract, engine.manifest.serving
        predict = Predicting(
            gate=self._gate,
            assigning=self._assigning,
            reader=Reader(contract, engine.manifest.layout, most_rows=serving.limits.rows),
            engine=engine,
            recorder=self._recorder,
            metrics=self.metrics,
            heartbeat=self.heartbeat,
            pool=self._pool,
            serving=serving,
        )
        label, outcome = self._take_later(
            LabelReader(contract, most=serving.limits.rows),
            OutcomeReader(most=serving.limits.rows, has_unit=has_unit),
            serving.limits,
        )
        described = openapi(
            contract,
            limits=serving.limits,
            access=serving.access,
            version=engine.manifest.version,
            has_unit=has_unit,
        )
        return {
            "/predict": Route("POST", predict, "/predict"),
            "/labels": Route("POST", label, "/labels"),
            "/outcomes": Route("POST", outcome, "/outcomes"),
            **health(self.faults),
            **metrics(self._gate, self._expose),
            **documents(
                self._gate,
                contract=contract.model_dump_json().encode(),
                openapi=msgspec.json.encode(described),
            ),
        }

    def _take_later(
        self, labels: LabelReader, outcomes: OutcomeReader, limits: Limits
    ) -> tuple[Telling[Truth], Telling[Outcome]]:
        gate, heartbeat, pool = self._gate, self.heartbeat, self._pool
        return (
            Telling(
                labels.read, self._recorder.write_labels,
                gate=gate, heartbeat=heartbeat, pool=pool, limits=limits,
            ),
            Telling(
                outcomes.read, self._recorder.write_outcomes,
                gate=gate, heartbeat=heartbeat, pool=pool, limits=limits,
            ),
        )  # fmt: skip

    def _expose(self) -> bytes:
        self._say_how_it_is()
        return self.metrics.expose()

    def _say_how_it_is(self) -> None:
        self.metrics.tell(
            in_flight=self.heartbeat.in_flight,
            lag=self.heartbeat.lag,
            is_ready=not self.faults(),
        )

    def _look_at_connections(self) -> None:
        if self._drain.server is not None:
            self._watch.look(self._drain.server.server_state.connections)

    def _look_for_parent(self) -> None:
        """End when the parent was killed: the port stays taken for as long as we hold it."""
        if self._parent not in (None, os.getppid()) and not self.is_draining:
            warn("the parent process is gone, so this worker ends")
            self._drain.end_at_once()

    @property
    def _parent(self) -> int | None:
        said = self._environment.get(PARENT)
        return int(said) if said else None
