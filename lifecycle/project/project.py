"""A project: everything one declaration holds, gathered from the rooms that obey it."""

from pydantic import ConfigDict, Field, model_validator

from lifecycle.data.declaration import Data, RandomSplit, Schema, Split
from lifecycle.data.rules import Checks
from lifecycle.evaluation.declaration import EvaluationSettings
from lifecycle.evaluation.gates import Gates
from lifecycle.features.declaration import Features
from lifecycle.modeling.declaration import Search
from lifecycle.monitoring.declaration import Monitoring
from lifecycle.project.about import About
from lifecycle.release.declaration import Releasing
from lifecycle.retraining.declaration import Retraining
from lifecycle.section import Section
from lifecycle.serving.declaration import Serving


class Project(Section):
    """What is predicted from which tables, and what a good model is.

    Parameters
    ----------
    name
        What its versions are registered under: a letter, then letters, digits, `-` or `_`.
    columns
        Declared as `schema`: the columns of the query's result. What is not declared is taken
        as it is found.
    checks
        Limits of what is asked of the data before a model learns from it.
    split
        By default by time where `data.time` is declared, else by the hash of the key.
    gates
        Rules a version must pass before it may be champion; none declared: none is asked.
    serving
        How a version answers once it is deployed.
    release
        How live traffic moves to a new version.
    monitoring
        What is watched while it answers.
    retraining
        When a successor is trained.
    """

    model_config = ConfigDict(populate_by_name=True)

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")
    about: About
    data: Data
    columns: Schema = Field(default=Schema(), alias="schema")
    checks: Checks = Checks()
    split: Split = RandomSplit(by="random")
    features: Features = Features()
    search: Search = Search()
    evaluation: EvaluationSettings = EvaluationSettings()
    gates: Gates = Gates()
    serving: Serving = Serving()
    release: Releasing = Releasing()
    monitoring: Monitoring = Monitoring()
    retraining: Retraining = Retraining()

    @model_validator(mode="before")
    @classmethod
    def _split_by_time_where_there_is_time(cls, values: object) -> object:
        if not isinstance(values, dict) or "split" in values:
            return values
        data = values.get("data")
        time = data.get("time") if isinstance(data, dict) else getattr(data, "time", None)
        return {**values, "split": {"by": "time" if time else "random"}}
