"""A real image on a real engine: what is in it, and how what is in it behaves."""

import io
import json
import os
import socket
import sys
import tarfile
import threading
import time
from dataclasses import replace
from pathlib import Path

import docker
import httpx
import pytest

from adapters import images
from adapters.access.keys import FILE, KeyFile
from adapters.images import container
from adapters.images.sbom import read
from tests.adapters.images.conftest import TAG, Serving, Start, events_in, wait_until_ready
from tests.adapters.images.small import ROW, a_bento
from tests.servers.process import free_port

pytest_plugins = ["tests.servers.engine"]
pytestmark = pytest.mark.xdist_group("engine")

LARGEST_MB = 350
START_SECONDS = 6
USER = 10_001


@pytest.fixture
def client(docker_engine: str):
    client = docker.DockerClient(base_url=docker_engine, timeout=120)
    yield client
    client.close()


# What is in it


def test_the_image_is_small(built: images.Built) -> None:
    assert 100 < built.size_mb <= LARGEST_MB


def test_the_image_says_what_it_serves_and_where_that_came_from(
    built: images.Built, bento, client
) -> None:
    made, manifest = bento
    labels = client.images.get(built.id).labels

    assert labels["org.opencontainers.image.title"] == "orders"
    assert labels["org.opencontainers.image.version"] == "1"
    assert labels["org.opencontainers.image.revision"] == "c1"
    assert labels["perennial.manifest"] == made.manifest
    assert labels["perennial.candidate"] == manifest.candidate
    assert labels["perennial.data"] == "d1"


def test_it_is_asked_for_its_health_told_to_end_and_run_as_an_ordinary_user(
    built: images.Built, client
) -> None:
    config = client.images.get(built.id).attrs["Config"]

    assert config["User"] == f"{USER}:{USER}"
    assert config["StopSignal"] == "SIGTERM"
    assert config["Healthcheck"]["Test"][0] == "CMD"
    assert config["Entrypoint"][0] == "python3.11"


def test_no_layer_knows_this_machine_or_an_index(
    built: images.Built, base_image: str, root: Path, client
) -> None:
    machine = [str(root).encode(), sys.prefix.encode(), b"perennial-image-", b"/pytest-of-"]
    index = [b"--index-url", b"--extra-index-url", b"--find-links", b"pypi.org/simple"]
    below = len(client.images.get(base_image).attrs["RootFS"]["Layers"])
    found = []
    for name, content in _files(client, built.tag, below=below):
        told = [*machine, *(index if "site-packages" not in name else [])]
        found += [(name, word) for word in told if word in content]

    assert found == []
    history = json.dumps(client.images.get(built.id).history())
    assert not [word for word in (*machine, *index) if word.decode() in history]


def _files(client, tag: str, *, below: int):
    """Give every file of the layers above the base."""
    saved = io.BytesIO(b"".join(client.images.get(tag).save()))
    with tarfile.open(fileobj=saved) as image:
        (manifest,) = json.load(image.extractfile("manifest.json"))
        for layer in manifest["Layers"][below:]:
            with tarfile.open(fileobj=image.extractfile(layer)) as files:
                for entry in files:
                    if entry.isfile():
                        yield entry.name, files.extractfile(entry).read()


@pytest.mark.parametrize(
    "library",
    ["zenml", "mlflow", "pandas", "sklearn", "scipy", "pyarrow", "duckdb", "sqlalchemy", "optuna",
     "docker", "pip", "setuptools", "ensurepip", "pytest"],
)  # fmt: skip
def test_nothing_that_trains_or_installs_is_inside(serving: Serving, library: str) -> None:
    script = f"from importlib.util import find_spec; print(find_spec({library!r}))"

    assert serving.python(script).strip() == "None"


def test_no_compiler_and_no_downloader_is_inside(serving: Serving) -> None:
    programs = ["gcc", "cc", "g++", "make", "ld", "pip", "pip3", "uv", "curl", "wget", "git"]
    script = f"import shutil; print([name for name in {programs} if shutil.which(name)])"

    assert serving.python(script).strip() == "[]"


def test_the_bill_of_materials_lists_what_is_installed(
    built: images.Built, serving: Serving
) -> None:
    script = (
        "from importlib.metadata import distributions as d; import json;"
        "print(json.dumps(sorted({(x.name.lower().replace('_', '-'), x.version) for x in d()})))"
    )
    installed = {tuple(found) for found in json.loads(serving.python(script))}
    listed = {(item.name, item.version) for item in read(built.sbom) if item.kind == "pypi"}

    assert {(name.replace(".", "-"), version) for name, version in installed} == {
        (name.replace(".", "-"), version) for name, version in listed
    }
    assert serving.run("cat", "/opt/perennial/sbom.cdx.json") == built.sbom


def test_whatever_is_imported_was_compiled_before(serving: Serving) -> None:
    script = (
        "import bentoml, onnxruntime, sys, os;"
        "print([m.__name__ for m in list(sys.modules.values())"
        " if getattr(m, '__cached__', None) and not os.path.exists(m.__cached__)])"
    )

    assert serving.python(script).strip() == "[]"


