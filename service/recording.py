"""What was answered is written first, or not answered: as declared."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapters.clock import clock
from adapters.events.log import CannotRecordError, EventLog
from lifecycle.serving import problem
from lifecycle.serving.contract import Contract
from lifecycle.serving.declaration import Events
from lifecycle.serving.events import Mask, Truth, label_lines, prediction_lines
from lifecycle.serving.inputs import Answers
from lifecycle.serving.outcomes import Outcome, UnitMask, outcome_lines
from service.assigning import Asked
from service.metrics import Metrics
from service.refusals import Refused

CHECK_EVERY = 2.0
"""Seconds after which a full disk, or a folder that has gone, is noticed without any request."""


class Recorder:
    """The logs of predictions, labels and outcomes of one process.

    Parameters
    ----------
    folder
        Where they lie; `None`: nothing is kept.
    mask
        What is kept of personal values.
    unit_mask
        What is kept of the names of units; `None`: outcomes are told of requests only.
    """

    def __init__(
        self,
        folder: Path | None,
        settings: Events,
        *,
        contract: Contract,
        version: str,
        mask: Mask,
        metrics: Metrics,
        unit_mask: UnitMask | None = None,
    ) -> None:
        self._contract, self._version, self._metrics = contract, version, metrics
        self._serves_anyway = settings.on_failure == "serve"
        self._mask, self._unit_mask = mask, unit_mask
        self._now = clock()
        self._logs = {
            name: EventLog(folder, settings, name=name)
            for name in ("predictions", "labels", "outcomes")
            if folder is not None
        }

    @property
    def is_on(self) -> bool:
        """Whether anything is kept."""
        return bool(self._logs)

    def faults(self) -> tuple[str, ...]:
        """Say why events cannot be written, without any path; empty if they can."""
        reasons = (log.state.reason for log in self._logs.values())
        return tuple(dict.fromkeys(reason for reason in reasons if reason))

    def write_predictions(
        self, rows: Sequence[Mapping[str, Any]], answers: Answers, asked: Asked
    ) -> None:
        """Write what is about to be answered.

        Raises
        ------
        Refused
            503 if it cannot be written, and it is declared that then nothing is answered.
        """
        if not self._logs:
            return
        lines = prediction_lines(
            request_id=asked.id,
            at=self._now(),
            version=self._version,
            by=asked.by,
            rows=rows,
            answers=answers,
            contract=self._contract,
            mask=self._mask,
            unit=asked.unit,
            arm=asked.arm,
        )
        self._write("predictions", lines, len(rows), serves_anyway=self._serves_anyway)

    def write_labels(self, truths: Sequence[Truth], *, request_id: str, by: str | None) -> None:
        """Write truths that were told.

        Raises
        ------
        Refused
            503 if they cannot be written: to accept a label and lose it helps nobody.
        """
        self._require_logs("labels")
        lines = label_lines(
            request_id=request_id, at=self._now(), by=by, truths=truths, mask=self._mask
        )
        self._write("labels", lines, len(truths), serves_anyway=False)

    def write_outcomes(
        self, outcomes: Sequence[Outcome], *, request_id: str, by: str | None
    ) -> None:
        """Write outcomes that were told.

        Raises
        ------
        Refused
            503 if they cannot be written, as with labels.
        """
        self._require_logs("outcomes")
        lines = outcome_lines(
            request_id=request_id, at=self._now(), by=by, outcomes=outcomes, mask=self._unit_mask
        )
        self._write("outcomes", lines, len(outcomes), serves_anyway=False)

    def _require_logs(self, name: str) -> None:
        if not self._logs:
            raise Refused(problem.CANNOT_RECORD, f"This service keeps no events, so no {name}.")

    def _write(self, name: str, lines: bytes, count: int, *, serves_anyway: bool) -> None:
        try:
            self._logs[name].write(lines)
        except CannotRecordError:  # the log itself has said why, where operators read
            self._metrics.recorded("failed", count)
            if not serves_anyway:
                raise Refused(
                    problem.CANNOT_RECORD,
                    "It cannot be written down at present, and what is not written is not "
                    "answered. Come again.",
                ) from None
            self._metrics.recorded("lost", count)
        else:
            self._metrics.recorded("written", count)

    def check(self) -> None:
        """Look after the logs; to be called every few seconds."""
        for log in self._logs.values():
            log.check()
            log.rotate_if_due()

    def close(self) -> None:
        """Finish the files."""
        for log in self._logs.values():
            log.close()
