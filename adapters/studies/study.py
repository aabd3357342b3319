"""Optuna's door: proposes configurations, remembers finished trials across a kill, prunes gently.

Everything else of a search knows trials as `TrialRecord`s only.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import PercentilePruner
from optuna.samplers import TPESampler
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, TrialState

from lifecycle.modeling.declaration import FamilyName
from lifecycle.modeling.families.family import Params
from lifecycle.modeling.trials import TrialRecord

GUESSES = 8
"""Trials before TPE models what it saw, and before anything is pruned."""

ENDS = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "stopped": TrialState.FAIL,
}

optuna.logging.set_verbosity(optuna.logging.ERROR)


@dataclass(frozen=True)
class Proposal:
    """A trial Optuna has begun; its parameters carry the family's name, so families do not mix.

    Fulfils `lifecycle.ports.Trial`.
    """

    trial: optuna.Trial
    family: FamilyName

    @property
    def number(self) -> int:
        """The trial's place in the study."""
        return int(self.trial.number)

    def suggest_float(self, name: str, low: float, high: float, *, log: bool = False) -> float:
        """Propose a number in [low, high]."""
        return float(self.trial.suggest_float(self._full(name), low, high, log=log))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool = False) -> int:
        """Propose an integer in [low, high]."""
        return int(self.trial.suggest_int(self._full(name), low, high, log=log))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Propose one of the choices."""
        return self.trial.suggest_categorical(self._full(name), choices)

    def is_hopeless(self, fold: int, mean: float) -> bool:
        """Note the mean loss so far, and say whether it is far behind other trials."""
        self.trial.report(mean, fold)
        return bool(self.trial.should_prune())

    def _full(self, name: str) -> str:
        return f"{self.family}.{name}"


class Study:
    """The trials of one search, in a file if one is given.

    Parameters
    ----------
    storage
        The file; without one, everything is forgotten in the end.
    name
        Names the search inside the file.
    """

    def __init__(self, storage: Path | None, name: str, seed: int) -> None:
        backend: BaseStorage = InMemoryStorage()
        if storage is not None:
            storage.parent.mkdir(parents=True, exist_ok=True)
            backend = JournalStorage(JournalFileBackend(str(storage)))
        # The better three quarters on a fold always go on to the next: pruning lost the best
        # trial when it was stricter.
        pruner = PercentilePruner(75.0, n_startup_trials=GUESSES)
        self._seed = seed
        self._study = optuna.create_study(
            study_name=name, storage=backend, pruner=pruner, load_if_exists=True
        )
        for trial in self._study.get_trials(states=(TrialState.RUNNING,)):
            # An earlier process was killed in the middle of it; it will be proposed again.
            self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)

    def recall(self, name: str) -> Any:
        """Give what was noted under a name; nothing noted is `None`."""
        return self._study.user_attrs.get(name)

    def note(self, name: str, value: Any) -> None:
        """Note something for a process that goes on with this search."""
        self._study.set_user_attr(name, value)

    def records(self) -> list[TrialRecord]:
        """Give all trials that came to an end, those of earlier processes included."""
        trials = self._study.get_trials(deepcopy=False)
        told = (trial for trial in trials if trial.state.is_finished())
        return [_record(trial) for trial in told if "end" in trial.user_attrs]

    def ask(self, family: FamilyName, start: Params | None, done: int) -> Proposal:
        """Let Optuna begin a trial of a family.

        Parameters
        ----------
        start
            The configuration to try, if it is not Optuna's to choose.
        done
            How many trials are finished: a search that was killed proposes what it would
            have proposed, because its draws depend on this and the seed only.
        """
        self._study.sampler = _sampler(self._seed, done)
        if start is not None and not self._study.get_trials(states=(TrialState.WAITING,)):
            self._study.enqueue_trial({f"{family}.{key}": value for key, value in start.items()})
        return Proposal(self._study.ask(), family)

    def tell(self, proposal: Proposal, record: TrialRecord) -> None:
        """Remember how a trial ended."""
        found = record.model_dump(mode="json", exclude={"number", "loss"})
        proposal.trial.set_user_attr("end", found)
        self._study.tell(proposal.trial, record.loss, state=ENDS[record.state])


def _record(trial: FrozenTrial) -> TrialRecord:
    loss = trial.value if trial.state is TrialState.COMPLETE else None
    return TrialRecord.model_validate(
        {**trial.user_attrs["end"], "number": trial.number, "loss": loss}
    )


def _sampler(seed: int, done: int) -> TPESampler:
    mixed = int(np.random.SeedSequence([seed, done]).generate_state(1)[0])
    with warnings.catch_warnings():
        # `group` keeps the families' parameters apart, and has been experimental for years.
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(seed=mixed, n_startup_trials=GUESSES, multivariate=True, group=True)
