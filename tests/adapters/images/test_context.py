"""What a build is given, without an engine."""

import re
import tarfile
from pathlib import Path

import pytest

from adapters.images.context import copy_bento, install, packed
from adapters.images.engine import ImageError

HASH = "0" * 64


def a_bento(folder: Path) -> Path:
    (folder / "src" / "service" / "__pycache__").mkdir(parents=True)
    (folder / "src" / "service" / "service.py").write_text("service = 1\n")
    (folder / "src" / "service" / "__pycache__" / "service.pyc").write_bytes(b"stale")
    (folder / "env" / "python").mkdir(parents=True)
    (folder / "env" / "python" / "requirements.txt").write_text("--index-url https://x\n")
    (folder / "bento.yaml").write_text("service: service.service:service\n")
    return folder


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9.-]+)==(\S+)", path.read_text(), re.MULTILINE))


def test_of_a_bento_only_what_serving_reads_is_copied(tmp_path: Path) -> None:
    copy_bento(a_bento(tmp_path / "built"), tmp_path / "copied")

    files = {str(path.relative_to(tmp_path / "copied")) for path in tmp_path.rglob("copied/**/*.*")}
    assert files == {"bento.yaml", "src/service/service.py"}


def test_a_folder_that_is_no_bento_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"is no Bento: there is no bento\.yaml"):
        copy_bento(tmp_path, tmp_path / "copied")


def test_the_same_content_packs_to_the_same_bytes_whenever_and_by_whomever(tmp_path: Path) -> None:
    archives = []
    for name, mode in (("first", 0o600), ("second", 0o640)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model").write_text("weights")
        (tmp_path / name / "model").chmod(mode)
        with packed(tmp_path / name) as file:
            archives.append(file.read())

    assert archives[0] == archives[1]


def test_what_is_packed_is_owned_by_root_and_readable_by_all(tmp_path: Path) -> None:
    (tmp_path / "private").write_text("key")
    (tmp_path / "private").chmod(0o600)
    (tmp_path / "program").write_text("#!")
    (tmp_path / "program").chmod(0o700)

    with packed(tmp_path) as file, tarfile.open(fileobj=file) as archive:
        entries = {entry.name: entry for entry in archive}
    assert {name: entry.mode for name, entry in entries.items()} == {
        "private": 0o644,
        "program": 0o755,
    }
    assert {(entry.uid, entry.gid, entry.uname) for entry in entries.values()} == {(0, 0, "")}


def test_a_package_that_is_not_what_was_pinned_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"six==1.17.0 --hash=sha256:{HASH}\n")

    with pytest.raises(ImageError, match=r"(?s)requirements\.lock could not be fetched.*six"):
        install(lock, tmp_path / "site", architecture="x86_64")


def test_a_package_without_a_hash_is_refused(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("six==1.17.0\n")

    with pytest.raises(ImageError, match="hash"):
        install(lock, tmp_path / "site", architecture="x86_64")


def test_packages_are_chosen_for_the_machine_of_the_engine(root: Path, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    text = (root / "service" / "requirements.lock").read_text()
    lock.write_text(text[text.index("msgspec==") : text.index("multidict==")])

    for architecture in ("x86_64", "aarch64"):
        install(lock, tmp_path / architecture, architecture=architecture)

        (wheel,) = (tmp_path / architecture).glob("msgspec-*/WHEEL")
        assert f"_{architecture}" in wheel.read_text()


def test_no_command_with_a_path_of_this_machine_is_installed(root: Path, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    text = (root / "service" / "requirements.lock").read_text()
    lock.write_text(text[text.index("uvicorn==") : text.index("uvloop==")])

    install(lock, tmp_path / "site", architecture="x86_64")

    assert (tmp_path / "site" / "uvicorn" / "main.py").is_file()
    assert not (tmp_path / "site" / "bin").exists()


def test_the_image_has_the_versions_everything_was_tested_with(root: Path) -> None:
    image, everything = pins(root / "service/requirements.lock"), pins(root / "requirements.lock")

    assert image
    assert image == {name: everything.get(name) for name in image}


def test_the_image_is_installed_from_hashes_and_no_index(root: Path) -> None:
    text = (root / "service" / "requirements.lock").read_text()

    assert "://" not in text
    assert "--index" not in text
    assert text.count("--hash=") >= len(pins(root / "service" / "requirements.lock"))


@pytest.mark.parametrize(
    "name", ["zenml", "mlflow", "pandas", "scikit-learn", "scipy", "pyarrow", "docker", "pip", "uv"]
)
def test_the_image_does_without(root: Path, name: str) -> None:
    assert name not in pins(root / "service" / "requirements.lock")


def test_what_is_said_to_be_left_out_is_left_out(root: Path) -> None:
    text = (root / "service" / "requirements.in").read_text()
    without = set(re.findall(r"^# without ([a-z0-9-]+): \S", text, re.MULTILINE))

    assert "scipy" in without
    assert not without & pins(root / "service" / "requirements.lock").keys()


def test_all_that_is_asked_for_is_pinned(root: Path) -> None:
    text = (root / "service" / "requirements.in").read_text()
    asked = {line for line in text.splitlines() if line and not line.startswith("#")}

    assert asked <= pins(root / "service" / "requirements.lock").keys()
