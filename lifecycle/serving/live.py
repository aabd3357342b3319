"""What is live: which version answers for a project, where, and what it was made from."""

from lifecycle.section import Value
from lifecycle.serving.deployment import Kind

_NEAREST = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Who listens on every address can be asked at the nearest."""


class Live(Value):
    """The version that answers for a project now.

    Parameters
    ----------
    kind, name
        As a container or a process, and what it is called by whoever keeps it running.
    host, port
        Where the version itself listens; only the router asks there.
    public_host, public_port
        Where requests come in.
    manifest
        SHA-256 of the manifest of its package.
    bento, image
        The tag of its Bento, and of the container image where it runs as one.
    started
        Since when it answers, in ISO 8601.
    previous
        The version that answered before.
    folder
        Where its Bento lies.
    unit
        What of a request its events keep as the unit: `header x-user-id`; empty: nothing.
    """

    project: str
    version: str
    kind: Kind
    name: str
    host: str
    port: int
    public_host: str
    public_port: int
    manifest: str
    bento: str
    image: str | None = None
    started: str
    previous: str | None = None
    folder: str = ""
    unit: str = ""

    @property
    def url(self) -> str:
        """Where requests go.

        Examples
        --------
        >>> live = Live(
        ...     project="flights", version="3", kind="process", name="flights-3",
        ...     host="127.0.0.1", port=40001, public_host="127.0.0.1", public_port=3000,
        ...     manifest="9f2c", bento="flights:3", started="2026-01-01T00:00:00Z",
        ... )
        >>> live.url
        'http://127.0.0.1:3000'
        >>> live.model_copy(update={"public_host": "0.0.0.0"}).url
        'http://127.0.0.1:3000'
        """
        host = _NEAREST.get(self.public_host, self.public_host)
        written = f"[{host}]" if ":" in host else host
        return f"http://{written}:{self.public_port}"
