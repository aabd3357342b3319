"""Two versions side by side: what they answer about a row, and how their answers compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from adapters.inference.engine import Engine
from lifecycle.errors import PerennialError
from lifecycle.serving.contract import Contract
from lifecycle.serving.faults import Faults, NotJson
from lifecycle.serving.live import Live
from lifecycle.serving.reading import Reader
from lifecycle.task import Task

PACKAGE = "src/package"
"""Where a Bento has the package of its version."""


class NotToldError(PerennialError):
    """Evidence that cannot be taken, and why, in a sentence."""


class Answer(NamedTuple):
    """What a version answered about a row: as it stands in the event log."""

    score: float | dict[str, float]
    decision: str | None


class Pair(NamedTuple):
    """What both answered about a row.

    Parameters
    ----------
    champion, challenger
        Scores; of several classes, that of the class each decided for.
    difference
        The challenger's less the champion's score; of several classes, of the class the champion
        decided for.
    decided, decides
        What the champion and the challenger decided.
    """

    champion: float
    challenger: float
    difference: float
    decided: str | None
    decides: str | None


class Side:
    """One version that can be asked here, from its package, without the service that runs.

    Parameters
    ----------
    live
        What it runs as, which tells where its package lies.
    state
        The state folder.

    Raises
    ------
    PerennialError
        If its package is not there, or is not the one that was packaged.
    """

    def __init__(self, live: Live, state: Path) -> None:
        name, _, tag = live.bento.partition(":")
        folder = state / "bentoml" / "bentos" / name / tag / PACKAGE
        self.version = live.version
        self._engine = Engine.load(folder, manifest_sha256=live.manifest)
        self.contract = self._engine.contract
        self.personal = self._engine.manifest.serving.events.personal
        self._features = tuple(field.name for field in self.contract.features)
        asked = self.contract.model_copy(update={"fields": self.contract.features})
        self._reader = Reader(asked, self._engine.manifest.layout, most_rows=2**31)

    @property
    def masked(self) -> frozenset[str]:
        """The columns of which the log does not hold what was sent."""
        return frozenset(field.name for field in self.contract.fields if field.personal)

    def answer(self, rows: Sequence[bytes]) -> list[Answer | None]:
        """Answer for rows as they lie in the log; `None` where it would refuse one.

        Columns it does not read are nothing to it.
        """
        asked = [self._asked(row) for row in rows]
        if not asked:
            return []
        try:
            return [*self._answer(asked)]
        except Faults:
            return [self._alone(row) for row in asked]

    def refusal(self, row: bytes) -> str:
        """Say why it would refuse a row, without the final stop; empty where it would not."""
        try:
            self._reader.read(_body([self._asked(row)]))
        except (Faults, NotJson) as fault:
            return str(fault).rstrip(".")
        return ""

    def _asked(self, row: bytes) -> dict[str, Any]:
        sent = msgspec.json.decode(row, type=dict[str, Any])
        return {name: sent[name] for name in self._features if name in sent}

    def _answer(self, rows: list[dict[str, Any]]) -> list[Answer]:
        found = self._engine.score(self._reader.read(_body(rows)).inputs)
        scores: list[Any] = found.scores.tolist()
        classes = self.contract.classes
        if self.contract.task is Task.MULTICLASS:
            scores = [dict(zip(classes, shares, strict=True)) for shares in scores]
        if found.decisions is None:
            return [Answer(score, None) for score in scores]
        decided = [classes[index] for index in found.decisions.tolist()]
        return [Answer(*both) for both in zip(scores, decided, strict=True)]

    def _alone(self, row: dict[str, Any]) -> Answer | None:
        try:
            return self._answer([row])[0]
        except Faults:
            return None


@dataclass(frozen=True)
class Sides:
    """Champion and challenger.

    Raises
    ------
    NotToldError
        If they do not answer the same question.
    """

    champion: Side
    challenger: Side

    def __post_init__(self) -> None:
        mine, theirs = self.champion.contract, self.challenger.contract
        if mine.task is not theirs.task:
            raise NotToldError(
                f"Version {self.champion.version} does {mine.task.value} and version "
                f"{self.challenger.version} {theirs.task.value}, so that their answers cannot be "
                "compared."
            )
        if mine.task is Task.BINARY and {*mine.classes} != {*theirs.classes}:
            raise NotToldError(
                f"Version {self.champion.version} tells {' and '.join(mine.classes)} apart, and "
                f"version {self.challenger.version} {' and '.join(theirs.classes)}, so that their "
                "answers cannot be compared."
            )

    @property
    def task(self) -> Task:
        """What both do."""
        return self.champion.contract.task

    @property
    def contract(self) -> Contract:
        """The champion's contract, with what only the challenger's knows besides."""
        mine, theirs = self.champion.contract, self.challenger.contract
        known = {field.name for field in mine.fields}
        more = tuple(field for field in theirs.fields if field.name not in known)
        return mine.model_copy(update={"classes": self.classes, "fields": (*mine.fields, *more)})

    @property
    def classes(self) -> tuple[str, ...]:
        """The champion's classes, then those only the challenger knows."""
        return tuple(
            dict.fromkeys((*self.champion.contract.classes, *self.challenger.contract.classes))
        )

    def of(self, version: str) -> Side | None:
        """Give the side of a version; `None` for any other version."""
        known = {self.champion.version: self.champion, self.challenger.version: self.challenger}
        return known.get(version)

    def other(self, version: str) -> Side:
        """Give the side that did not answer."""
        return self.challenger if version == self.champion.version else self.champion

    def alike(self, answer: Answer, version: str) -> Answer:
        """Give a version's score the meaning the champion's has: that of the same class."""
        side, own = self.of(version), self.champion.contract.classes
        is_other_way = (
            self.task is Task.BINARY and side is not None and side.contract.classes != own
        )
        if is_other_way and isinstance(answer.score, float):
            return answer._replace(score=1 - answer.score)
        return answer

    def score(self, answer: Answer, version: str) -> float:
        """Give the score of an answer; of several classes, that of the decided one."""
        score = self.alike(answer, version).score
        return score.get(answer.decision or "", 0.0) if isinstance(score, dict) else float(score)

    def pair(self, champion: Answer, challenger: Answer) -> Pair:
        """Put both answers about a row side by side."""
        mine = self.score(champion, self.champion.version)
        theirs = self.score(challenger, self.challenger.version)
        same = theirs
        if isinstance(challenger.score, dict):
            same = challenger.score.get(champion.decision or "", 0.0)
        return Pair(mine, theirs, same - mine, champion.decision, challenger.decision)

    def require_plain(self) -> None:
        """Refuse to compute answers from a log in which what a model reads is masked.

        Raises
        ------
        NotToldError
            Naming the columns, and what to do.
        """
        masked = self.champion.masked | self.challenger.masked
        read = {
            field.name
            for side in (self.champion, self.challenger)
            for field in side.contract.features
        }
        hidden = sorted(masked & read)
        if hidden:
            named = ", ".join(f'"{name}"' for name in hidden)
            raise NotToldError(
                f"{named} {'is' if len(hidden) == 1 else 'are'} personal and masked in the event "
                "log, so the other version's answer to a logged row cannot be computed. Compare "
                "the versions with `strategy: shadow`, where both see every request, or do not "
                "ask for it: release.evidence.agreement: null."
            )


def _body(rows: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode(rows)
