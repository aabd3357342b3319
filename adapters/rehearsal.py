"""The smoke test: a running service is asked what the answers are known of."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa

from adapters.events.reading import find
from lifecycle.errors import PerennialError
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.asking import as_answers, as_sent, broken, unexplained
from lifecycle.serving.contract import Contract, Layout
from lifecycle.serving.inputs import Answers
from lifecycle.serving.openapi import MOST_REASONS
from lifecycle.serving.parity import compare
from lifecycle.serving.reading import Reader
from lifecycle.verdict import Outcome, Verdict, Verdicts

SINGLE, TOGETHER = 40, 1_000
"""Rows asked for one by one, which go through the row graph, and at once, through the boosters."""

ROUNDING = 1e-6
"""What reasons may leave unexplained, as a share of what they explain."""

PREFIX = "smoke-"
"""Request ids begin with it, so that nobody takes a rehearsal for the day itself."""


@dataclass(frozen=True)
class Rehearsal:
    """A running service, and what it is held against.

    Parameters
    ----------
    url
        Where it listens by itself.
    credentials
        Headers that let us in; empty where everybody may ask.
    events
        Where its answers are kept.
    holdout
        Rows nobody has learnt from.
    """

    url: str
    credentials: Mapping[str, str]
    events: Path
    version: str
    contract: Contract
    layout: Layout
    candidate: Candidate
    holdout: pa.Table

    def judge(self) -> Verdicts:
        """Ask everything a service must do before anybody relies on it."""
        with httpx.Client(base_url=self.url, timeout=30) as client:
            verdicts = [
                _told("ready", lambda: self._ready(client)),
                *self._answers(client),
                _told("reasons", lambda: self._reasons(client)),
                _told("contract", lambda: self._contract(client)),
                _told("strangers", lambda: self._strangers(client)),
                _told("on record", lambda: self._record(client)),
            ]
        return Verdicts(tuple(verdicts))

    @cached_property
    def _rows(self) -> tuple[tuple[int, dict[str, Any]], ...]:
        """Rows of the hold-out that keep the contract, with their places."""
        reader = Reader(self.contract, self.layout, most_rows=1)
        kept = []
        for place, row in enumerate(as_sent(self.holdout, self.contract)):
            try:
                reader.read(json.dumps(row).encode())
            except PerennialError:
                continue
            kept.append((place, row))
            if len(kept) == TOGETHER:
                break
        return tuple(kept)

    def _post(self, client: httpx.Client, body: Any, **params: str) -> httpx.Response:
        headers = {"Content-Type": "application/json", "X-Request-Id": _id(), **self.credentials}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.post("/predict", content=content, headers=headers, params=params)

    def _ready(self, client: httpx.Client) -> str | None:
        answer = client.get("/readyz")
        return None if answer.status_code == 200 else f"/readyz says {answer.status_code}"

    def _answers(self, client: httpx.Client) -> Sequence[Verdict]:
        """Hold answers against the fitted model's own, one by one and many at once."""
        if not self._rows:
            reason = "No row of the hold-out keeps the contract, so nothing could be asked."
            return [Verdict(rule="answers", outcome=Outcome.UNKNOWN, reason=reason)]
        rows = [row for _, row in self._rows]
        try:
            one = [self._predictions(client, row)[0] for row in rows[:SINGLE]]
            many = self._predictions(client, rows)
            answers = {
                "one by one": as_answers(one, self.contract),
                "many at once": as_answers(many, self.contract),
            }
        except (httpx.HTTPError, KeyError, TypeError, ValueError) as error:
            reason = f"The service did not answer as it should: {error!r}."
            return [Verdict(rule="answers", outcome=Outcome.FAIL, reason=reason)]
        table = self.holdout.take([place for place, _ in self._rows])
        return [
            verdict
            for route, found in answers.items()
            for verdict in self._hold(table.slice(0, len(found.scores)), route, found)
        ]

    def _hold(self, table: pa.Table, route: str, found: Answers) -> Sequence[Verdict]:
        scores = self.candidate.score(table)
        decisions = self.candidate.decide(scores)
        parity = compare(scores, decisions, {route: found}, task=self.contract.task, least_rows=1)
        return [*parity.judge()]

    def _predictions(self, client: httpx.Client, body: Any) -> Sequence[Mapping[str, Any]]:
        answer = self._post(client, body)
        if answer.status_code != 200:
            raise ValueError(f"{answer.status_code} {answer.text[:300]}")
        told = answer.json()
        if told["version"] != self.version:
            raise ValueError(f"version {told['version']} answered instead of {self.version}")
        predictions: Sequence[Mapping[str, Any]] = told.get("predictions", [told])
        return predictions

    def _reasons(self, client: httpx.Client) -> str | None:
        if not self._rows:
            return "there is no row to ask with"
        for _, row in self._rows[:SINGLE]:
            told = self._post(client, row, reasons=str(MOST_REASONS)).json()
            # Where some are not told, those that are need not add up.
            if len(told["reasons"]) < MOST_REASONS and (apart := unexplained(told)) > ROUNDING:
                return f"they leave {apart:.2g} of the score unexplained"
            # A row that is answered as the typical one is has none: the next is asked.
            if told["reasons"]:
                return None
        return None

    def _contract(self, client: httpx.Client) -> str | None:
        row = self._rows[0][1] if self._rows else {}
        for what, body in broken(row, self.contract):
            answer = self._post(client, body)
            kind = answer.headers.get("content-type", "")
            if answer.status_code not in (400, 422) or "problem+json" not in kind:
                return f"{what} was answered with {answer.status_code}"
        return None

    def _strangers(self, client: httpx.Client) -> str | None:
        if not self.credentials:
            return None
        row = self._rows[0][1] if self._rows else {}
        answer = client.post("/predict", json=row, headers={"X-Request-Id": _id()})
        if answer.status_code == 401:
            return None
        return f"one without a key was answered with {answer.status_code} instead of 401"

    def _record(self, client: httpx.Client) -> str | None:
        if not self._rows:
            return "there is no row to ask with"
        told = self._post(client, self._rows[0][1]).json()
        events = find(self.events, told["request_id"]).events
        if not events:
            return "an answer was given that is not in the event log"
        return None if events[0]["score"] == told["score"] else "the log holds another score"


def _id() -> str:
    return f"{PREFIX}{time.time_ns():x}"


_GOOD = {
    "ready": "It says that it takes requests.",
    "reasons": "Reasons are given, and add up to the score.",
    "contract": "Bodies that break the contract are refused.",
    "strangers": "Nobody is answered who may not ask.",
    "on record": "What was answered is in the event log.",
}


def _told(rule: str, check: Callable[[], str | None]) -> Verdict:
    """Turn a check into a verdict; one that breaks has failed."""
    try:
        fault = check()
    except (httpx.HTTPError, KeyError, ValueError, PerennialError) as error:
        fault = f"it broke off: {error!r}"
    if fault is None:
        return Verdict(rule=rule, outcome=Outcome.PASS, reason=_GOOD[rule])
    return Verdict(rule=rule, outcome=Outcome.FAIL, reason=f"The running service: {fault}.")