def test_another_version_shares_all_layers_but_its_own(
    built: images.Built, base_image: str, root: Path, tmp_path: Path, client
) -> None:
    made, manifest = a_bento(tmp_path, root=root, version="2")
    other = images.build(
        Path(made.folder), tag="perennial-tests/orders:2", base=base_image,
        labels=images.labels_of(manifest, made.manifest),
        lock=root / "service" / "requirements.lock",
    )  # fmt: skip

    first, second = (client.images.get(each.id) for each in (built, other))
    shared = set(first.attrs["RootFS"]["Layers"]) & set(second.attrs["RootFS"]["Layers"])
    own = second.history()
    assert other.id != built.id
    assert len(shared) >= len(second.attrs["RootFS"]["Layers"]) - 3
    assert sum(step["Size"] for step in own[: own.index(_shared_step(own))]) < 5e6
    images.remove_image(other.tag)
    with pytest.raises(docker.errors.ImageNotFound):
        client.images.get(other.tag)


def _shared_step(history: list[dict]) -> dict:
    """Give the last step that does not depend on the Bento."""
    return next(step for step in history if "ctypes.CDLL" in step["CreatedBy"])


# How it behaves


def test_it_answers_and_what_it_answered_is_on_the_host(serving: Serving) -> None:
    answer = serving.ask(ROW, request_id="first")

    assert answer.status_code == 200, answer.text
    assert answer.json()["version"] == "1"
    (event,) = [event for event in events_in(serving.events) if event["id"] == "first"]
    assert event["score"] == pytest.approx(answer.json()["score"])
    assert event["inputs"]["shop"] == "a"


def test_many_rows_and_reasons_are_answered_inside_as_well(serving: Serving) -> None:
    rows = [{**ROW, "order": number} for number in range(100)]
    many = serving.ask(rows).json()["predictions"]
    headers = {"Authorization": f"Bearer {serving.key}"}
    one = httpx.post(f"{serving.url}/predict?reasons=2", json=ROW, headers=headers).json()

    assert len(many) == 100
    assert many[0]["score"] == pytest.approx(one["score"], abs=1e-5)
    assert len(one["reasons"]) == 2


def test_no_process_inside_is_root(serving: Serving, client) -> None:
    told = client.containers.get(serving.name).top(ps_args="-eo uid,pid,args")

    assert len(told["Processes"]) >= 1
    owner = serving.events.stat().st_uid
    assert {int(process[0]) for process in told["Processes"]} == {owner}
    assert owner != 0


def test_nothing_can_be_written_but_tmp_and_events(serving: Serving) -> None:
    script = """
import os
KERNELS = ("/proc", "/sys", "/dev/mqueue")  # message queues hold no files
def is_writable(folder):
    path = os.path.join(folder, f".tried-{os.getpid()}")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL))
    except OSError:
        return False
    os.unlink(path)
    return True
found = set()
for folder, inside, _ in os.walk("/"):
    inside[:] = [name for name in inside if os.path.join(folder, name) not in KERNELS]
    if is_writable(folder):
        found.add("/" + folder.split("/")[1])
print(sorted(found))
"""

    assert serving.python(script).strip() == "['/events', '/tmp']"


def test_no_privilege_can_be_had_inside(serving: Serving) -> None:
    status = serving.run("cat", "/proc/self/status")
    told = dict(line.split(":", 1) for line in status.splitlines())

    assert told["NoNewPrivs"].strip() == "1"
    assert {int(told[name], 16) for name in ("CapEff", "CapPrm", "CapBnd")} == {0}


def test_nothing_is_reported_to_the_makers_of_libraries(serving: Serving) -> None:
    environment = serving.run("env").splitlines()

    assert "ORT_DISABLE_TELEMETRY=1" in environment
    assert "BENTOML_DO_NOT_TRACK=true" in environment
    found = serving.python("import glob; print(glob.glob('/tmp/**/deviceid', recursive=True))")
    assert found.strip() == "[]"


def test_docker_finds_it_healthy(serving: Serving) -> None:
    ends = time.monotonic() + 30
    while images.status(serving.name).health == "starting" and time.monotonic() < ends:
        time.sleep(0.2)

    state = images.status(serving.name)
    assert state.health == "healthy"
    assert state.running
    assert state.restarts == 0
    assert state.url == serving.url
    assert images.started("perennial-tests-looked") == (serving.name,)
    assert images.started("perennial-tests-nobody") == ()


def test_it_is_soon_ready(start: Start) -> None:
    began = time.monotonic()
    start("soon")

    assert time.monotonic() - began < START_SECONDS


