"""Parquet files, and folders of them: scanned when the query asks, not loaded whole."""

import hashlib
import posixpath
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.dataset as ds
from pyarrow import parquet

from adapters.sources.place import Place
from adapters.sources.plain import plain_schema, plain_table
from lifecycle.errors import SourceError
from lifecycle.fingerprint import fingerprint, table_fingerprint

ENDINGS = (".parquet", ".pq", ".parq")
READ_BYTES = 2**20


def read_parquet(place: Place) -> tuple[ds.Dataset | pa.Table, str]:
    """Give a file, or all Parquet files below a folder, and the fingerprint of their content.

    Columns are the union over all files; folders named `key=value` are columns too. Files whose
    names start with `_` or `.` are bookkeeping of other programs and no data.

    Raises
    ------
    SourceError
        If a folder has no Parquet file, a file is damaged, or a column's types cannot be
        brought together.
    """
    try:
        if place.is_on_the_web:
            table = plain_table(parquet.read_table(pa.BufferReader(place.read())))
            return table, table_fingerprint(table)
        paths = _list_data(place)
        dataset = _open(place, paths)
    except (pa.ArrowInvalid, OSError) as error:
        raise SourceError(f"It cannot be read as Parquet ({error}).") from None
    return dataset, fingerprint([_identify(place, path) for path in paths])


def _list_data(place: Place) -> list[str]:
    paths = place.files()
    if not place.is_folder:
        return paths
    paths = [path for path in paths if _is_data(posixpath.relpath(path, place.path))]
    if not paths:
        raise SourceError(f"The folder has no file that ends with {' or '.join(ENDINGS)}.")
    return paths


def _is_data(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return parts[-1].endswith(ENDINGS) and not any(part.startswith(("_", ".")) for part in parts)


def _open(place: Place, paths: Sequence[str]) -> ds.Dataset:
    found = _dataset(place, paths, ds.HivePartitioning.discover())
    schemas = [plain_schema(fragment.physical_schema) for fragment in found.get_fragments()]
    try:
        schema = pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowTypeError as error:
        raise SourceError(f"The files do not agree on a column's type ({error}).") from None
    inside = set(schema.names)
    partitions = [field for field in plain_schema(found.schema) if field.name not in inside]
    everything = pa.schema([*schema, *partitions])
    return _dataset(place, paths, ds.HivePartitioning(pa.schema(partitions)), everything)


def _dataset(
    place: Place,
    paths: Sequence[str],
    partitioning: ds.Partitioning | ds.PartitioningFactory,
    schema: pa.Schema | None = None,
) -> ds.Dataset:
    return ds.dataset(
        list(paths),
        schema=schema,
        format="parquet",
        filesystem=place.filesystem,
        partitioning=partitioning,
        partition_base_dir=place.path if place.is_folder else posixpath.dirname(place.path),
    )


def _identify(place: Place, path: str) -> tuple[str, str]:
    """Name a file of a table, and its content."""
    name = posixpath.relpath(path, place.path)
    if not place.is_local:
        return name, str(place.filesystem.info(path)["ETag"])
    content = hashlib.blake2b(digest_size=16)
    with Path(path).open("rb") as file:
        while block := file.read(READ_BYTES):
            content.update(block)
    return name, content.hexdigest()
