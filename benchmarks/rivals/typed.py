"""BentoML as its tutorials write it, with the same graph behind a typed route."""

import os
from pathlib import Path
from typing import Any

import bentoml

from adapters.inference.engine import Engine
from lifecycle.serving.reading import Reader


@bentoml.service(traffic={"timeout": 10})
class Typed:
    def __init__(self) -> None:
        import msgspec

        self.encode = msgspec.json.encode
        self.engine = Engine.load(Path(os.environ["PERENNIAL_PACKAGE"]))
        self.reader = Reader(self.engine.contract, self.engine.manifest.layout, most_rows=10_000)

    @bentoml.api
    def predict(self, row: dict[str, Any]) -> dict[str, Any]:
        answers = self.engine.score(self.reader.read(self.encode(row)).inputs)
        return {"score": answers.scores[0].tolist()}
