"""The `retraining` section: when a successor is trained, on what, and who says yes."""

from typing import Literal, Self

from pydantic import Field, model_validator

from lifecycle.section import Duration, Section, Share

Trigger = Literal["drift", "concept", "schedule", "new_data"]


class Budget(Section):
    """How much retraining may cost: at most `runs` in any stretch `per`."""

    runs: int = Field(default=8, ge=1)
    per: Duration = Field(default="30d", validate_default=True)


class Retraining(Section):
    """When a successor is trained, on what, and who says yes.

    Parameters
    ----------
    when
        What may be a reason besides being asked for by hand. `drift`: the rows or the scores
        have moved; `concept`: the answers have become worse; `schedule`: `every` has passed
        since the version was trained; `new_data`: `new_rows` labels have come since.
    after
        In how many windows running drift or concept has to be found.
    window
        The rows that are trained on: `all` there are, the last of them (`90d`), or `evidence`:
        whichever of `windows` does best on the newest rows. They end now: `data.window.to` is
        the end of a training by hand.
    windows
        What `evidence` chooses from.
    test
        The newest rows, on which champion and challenger are judged: a length of time, or a
        share. Neither has seen them.
    cooldown
        How long after a retraining there is no other. It doubles with each one that did not
        win, until one does.
    min_labels
        How many labels must have come since the last retraining.
    approval
        `automatic`: what passes its gates is deployed; `manual`: it waits for
        `run.py approve`.
    approve_within
        How long it waits; what was measured of it has grown old by then.
    """

    when: tuple[Trigger, ...] = ("drift", "concept")
    every: Duration | None = None
    new_rows: int = Field(default=50_000, ge=1)
    after: int = Field(default=1, ge=1)
    window: Literal["all", "evidence"] | Duration = "all"
    windows: tuple[Literal["all"] | Duration, ...] = Field(
        default=("all", "90d"), validate_default=True, min_length=2
    )
    test: Share | Duration = Field(default="14d", validate_default=True)
    cooldown: Duration = Field(default="7d", validate_default=True)
    min_labels: int = Field(default=1_000, ge=0)
    budget: Budget = Budget()
    approval: Literal["automatic", "manual"] = "manual"
    approve_within: Duration = Field(default="30d", validate_default=True)

    @model_validator(mode="after")
    def _schedule_says_how_often(self) -> Self:
        if "schedule" in self.when and self.every is None:
            raise ValueError("`when` names schedule: declare `every`, such as 30d, or take it out")
        return self
