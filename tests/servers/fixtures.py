"""The servers as fixtures, each started once in a test process and only when asked for."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest

from tests.servers import databases, web
from tests.servers.databases import Database


@pytest.fixture(scope="session")
def postgres() -> Iterator[Database]:
    with databases.postgres() as database:
        yield database


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Database]:
    with databases.mariadb() as database:
        yield database


@pytest.fixture(scope="session")
def web_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def web_url(web_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with web.web(web_folder, log=tmp_path_factory.mktemp("log") / "web") as url:
        yield url


@pytest.fixture(scope="session")
def s3_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with web.s3(log=tmp_path_factory.mktemp("log") / "s3") as url:
        yield url


@pytest.fixture
def put(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, bytes], None]:
    """Store an object in the bucket `tables`, with the environment set up to read it."""
    for name, value in {**web.S3_KEYS, "AWS_ENDPOINT_URL": s3_url}.items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    client.create_bucket(Bucket="tables")

    def put(key: str, content: bytes) -> None:
        client.put_object(Bucket="tables", Key=key, Body=content)

    return put
