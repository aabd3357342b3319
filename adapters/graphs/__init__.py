"""Candidates written down as ONNX graphs; the only door to `onnx`."""

from adapters.graphs.export import Graphs as Graphs
from adapters.graphs.export import export as export
from adapters.graphs.writer import GraphError as GraphError
from lifecycle.serving.tables import inputs_of as inputs_of
