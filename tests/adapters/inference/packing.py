"""Packages small candidates the way a deployment does."""

from pathlib import Path

import pyarrow as pa

from adapters.graphs.export import export
from adapters.inference.package import write_package
from adapters.inference.reasons import reasons_file
from lifecycle.modeling.candidate import Candidate
from lifecycle.serving.contract import Contract, Field
from lifecycle.serving.manifest import CONTRACT, REASONS, Manifest


def a_contract(candidate: Candidate, table: pa.Table) -> Contract:
    """A contract in which the first row is the typical one."""
    fields = []
    for name, column in candidate.state.schema_.root.items():
        value = table[name][0].as_py()
        typical = value.isoformat() if hasattr(value, "isoformat") else value
        use = "feature" if name in candidate.columns else "recorded"
        fields.append(Field(name=name, type=column.type, typical=typical, use=use))
    return Contract(project="p", label="y", task=candidate.task, fields=tuple(fields))


def pack(candidate: Candidate, table: pa.Table, folder: Path) -> str:
    """Write a package; give its digest."""
    graphs, contract = export(candidate), a_contract(candidate, table)
    manifest = Manifest(
        project="p",
        version="1",
        label="y",
        task=candidate.task,
        classes=candidate.classes,
        threshold=candidate.threshold,
        layout=graphs.layout,
        parts=graphs.parts,
        files={},
    )
    files = {
        **graphs.files,
        CONTRACT: contract.model_dump_json().encode(),
        REASONS: reasons_file(candidate, contract, graphs.layout),
    }
    return write_package(folder, manifest, files)
