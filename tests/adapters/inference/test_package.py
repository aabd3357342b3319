import json
import os
import shutil
from pathlib import Path

import pytest

from adapters.inference.package import (
    PackageError,
    TamperedError,
    digest,
    read_package,
    write_package,
)
from lifecycle.serving.contract import Contract, Field, Layout
from lifecycle.serving.manifest import CONTRACT, MANIFEST, ROW, Manifest

CONTRACT_FILE = Contract(
    project="p", label="y", task="binary", fields=(Field(name="x", type="number"),)
)
BARE = Manifest(
    project="p", version="1", label="y", task="binary", layout=Layout(), parts=(), files={}
)
FILES = {CONTRACT: CONTRACT_FILE.model_dump_json().encode(), ROW: b"graph", "0.ubj": b"\x00\xff"}


@pytest.fixture
def folder(tmp_path) -> Path:
    write_package(tmp_path / "package", BARE, FILES)
    return tmp_path / "package"


def change_manifest(folder: Path, **changes) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | changes))


def test_what_was_written_is_read_back(folder) -> None:
    package = read_package(folder, manifest_sha256=digest(folder))

    assert package.files == FILES
    assert package.contract == CONTRACT_FILE
    assert set(package.manifest.files) == set(FILES)


def test_writing_gives_the_digest(tmp_path) -> None:
    assert write_package(tmp_path / "a", BARE, FILES) == digest(tmp_path / "a")


def test_the_same_files_give_the_same_digest_in_any_order(tmp_path) -> None:
    turned_round = dict(reversed(FILES.items()))

    first, second = (
        write_package(tmp_path / name, BARE, files)
        for name, files in (("a", FILES), ("b", turned_round))
    )

    assert first == second


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0, -1])
def test_a_changed_byte_in_any_file_is_found_and_named(folder, name, place) -> None:
    content = bytearray((folder / name).read_bytes())
    content[place] ^= 1
    (folder / name).write_bytes(content)

    with pytest.raises(TamperedError, match=f"{name} is not the file.*SHA-256 is .* instead of"):
        read_package(folder)


def test_a_changed_contract_is_not_parsed(folder) -> None:
    (folder / CONTRACT).write_bytes(b"not even JSON")

    with pytest.raises(TamperedError):
        read_package(folder)


def test_a_changed_manifest_is_found_where_its_hash_is_known(folder) -> None:
    known = digest(folder)
    change_manifest(folder, version="2")

    with pytest.raises(TamperedError, match=MANIFEST):
        read_package(folder, manifest_sha256=known)


def test_a_hash_in_capitals_is_the_same_hash(folder) -> None:
    assert read_package(folder, manifest_sha256=digest(folder).upper()).files == FILES


def test_a_missing_file_is_named(folder) -> None:
    (folder / ROW).unlink()

    with pytest.raises(TamperedError, match=f"has no {ROW}"):
        read_package(folder)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_file_nobody_listed_is_named(folder, kind) -> None:
    strange = folder / "payload.so"
    strange.mkdir() if kind == "folder" else strange.write_bytes(b"")

    with pytest.raises(TamperedError, match=r"payload\.so"):
        read_package(folder)


def test_a_link_is_not_followed_even_to_the_same_content(folder, tmp_path) -> None:
    shutil.move(folder / ROW, tmp_path / "elsewhere")
    (folder / ROW).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(TamperedError, match="links are not followed"):
        read_package(folder)


def test_a_pipe_in_the_place_of_a_file_keeps_nobody_waiting(folder) -> None:
    (folder / ROW).unlink()
    os.mkfifo(folder / ROW)

    with pytest.raises(TamperedError):
        read_package(folder)


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/b", "..", "", MANIFEST, "a\0"])
def test_a_path_that_leads_elsewhere_is_refused(folder, name) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    change_manifest(folder, files={**content["files"], name: "0" * 64})

    with pytest.raises(PackageError, match="plain files"):
        read_package(folder)


@pytest.mark.parametrize("found", [2, "1", None])
def test_another_format_is_refused_by_name(folder, found) -> None:
    change_manifest(folder, format=found)

    with pytest.raises(PackageError, match=f"has format {found!r}"):
        read_package(folder)


@pytest.mark.parametrize("content", ["", "[]", '{"format": 1}', "\0"])
def test_what_is_no_manifest_is_refused(folder, content) -> None:
    (folder / MANIFEST).write_text(content)

    with pytest.raises(PackageError, match=MANIFEST):
        read_package(folder)


def test_a_manifest_that_lists_no_graph_is_refused(folder) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    del content["files"][ROW]
    change_manifest(folder, files=content["files"])

    with pytest.raises(PackageError, match=ROW):
        read_package(folder)


def test_an_empty_folder_and_none_at_all_hold_no_package(tmp_path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(PackageError, match="holds no package"):
            read_package(folder)


def test_a_package_is_never_written_over(folder) -> None:
    before = digest(folder)

    with pytest.raises(PackageError, match="not empty"):
        write_package(folder, BARE, FILES | {ROW: b"other"})

    assert digest(folder) == before


def test_a_write_that_fails_leaves_nothing_behind(tmp_path) -> None:
    with pytest.raises(TypeError):
        write_package(tmp_path / "package", BARE, FILES | {"bad": "text"})

    assert list(tmp_path.iterdir()) == []


def test_a_file_the_package_does_not_have_is_asked_for_by_name(folder) -> None:
    with pytest.raises(PackageError, match=r"has no finish\.onnx"):
        read_package(folder)["finish.onnx"]
