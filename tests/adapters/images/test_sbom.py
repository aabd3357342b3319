import json
import sysconfig
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from adapters.images.sbom import Package, pins, read, sbom
from lifecycle.errors import DataError
from lifecycle.serving.contract import Layout
from lifecycle.serving.manifest import Manifest, Part
from lifecycle.task import Task

HERE = Path(sysconfig.get_path("purelib"))
GIVEN = {
    "name": "perennial/flights",
    "version": "3",
    "serial": UUID(int=7),
    "made": datetime(2030, 1, 1, tzinfo=UTC),
}
DPKG = """\
Package: libc6
Status: install ok installed
Priority: optional
Architecture: amd64
Source: glibc (2.36-9)
Version: 2.36-9+deb12u10
Description: GNU C Library: Shared libraries
 Contains the standard libraries that are used by nearly all programs on
 the system.

Package: tzdata
Status: install ok installed
Architecture: all
Version: 2:2024b-0+deb12u1

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1.0
"""
MODEL = Manifest(
    project="flights", version="3", label="late", task=Task.BINARY, layout=Layout(),
    parts=(Part(family="linear", view="linear", weight=1.0),),
    files={"row.onnx": "1" * 64, "0.ubj": "2" * 64, "model_card.md": "3" * 64,
           "contract.json": "4" * 64},
)  # fmt: skip


def install(folder: Path, name: str, version: str, *lines: str) -> Path:
    home = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    home.mkdir(parents=True)
    text = "\n".join([f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}", *lines])
    (home / "METADATA").write_text(text + "\n\nA long description.\n", encoding="utf-8")
    return folder


def component(text: str, name: str) -> dict:
    def every(components):
        for entry in components:
            yield entry
            yield from every(entry.get("components", ()))

    (found,) = [one for one in every(json.loads(text)["components"]) if one["name"] == name]
    return found


def is_valid(text: str) -> bool:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def lock(name: str, version: str, *hashes: str) -> str:
    return " \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{one}" for one in hashes)])


def test_everything_at_once_is_valid_cyclonedx(tmp_path):
    install(tmp_path, "Foo.Bar", "1.0", "License-Expression: MIT OR Apache-2.0", "Summary: Été")
    install(tmp_path, "other", "2.0+cpu", "License: BSD-3-Clause", "Requires-Dist: foo-bar>=1")

    text = sbom(
        tmp_path, **GIVEN, lock=lock("foo-bar", "1.0", "a" * 64, "b" * 64), model=MODEL,
        manifest_hash="5" * 64, dpkg=DPKG, distro="debian-12", python="3.11.9",
    )  # fmt: skip

    assert is_valid(text)
    assert json.loads(text)["serialNumber"] == "urn:uuid:00000000-0000-0000-0000-000000000007"
    assert json.loads(text)["metadata"]["timestamp"] == "2030-01-01T00:00:00+00:00"


def test_what_is_installed_here_is_listed_and_valid():
    text = sbom(HERE, **GIVEN)

    names = {package.name for package in read(text)}
    assert is_valid(text)
    assert {"numpy", "pydantic", "cyclonedx-python-lib"} <= names


def test_nothing_installed_is_a_list_of_nothing(tmp_path):
    text = sbom(tmp_path, **GIVEN)

    assert is_valid(text)
    assert read(text) == ()


def test_a_package_is_named_by_its_url_and_what_it_needs_is_told(tmp_path):
    install(tmp_path, "Foo.Bar", "1.0")
    install(
        tmp_path, "top", "2.0", "Requires-Dist: foo_bar>=1", "Requires-Dist: absent",
        "Requires-Dist: never; python_version < '3'", "Requires-Dist: extra; extra == 'more'",
        "Requires-Dist: (((", "Requires-Dist: top[more]",
    )  # fmt: skip
    install(tmp_path, "extra", "3.0")

    text = sbom(tmp_path, **GIVEN)

    needs = {one["ref"]: one.get("dependsOn") for one in json.loads(text)["dependencies"]}
    assert component(text, "Foo.Bar")["purl"] == "pkg:pypi/foo-bar@1.0"
    assert needs["pkg:pypi/top@2.0"] == ["pkg:pypi/foo-bar@1.0"]
    assert needs["image"] == ["pkg:pypi/extra@3.0", "pkg:pypi/top@2.0"]


@pytest.mark.parametrize(
    ("lines", "licences"),
    [
        (["License-Expression: MIT"], [{"license": {"id": "MIT"}}]),
        (["License: mit"], [{"license": {"id": "MIT"}}]),
        (["License-Expression: MIT OR Apache-2.0"], [{"expression": "MIT OR Apache-2.0"}]),
        (["License: Apache License 2.0"], [{"license": {"name": "Apache License 2.0"}}]),
        (
            ["License: See it", "Classifier: License :: OSI Approved :: BSD License"],
            [{"license": {"name": "BSD License"}}],
        ),
        (
            ["Classifier: License :: OSI Approved", "Classifier: Topic :: Home"],
            None,
        ),
        (["License: " + "Permission is hereby granted, " * 5], None),
        (["License: "], None),
        ([], None),
    ],
)
def test_licences_are_told_as_they_are_declared(tmp_path, lines, licences):
    text = sbom(install(tmp_path, "foo", "1.0", *lines), **GIVEN)

    assert is_valid(text)
    assert component(text, "foo").get("licenses") == licences