def test_stopped_under_load_it_ends_by_itself_and_loses_no_request(start: Start) -> None:
    serving, answered, ending = start("stopped"), set(), threading.Event()

    def send(worker: int) -> None:
        for number in range(100_000):
            if ending.is_set():
                return
            try:
                answer = serving.ask(ROW, request_id=f"{worker}-{number}")
            except httpx.TransportError:  # it takes no more requests
                continue
            if answer.status_code == 200:
                answered.add(answer.headers["X-Request-Id"])

    workers = [threading.Thread(target=send, args=(each,)) for each in range(4)]
    for worker in workers:
        worker.start()
    time.sleep(1)
    code = images.stop(serving.name, timeout=20)
    ending.set()
    for worker in workers:
        worker.join()

    assert code == 0
    assert len(answered) > 20
    assert {event["id"] for event in events_in(serving.events)} == answered
    assert images.status(serving.name) == images.State(running=False)


def test_it_is_started_again_when_it_ends_by_itself(start: Start) -> None:
    serving = start("again", port=free_port())  # another free one would be taken each time
    serving.python("import os, signal; os.kill(1, signal.SIGTERM)")
    ends = time.monotonic() + 20
    while images.status(serving.name).restarts == 0 and time.monotonic() < ends:
        time.sleep(0.1)
    wait_until_ready(serving)

    assert images.status(serving.name).restarts == 1
    assert serving.ask(ROW).status_code == 200


def test_an_ordinary_users_container_runs_as_that_user(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = os.geteuid() or 12_345
    for folder in (tmp_path / "theirs-events", tmp_path / "theirs-access"):
        folder.mkdir()
        os.chown(folder, user, os.getegid() or user)
    monkeypatch.setattr(container, "_caller", lambda: (user, os.getegid() or user))
    serving = start("theirs")

    assert serving.ask(ROW).status_code == 200
    assert serving.run("python3.11", "-c", "import os; print(os.getuid())").strip() == str(user)
    assert {file.stat().st_uid for file in serving.events.rglob("*.jsonl*")} == {user}


def test_a_key_revoked_on_the_host_is_refused_inside(serving: Serving) -> None:
    keys = KeyFile(serving.access / FILE)
    record, key = keys.create("short", ["predict"])
    other = replace(serving, key=key)
    assert _eventually(lambda: other.ask(ROW).status_code == 200)

    keys.revoke(record.id)

    assert _eventually(lambda: other.ask(ROW).status_code == 401)


def _eventually(is_so, *, seconds: float = 15) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if is_so():
            return True
        time.sleep(0.1)
    return False


# What cannot be done


def test_a_name_that_is_taken_is_refused(serving: Serving, tmp_path: Path) -> None:
    with pytest.raises(
        images.ImageError, match=r"There is a container .*looked-at already, running"
    ):
        images.start(TAG, name=serving.name, host="127.0.0.1", port=0, events=tmp_path)

    assert images.status(serving.name).running


def test_a_port_that_is_taken_is_refused_and_leaves_nothing_behind(
    built: images.Built, tmp_path: Path, client
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(
            images.ImageError, match=rf"could not start late on 127\.0\.0\.1:{port}"
        ):
            images.start(TAG, name="late", host="127.0.0.1", port=port, events=tmp_path)

    with pytest.raises(docker.errors.NotFound):
        client.containers.get("late")


def test_an_image_that_is_not_there_is_told(docker_engine: str, tmp_path: Path) -> None:
    with pytest.raises(images.ImageError, match=r"could not start x from no-such-image"):
        images.start("no-such-image:1", name="x", host="127.0.0.1", port=0, events=tmp_path)


def test_a_base_that_is_not_there_says_what_to_declare(
    docker_engine: str, tmp_path: Path, root: Path
) -> None:
    with pytest.raises(images.ImageError) as told:
        images.build(
            tmp_path, tag="x", base="localhost:1/none:1", labels={}, lock=root / "requirements.lock"
        )

    assert "The base image localhost:1/none:1 is neither here nor to be pulled" in str(told.value)
    assert "serving.image.base" in str(told.value)


def test_a_base_without_python_says_what_is_needed(
    bento, root: Path, tmp_path: Path, client
) -> None:
    empty = io.BytesIO()
    with tarfile.open(fileobj=empty, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("nothing"))
    client.api.import_image_from_data(empty.getvalue(), repository="perennial-tests-empty")

    with pytest.raises(images.ImageError, match=r"A base must have python3\.11, glibc"):
        images.build(
            Path(bento[0].folder), tag="x", base="perennial-tests-empty:latest", labels={},
            lock=root / "service" / "requirements.lock",
        )  # fmt: skip


def test_an_image_in_use_is_not_removed(serving: Serving) -> None:
    with pytest.raises(images.ImageError, match=r"could not remove the image"):
        images.remove_image(TAG)

    assert images.status(serving.name).running


def test_what_was_never_there_is_stopped_and_removed(docker_engine: str) -> None:
    assert images.stop("perennial-tests-nobody", timeout=1) is None
    assert not images.status("perennial-tests-nobody").running
    images.remove_image("perennial-tests-nobody:1")
