"""The floor: Starlette, msgspec and the same graph, with nothing else around it."""

import os
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapters.inference.engine import Engine
from lifecycle.serving.reading import Reader

ENGINE = Engine.load(Path(os.environ["PERENNIAL_PACKAGE"]))
READER = Reader(ENGINE.contract, ENGINE.manifest.layout, most_rows=10_000)


async def predict(request: Request) -> Response:
    read = READER.read(await request.body())
    answers = ENGINE.score(read.inputs)
    score = answers.scores[0].tolist()
    return Response(msgspec.json.encode({"score": score}), media_type="application/json")


app = Starlette(routes=[Route("/predict", predict, methods=["POST"])])