def test_the_hashes_a_lock_allows_are_told(tmp_path):
    install(tmp_path, "Foo_Bar", "1.0")

    text = sbom(tmp_path, **GIVEN, lock=lock("foo-bar", "1.0", "a" * 64, "b" * 64))

    (reference,) = component(text, "Foo_Bar")["externalReferences"]
    assert reference["type"] == "distribution"
    assert [entry["content"] for entry in reference["hashes"]] == ["a" * 64, "b" * 64]


def test_another_version_than_the_lock_pins_is_told(tmp_path):
    install(tmp_path, "foo", "1.1")

    with pytest.raises(DataError, match=r"foo 1\.1 is installed, and the lock file pins 1\.0"):
        sbom(tmp_path, **GIVEN, lock=lock("foo", "1.0", "a" * 64))


def test_a_version_written_otherwise_is_the_same(tmp_path):
    install(tmp_path, "foo", "1.0.0")

    assert sbom(tmp_path, **GIVEN, lock=lock("foo", "1.0", "a" * 64))


def test_the_lock_file_of_the_service_is_read(root):
    found = pins((root / "requirements.lock").read_text())

    assert "numpy" in found
    assert all(pin.hashes and pin.version for pin in found.values())


@pytest.mark.parametrize("line", ["foo", "foo>=1", "foo==1,==2", "./foo.whl", "foo @ file:///x"])
def test_a_lock_that_pins_nothing_is_told(line):
    with pytest.raises(DataError, match="pins nothing"):
        pins(line)


def test_comments_options_and_markers_of_a_lock_are_understood():
    text = "# made by x\n--no-index\n\nfoo==1.0 ; python_version > '3'  # via bar\n"

    assert pins(text)["foo"].version == "1.0"


def test_the_files_of_the_model_are_components_with_their_hashes(tmp_path):
    text = sbom(tmp_path, **GIVEN, model=MODEL, manifest_hash="5" * 64)

    model = component(text, "flights")
    kinds = {one["name"]: (one["type"], one["hashes"][0]["content"]) for one in model["components"]}
    assert model["type"] == "machine-learning-model"
    assert model["hashes"][0]["content"] == "5" * 64
    assert model["externalReferences"][0]["type"] == "model-card"
    assert kinds == {
        "row.onnx": ("machine-learning-model", "1" * 64),
        "0.ubj": ("machine-learning-model", "2" * 64),
        "model_card.md": ("file", "3" * 64),
        "contract.json": ("file", "4" * 64),
    }


def test_debian_packages_that_are_installed_are_listed(tmp_path):
    text = sbom(tmp_path, **GIVEN, dpkg=DPKG, distro="debian-12")

    assert component(text, "libc6")["purl"] == (
        "pkg:deb/debian/libc6@2.36-9%2Bdeb12u10?arch=amd64&distro=debian-12&upstream=glibc"
    )
    assert component(text, "libc6")["description"] == "GNU C Library: Shared libraries"
    assert read(text) == (
        Package("deb", "libc6", "2.36-9+deb12u10"),
        Package("deb", "tzdata", "2:2024b-0+deb12u1"),
    )


def test_a_python_of_its_own_is_a_platform(tmp_path):
    found = component(sbom(tmp_path, **GIVEN, python="3.11.9"), "python")

    assert found["type"] == "platform"
    assert found["cpe"].startswith("cpe:2.3:a:python:python:3.11.9:")


def test_the_same_content_gives_the_same_text(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, names in ((first, "abc"), (second, "cba")):
        for name in names:
            install(folder, f"x{name}", "1.0", "Requires-Dist: xb", "Requires-Dist: xa")

    texts = {sbom(folder, **GIVEN, model=MODEL, dpkg=DPKG) for folder in (first, second)}

    assert len(texts) == 1


def test_a_folder_before_another_hides_what_that_has(tmp_path):
    first = install(tmp_path / "first", "foo", "2.0")
    second = install(tmp_path / "second", "Foo", "1.0")

    assert read(sbom([first, second], **GIVEN)) == (Package("pypi", "foo", "2.0"),)


def test_a_folder_that_is_not_there_is_no_empty_list(tmp_path):
    with pytest.raises(DataError, match="There is no folder"):
        sbom(tmp_path / "missing", **GIVEN)


def test_a_package_without_a_name_is_told(tmp_path):
    home = tmp_path / "broken-1.0.dist-info"
    home.mkdir()
    (home / "METADATA").write_text("Metadata-Version: 2.1\n\n")

    with pytest.raises(DataError, match="has no name or version"):
        sbom(tmp_path, **GIVEN)


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"components": 3}', "null"])
def test_what_is_no_sbom_is_told(text):
    with pytest.raises(DataError, match="not a CycloneDX SBOM"):
        read(text)
