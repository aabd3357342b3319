"""Files and folders in S3, or in a store that speaks its protocol."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.sources.address import Address
from adapters.sources.place import Place
from lifecycle.errors import SourceError

if TYPE_CHECKING:
    from s3fs import S3FileSystem

CONNECT_SECONDS = 10
ATTEMPTS = 3


def locate(address: Address, home: Path) -> Place:
    """Find an object or a folder of objects.

    Endpoint, keys and region are those of the AWS command line: `AWS_ENDPOINT_URL`,
    `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, or the machine's own role.
    """
    import botocore.exceptions  # type: ignore[import-untyped]  # slow, and seldom needed
    from s3fs import S3FileSystem

    store = S3FileSystem(
        endpoint_url=os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL"),
        config_kwargs={"connect_timeout": CONNECT_SECONDS, "retries": {"max_attempts": ATTEMPTS}},
        skip_instance_cache=True,
        use_listings_cache=False,
    )
    path = address.path.rstrip("/")
    bucket = path.split("/")[0]
    try:
        if not store.exists(path):
            raise SourceError(_say_what_is_missing(store, bucket, path))
    except PermissionError:
        raise SourceError(f"S3 refuses access to the bucket {bucket} with these keys.") from None
    except botocore.exceptions.NoCredentialsError:
        raise SourceError(
            "There are no keys for S3. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
        ) from None
    except (botocore.exceptions.BotoCoreError, OSError) as error:
        raise SourceError(f"S3 cannot be reached ({error}). Check AWS_ENDPOINT_URL.") from None
    return Place(filesystem=store, path=path, shown=address.shown)


def _say_what_is_missing(store: "S3FileSystem", bucket: str, path: str) -> str:
    if not store.exists(bucket):
        return f"There is no bucket {bucket}."
    return f"There is no {path.partition('/')[2]} in the bucket {bucket}."
