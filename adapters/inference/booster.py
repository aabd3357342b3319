"""The only door to libxgboost: trees answer for many rows at once, by its C interface.

The Python package `xgboost` is not imported: it wants SciPy, takes a second and a half to
import, and none of it is needed to ask a finished booster.
"""

import ctypes
import json
import re
import weakref
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifecycle.errors import PerennialError

LIBRARY = "lib/libxgboost.so"

_QUESTION = b"""{"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0,
    "strict_shape": true, "cache_id": 0, "missing": NaN}"""
"""Type 1 asks for margins, and an end of 0 for all rounds."""

_ReturnsText = ctypes.c_char_p
_Long = ctypes.c_uint64


class BoosterError(PerennialError):
    """Trees cannot be loaded or asked."""


class Booster:
    """A finished booster.

    Parameters
    ----------
    columns
        How many columns its rows have.

    Attributes
    ----------
    outputs
        How many margins a row gets: one, or one for each of several classes.
    """

    def __init__(self, handle: ctypes.c_void_p, columns: int) -> None:
        self._handle, self.columns = handle, columns
        weakref.finalize(self, _library().XGBoosterFree, handle)
        self.outputs = 1
        self.outputs = self.margins(np.full((1, columns), np.nan, dtype=np.float32)).shape[1]

    @classmethod
    def load(cls, content: bytes, threads: int = 1) -> "Booster":
        """Read a booster as XGBoost saves it, in UBJ or JSON.

        Parameters
        ----------
        threads
            How many threads answer.

        Raises
        ------
        BoosterError
            If the content is no booster, or the library is not there.
        """
        if len(content) < 2:  # the library ends the whole process over an empty buffer
            raise BoosterError("A booster cannot be read: its file is empty.")
        library, handle = _library(), ctypes.c_void_p()
        _require(library.XGBoosterCreate(None, _Long(0), ctypes.byref(handle)), "made")
        size, columns = _Long(len(content)), _Long()
        try:
            _require(library.XGBoosterLoadModelFromBuffer(handle, content, size), "read")
            count = str(threads).encode()
            _require(library.XGBoosterSetParam(handle, b"nthread", count), "set up")
            _require(library.XGBoosterGetNumFeature(handle, ctypes.byref(columns)), "read")
        except BoosterError:
            library.XGBoosterFree(handle)
            raise
        return cls(handle, columns.value)

    def margins(self, matrix: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sum up the trees for rows, the base score included.

        Parameters
        ----------
        matrix
            Shape ``(rows, columns)``; NaN is missing.

        Returns
        -------
        margins
            Shape ``(rows, outputs)``.

        Raises
        ------
        BoosterError
            If the matrix is not as wide as the rows the booster was fitted on.
        """
        if matrix.ndim != 2 or matrix.shape[1] != self.columns:
            raise BoosterError(
                f"The booster reads rows of {self.columns} columns, and was given an array of "
                f"shape {matrix.shape}. Its features and its trees are of different versions: "
                "package the version again."
            )
        if len(matrix) == 0:
            return np.empty((0, self.outputs), dtype=np.float32)
        rows = np.ascontiguousarray(matrix, dtype=np.float32)
        shape, dimensions = ctypes.POINTER(_Long)(), _Long()
        result = ctypes.POINTER(ctypes.c_float)()
        status = _library().XGBoosterPredictFromDense(
            self._handle,
            _describe(rows),
            _QUESTION,
            None,
            ctypes.byref(shape),
            ctypes.byref(dimensions),
            ctypes.byref(result),
        )
        _require(status, "asked")
        sizes = tuple(shape[place] for place in range(dimensions.value))
        # The buffer is the library's own and holds until the next question only.
        return np.ctypeslib.as_array(result, sizes).reshape(len(rows), -1).copy()


def _describe(rows: NDArray[np.float32]) -> bytes:
    interface = dict(rows.__array_interface__)
    interface.pop("descr", None)
    interface["strides"] = None
    return json.dumps(interface).encode()


@cache
def _library() -> ctypes.CDLL:
    place = find_spec("xgboost")
    folders = () if place is None else tuple(place.submodule_search_locations or ())
    for folder in folders:
        if (Path(folder) / LIBRARY).is_file():
            library = ctypes.CDLL(str(Path(folder) / LIBRARY))
            library.XGBGetLastError.restype = _ReturnsText
            _require_of(library, library.XGBSetGlobalConfig(b'{"verbosity": 0}'), "set up")
            return library
    raise BoosterError(
        f"There is no {LIBRARY} beside the Python of this process (looked in: "
        f"{', '.join(folders) or 'no folder, xgboost is not installed'}). "
        "Many rows at once need it: install xgboost-cpu."
    )


def _require(status: int, done: str) -> None:
    _require_of(_library(), status, done)


def _require_of(library: Any, status: int, done: str) -> None:
    if status != 0:
        said = library.XGBGetLastError().decode(errors="replace").strip() or "no reason given"
        reason = re.sub(r"^\[[\d:]+\] \S+: ", "", said.splitlines()[0])
        raise BoosterError(
            f"A booster cannot be {done}: {reason}. Package the version again with the xgboost "
            "that serves it."
        )
