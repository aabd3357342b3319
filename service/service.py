"""The BentoML service: `bentoml serve service.service:service`.

The parent process of the server imports this file too, so it imports little: what answers is
imported where a worker makes its application.
"""

import os
import signal
import sys
from types import FrameType
from typing import Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "true")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")

import bentoml
from _bentoml_sdk import Service

from lifecycle.errors import PerennialError
from service.settings import PARENT, Settings, package_folder
from service.sharing import begin_sharing, share
from service.starting import check, count_workers

NAME = "perennial"
WORKERS = count_workers(package_folder(os.environ))

share(os.environ, workers=WORKERS)


class Fronted(Service):  # type: ignore[misc]  # its classes carry no types
    """A BentoML service whose requests never reach BentoML's middleware."""

    def to_asgi(self, is_main: bool = True) -> Any:
        """Put our application before BentoML's."""
        from service.front import Front
        from service.life import Worker

        return Front(super().to_asgi(is_main), Worker(os.environ))


@bentoml.service(
    name=NAME,
    service_class=Fronted,
    workers=WORKERS,
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    monitoring={"enabled": False},
    runner_probe={"enabled": False},
)
class Perennial:
    """Answers for rows; see `service.front` for how."""

    @bentoml.on_deployment  # type: ignore[untyped-decorator]
    @staticmethod
    def prepare() -> None:
        """Refuse to start what could not answer, before any worker is there to fail."""
        try:
            check(Settings.read(os.environ))
        except PerennialError as error:
            sys.exit(f"{type(error).__name__}: {error}")
        os.environ[PARENT] = str(os.getpid())
        if WORKERS > 1:
            begin_sharing(os.environ)
        signal.signal(signal.SIGUSR1, _end)


def _end(number: int, frame: FrameType | None) -> None:
    """End with a failure: a worker that could not start asks for it."""
    sys.exit(1)


service = Perennial
