"""Files on the web."""

from pathlib import Path

import aiohttp
from fsspec.implementations.http import HTTPFileSystem

from adapters.sources.address import Address
from adapters.sources.place import Place
from lifecycle.errors import SourceError

CONNECT_SECONDS = 10
SILENCE_SECONDS = 60
"""How long a server may say nothing; a large file may take as long as it likes."""


class _Web(HTTPFileSystem):  # type: ignore[misc]
    """fsspec's web files, with what goes wrong said in our words."""

    async def _cat_file(self, url: str, **options: object) -> bytes:
        try:
            return bytes(await super()._cat_file(url, **options))
        except FileNotFoundError:
            raise SourceError("The server answers 404: there is no such file.") from None
        except aiohttp.ClientResponseError as error:
            raise SourceError(f"The server answers {error.status} {error.message}.") from None
        except aiohttp.ConnectionTimeoutError:
            raise SourceError(f"The server cannot be reached in {CONNECT_SECONDS} s.") from None
        except TimeoutError:
            raise SourceError(f"The server was silent for {SILENCE_SECONDS} s.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise SourceError(f"The server cannot be reached ({error}).") from None


def locate(address: Address, home: Path) -> Place:
    """Give the file at a URL."""
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=CONNECT_SECONDS, sock_read=SILENCE_SECONDS
    )
    # trust_env: the machine's own proxy settings count here as they do for every other program.
    web = _Web(
        client_kwargs={"timeout": timeout, "trust_env": True},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    return Place(filesystem=web, path=address.url, shown=address.shown)
