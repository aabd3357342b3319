"""What every declared section and every recorded value has in common."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


class Value(BaseModel):
    """A frozen record; a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Section(Value):
    """A part of a declaration, as a person wrote it."""


_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SIZES = {"d": timedelta(days=1), "h": timedelta(hours=1), "m": timedelta(minutes=1)}


def read_share(value: Any) -> Any:
    """Read `20%` as 0.2; anything else is left for pydantic to judge.

    Examples
    --------
    >>> read_share("20%"), read_share(0.2)
    (0.2, 0.2)
    """
    if isinstance(value, str) and (match := re.fullmatch(r"\s*([\d.]+)\s*%\s*", value)):
        return float(match[1]) / 100
    return value


def read_duration(value: Any) -> Any:
    """Read `90s`, `10m`, `6h`, `7d`, `2w`; anything else is left for pydantic to judge.

    Examples
    --------
    >>> read_duration("6h")
    datetime.timedelta(seconds=21600)
    """
    if isinstance(value, str) and (match := re.fullmatch(r"\s*([\d.]+)\s*([smhdw])\s*", value)):
        return timedelta(**{_UNITS[match[2]]: float(match[1])})
    return value


def write_duration(value: timedelta) -> str:
    """Write a length of time as `read_duration` reads it, in the largest unit it is a multiple of.

    Examples
    --------
    >>> write_duration(timedelta(days=14)), write_duration(timedelta(hours=36))
    ('14d', '36h')
    >>> write_duration(timedelta(milliseconds=1500)), write_duration(timedelta(0))
    ('1.5s', '0s')
    """
    for unit, size in _SIZES.items():
        if value and not value % size:
            return f"{value // size}{unit}"
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


Share = Annotated[float, BeforeValidator(read_share), Field(ge=0, le=1)]
"""A part of a whole, in [0, 1]; may be written as `20%`."""

Amount = Annotated[float, BeforeValidator(read_share)]
"""A number that often is a part of a whole, and need not be: `0.01`, `1%`, `12.5`."""

Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    PlainSerializer(write_duration, return_type=str),
]
"""A length of time; written as `90s`, `10m`, `6h`, `7d` or `2w`."""
