"""The `about` section: what a stranger must know, for the model card."""

from typing import Any

from pydantic import Field, field_validator

from lifecycle.section import Section


class About(Section):
    """What the model is for, in words that go onto the model card.

    Parameters
    ----------
    question
        What is predicted, as a question about one row.
    decision
        What somebody does differently because of the answer.
    owner
        Who answers for the model: a team or a person.
    caveats
        What the model must not be used for, or is known to get wrong.
    """

    question: str = Field(min_length=1)
    decision: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    caveats: tuple[str, ...] = ()

    @field_validator("caveats", mode="before")
    @classmethod
    def _read_one(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value
