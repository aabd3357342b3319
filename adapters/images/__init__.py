"""The serving image: built from a Bento, run by a Docker engine."""

from adapters.images.container import Container, State, logs, start, started, status, stop
from adapters.images.engine import Engine, ImageError, NoEngine, engine
from adapters.images.foundation import Foundation, foundation_of
from adapters.images.image import Built, build, labels_of, remove_image

__all__ = [
    "Built",
    "Container",
    "Engine",
    "Foundation",
    "ImageError",
    "NoEngine",
    "State",
    "build",
    "engine",
    "foundation_of",
    "labels_of",
    "logs",
    "remove_image",
    "start",
    "started",
    "status",
    "stop",
]
