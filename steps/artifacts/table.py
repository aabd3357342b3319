"""Tables between steps: Arrow files, mapped into memory where the store is local."""

from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
from zenml.enums import ArtifactType
from zenml.materializers.base_materializer import BaseMaterializer

from lifecycle.fingerprint import table_fingerprint
from steps.artifacts.folders import fetched, stored

_NAME = "table.arrow"


class TableMaterializer(BaseMaterializer):
    """Keeps a `pyarrow.Table` as an Arrow IPC file, with the hash of its content.

    Uncompressed on a local store, so that reading is a memory map; zstd elsewhere, where the
    network is slower than the compression.
    """

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (pa.Table,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: pa.Table) -> None:
        """Write the table."""
        compression = None if "://" not in self.uri else "zstd"
        with stored(self.artifact_store, self.uri) as folder:
            write(data, folder / _NAME, compression=compression)

    def load(self, data_type: type[Any]) -> pa.Table:
        """Read the table back."""
        with fetched(self.artifact_store, self.uri) as folder:
            return read(folder / _NAME)

    def compute_content_hash(self, data: pa.Table) -> str | None:
        """Give the hash of the content, so that equal tables leave later steps cached."""
        return table_fingerprint(data)


def write(table: pa.Table, path: Path, *, compression: str | None) -> None:
    """Write a table to an Arrow IPC file."""
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_file(sink, table.schema, options=options) as out,
    ):
        out.write_table(table)


def read(path: Path) -> pa.Table:
    """Read an Arrow IPC file through a memory map, which outlives the file's name."""
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
