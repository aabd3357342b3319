"""Keeps what the best trials answered on the folds, so that no resumed search repeats them."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lifecycle.modeling.trials import TrialRecord
from lifecycle.modeling.workbench import Tried


@dataclass
class Answers:
    """The out-of-fold scores of a few trials, by their numbers.

    Parameters
    ----------
    folder
        Where they outlive the process; without one they do not.
    """

    folder: Path | None
    _tried: dict[int, Tried] = field(default_factory=dict)

    def keep(self, number: int, tried: Tried) -> None:
        """Keep the scores of a trial."""
        self._tried[number] = tried
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        written = self.folder / f"{number}.part"
        with written.open("wb") as file:
            np.save(file, tried.scores)
        written.replace(self._path(self.folder, number))

    def recall(self, record: TrialRecord) -> Tried | None:
        """Give what a trial answered, if it was kept."""
        known = self._tried.get(record.number)
        if known is not None or self.folder is None:
            return known
        try:
            scores = np.load(self._path(self.folder, record.number), allow_pickle=False)
        except (OSError, ValueError):  # never kept, or only a part of it was written
            return None
        return Tried(record.fold_losses, record.rounds, scores)

    def forget_all_but(self, numbers: set[int]) -> None:
        """Let go of the trials that can no longer be part of the winner."""
        self._tried = {number: one for number, one in self._tried.items() if number in numbers}
        if self.folder is not None and self.folder.is_dir():
            for file in self.folder.glob("*.npy"):
                if int(file.stem) not in numbers:
                    file.unlink(missing_ok=True)

    @staticmethod
    def _path(folder: Path, number: int) -> Path:
        return folder / f"{number}.npy"
