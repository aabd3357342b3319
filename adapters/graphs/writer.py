"""Writes an ONNX graph down, node by node; the only file that knows ONNX's containers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, checker, helper, numpy_helper

from lifecycle.errors import PerennialError

FLOAT, DOUBLE, INT64, STRING = (
    TensorProto.FLOAT,
    TensorProto.DOUBLE,
    TensorProto.INT64,
    TensorProto.STRING,
)

LEARNING = "ai.onnx.ml"
OPSETS = {"": 20, LEARNING: 5}
"""20 brings `StringConcat`, 5 `TreeEnsemble`, a third of the size of what it replaced."""

IR_VERSION = 10
"""The oldest that goes with these opsets, so that older runtimes read the files too."""

_OF_LEARNING = frozenset({"LabelEncoder", "TreeEnsemble"})


class GraphError(PerennialError):
    """A candidate cannot be written down as a graph."""


@dataclass(frozen=True)
class Output:
    """A tensor that goes out: ``(rows,)``, or ``(rows, columns)``."""

    tensor: str
    kind: int
    columns: tuple[int, ...] = ()


class Writer:
    """One graph in the making: a tensor is known by its name, a node by its output's.

    The same node asked for twice is written once, so that whoever needs an intermediate
    result may simply ask for it.
    """

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: dict[tuple[str, tuple[int, ...], bytes], tuple[str, Any]] = {}
        self._written: dict[tuple[object, ...], str] = {}

    def node(self, kind: str, *inputs: "str | NDArray[Any] | np.generic", **attributes: Any) -> str:
        """Write a node and name its output; what is no name among the inputs is a constant."""
        names = [one if isinstance(one, str) else self.constant(one) for one in inputs]
        of_learning = kind in _OF_LEARNING
        key = (kind, *names, repr(sorted(attributes.items())))
        if not of_learning and key in self._written:
            return self._written[key]
        output = f"{kind}_{len(self._nodes)}"
        domain = LEARNING if of_learning else ""
        self._nodes.append(helper.make_node(kind, names, [output], domain=domain, **attributes))
        if not of_learning:
            self._written[key] = output
        return output

    def constant(self, values: NDArray[Any] | np.generic) -> str:
        """Keep an array or a number of NumPy's in the graph, equal ones once."""
        array = np.asarray(values)
        content = repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
        key = (array.dtype.str, array.shape, content)
        if key not in self._constants:
            name = f"constant_{len(self._constants)}"
            self._constants[key] = (name, numpy_helper.from_array(array, name))
        return self._constants[key][0]

    def write(
        self, inputs: Mapping[str, tuple[int, int]], outputs: Mapping[str, "Output"]
    ) -> bytes:
        """Write the graph as a file's content; the same graph gives the same bytes.

        Parameters
        ----------
        inputs
            Type and number of columns of each input; the number of rows is free.
        outputs
            What goes out, by the name it goes out by.

        Raises
        ------
        GraphError
            If it is no graph by ONNX's own rules.
        """
        self._name_outputs(outputs)
        takes = [
            helper.make_tensor_value_info(name, kind, ["rows", columns])
            for name, (kind, columns) in inputs.items()
        ]
        gives = [
            helper.make_tensor_value_info(name, output.kind, ["rows", *output.columns])
            for name, output in outputs.items()
        ]
        constants = [tensor for _, tensor in self._constants.values()]
        graph = helper.make_graph(self._nodes, "perennial", takes, gives, constants)
        opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS.items()]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="perennial"
        )
        try:
            checker.check_model(model, full_check=True)
        except (checker.ValidationError, onnx.shape_inference.InferenceError) as error:
            raise GraphError(f"What was written down is no ONNX graph: {error}") from error
        return bytes(model.SerializeToString(deterministic=True))

    def _name_outputs(self, outputs: Mapping[str, "Output"]) -> None:
        """Rename what goes out; only a second name for the same takes a node that copies it."""
        names: dict[str, str] = {}
        made = {tensor for node in self._nodes for tensor in node.output}
        for name, output in outputs.items():
            if output.tensor in made and output.tensor not in names:
                names[output.tensor] = name
        copied = [
            helper.make_node("Identity", [output.tensor], [name])
            for name, output in outputs.items()
            if names.get(output.tensor) != name
        ]
        self._nodes += copied
        for node in self._nodes:
            node.input[:] = [names.get(one, one) for one in node.input]
            node.output[:] = [names.get(one, one) for one in node.output]


def pick(writer: Writer, tensor: str, names: Sequence[str], wanted: Sequence[str]) -> str:
    """Take some columns of an input, in the order they are wanted in."""
    if tuple(names) == tuple(wanted):
        return tensor
    places = [list(names).index(name) for name in wanted]
    return writer.node("Gather", tensor, ints(*places), axis=1)


def ints(*values: int) -> NDArray[np.int64]:
    """Make an array of whole numbers, as ONNX wants axes and places.

    Examples
    --------
    >>> ints(1, 2)
    array([1, 2])
    """
    return np.array(values, dtype=np.int64)
