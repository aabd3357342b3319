"""What a packaged version is: its parts, their hashes, and where it came from."""

from typing import Literal

from lifecycle.section import Value
from lifecycle.serving.contract import Layout
from lifecycle.serving.declaration import Serving
from lifecycle.task import Task

MANIFEST = "manifest.json"
CONTRACT = "contract.json"
ROW = "row.onnx"
"""From raw row to score and decision, the whole model; see `Package` in docs/architecture.md."""
FEATURES = "features.onnx"
"""From raw row to the matrices the members read."""
FINISH = "finish.onnx"
"""From the members' margins to score and decision."""
REASONS = "reasons.npz"
CARD = "model_card.md"


class Part(Value):
    """One member of the served model.

    Parameters
    ----------
    view
        Which matrix of `features.onnx` it reads.
    booster
        The file of its booster in XGBoost's UBJ; `None` for a linear member, whose weights
        are in the graphs.
    """

    family: str
    view: Literal["trees", "linear"]
    weight: float
    booster: str | None = None


class Manifest(Value):
    """A packaged version.

    Parameters
    ----------
    candidate, data
        Fingerprints of the model and of the rows it was trained and tested on.
    commit, dirty
        Commit of the code it was trained with, and whether files differed from it.
    trained
        When its training began, in ISO 8601.
    files
        SHA-256 of every other file of the package, by name.
    """

    format: Literal[1] = 1
    project: str
    version: str
    label: str
    task: Task
    classes: tuple[str, ...] = ()
    threshold: float | None = None
    candidate: str = ""
    data: str = ""
    commit: str | None = None
    dirty: bool | None = None
    trained: str = ""
    layout: Layout
    parts: tuple[Part, ...]
    serving: Serving = Serving()
    files: dict[str, str]

    @property
    def outputs(self) -> int:
        """How many margins each member gives: one for each of several classes, else one."""
        return len(self.classes) if self.task is Task.MULTICLASS else 1
