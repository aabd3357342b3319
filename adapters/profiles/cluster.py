"""Spans of the event log profiled by the workers of a Dask cluster; no other file may import it.

The workers have to see the folder of events under the same path, and to have Perennial installed.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.profiles.log import Profiled, files_of, profile_file, put_together
from lifecycle.monitoring.span import Span
from lifecycle.serving.contract import Contract

if TYPE_CHECKING:
    from distributed import Client


def profile_log_on(
    client: "Client | str",
    folder: Path,
    contract: Contract,
    spans: Sequence[Span],
    *,
    version: str | None = None,
) -> Profiled:
    """Do what `profile_log` does, each file on a worker of a cluster.

    Parameters
    ----------
    client
        A client of the cluster, or the address of its scheduler.
    """
    from distributed import Client, as_completed

    if isinstance(client, str):
        with Client(client) as connected:
            return profile_log_on(connected, folder, contract, spans, version=version)
    task = partial(profile_file, contract=contract, spans=tuple(spans), version=version)
    # The log may have grown since it was profiled last: a result kept by its arguments is stale.
    parts = client.map(task, files_of(folder, spans), pure=False)
    done = (part.result() for part in as_completed(parts))
    return put_together(done, contract, spans)
