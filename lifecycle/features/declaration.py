"""The `features` section: what the model is shown of each column."""

from typing import Literal

from pydantic import Field, field_validator

from lifecycle.section import Section

CalendarPart = Literal["year", "month", "day_of_year", "day_of_month", "day_of_week", "hour"]


class Features(Section):
    """How columns become numbers; by default chosen from their types.

    Parameters
    ----------
    calendar
        Which parts of time columns the model sees: a list of parts, `none`, or `auto`: the
        parts whose cycle the training rows cover at least once (an hour of the day needs a
        day of rows, a month of the year a year of them), because what lies outside of what
        was seen can only be guessed.
    crosses
        Pairs of columns whose combinations are treated as one category.
    one_hot
        Categories with at most this many values get a column for each value in linear
        models; those with more are encoded by what the label was there (target encoding).
        Trees do so from `one_hot_trees` values on.
    rare
        A value seen in fewer rows than this shares one encoding with all other rare values
        and with those never seen. Applies to target encoding.
    selection
        `auto` leaves out features that do not help on the folds; `none` keeps all.
    """

    calendar: Literal["auto", "none"] | tuple[CalendarPart, ...] = "auto"
    crosses: tuple[tuple[str, str], ...] = ()
    one_hot: int = Field(default=40, ge=2)
    one_hot_trees: int = Field(default=4, ge=2)
    rare: int = Field(default=5, ge=1)
    selection: Literal["auto", "none"] = "auto"

    @field_validator("crosses")
    @classmethod
    def _refuse_self_crosses(
        cls, crosses: tuple[tuple[str, str], ...]
    ) -> tuple[tuple[str, str], ...]:
        for left, right in crosses:
            if left == right:
                raise ValueError(f"{left} is crossed with itself; name two different columns")
        return crosses
