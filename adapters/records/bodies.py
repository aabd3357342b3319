"""Values as text and back: nothing is lost on the way, not even what is no number."""

import json
import zlib
from typing import Any, TypeVar

from pydantic import BaseModel

ValueType = TypeVar("ValueType", bound=BaseModel)


def dumps(value: BaseModel, *, leave_out: set[str] | None = None) -> str:
    """Write a value down. What pydantic writes itself would make `null` of a NaN."""
    return json.dumps(value.model_dump(mode="json", exclude=leave_out), separators=(",", ":"))


def loads(kind: type[ValueType], text: str, **more: Any) -> ValueType:
    """Read a value back; `more` are fields that are kept elsewhere."""
    if not more:
        return kind.model_validate_json(text)
    return kind.model_validate({**json.loads(text), **more})


def pack(text: str) -> bytes:
    """Make a long text short: 200 kB of figures become about 40."""
    return zlib.compress(text.encode(), level=3)


def unpack(packed: bytes) -> str:
    """Give the text back."""
    return zlib.decompress(packed).decode()
