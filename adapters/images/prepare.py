"""Run inside the base, as the image is built: what it has to be, and what it need not have."""

import compileall
import platform
import shutil
import site
import sys
import sysconfig
from pathlib import Path

INSTALLERS = ("pip", "pip-*", "setuptools", "setuptools-*", "pkg_resources", "wheel", "wheel-*")


def require_python() -> None:
    """End the build unless the packages that were fetched run here."""
    found = f"{platform.python_implementation()} {platform.python_version()}"
    if sys.version_info[:2] != (3, 11) or not found.startswith("CPython"):
        sys.exit(f"The base has {found} as python3.11; CPython 3.11 is needed.")
    library, version = platform.libc_ver()
    if library != "glibc" or tuple(map(int, version.split("."))) < (2, 28):
        sys.exit(f"The base has {library or 'no glibc'} {version}; glibc from 2.28 on is needed.")


def remove_installers(folders: list[Path]) -> None:
    """Take away what could install something into a running container."""
    for folder in folders:
        for pattern in INSTALLERS:
            for path in folder.glob(pattern):
                shutil.rmtree(path)
        shutil.rmtree(folder / "ensurepip", ignore_errors=True)


def main() -> None:
    """Check, clean, and compile the standard library, which official images leave to the start."""
    require_python()
    library = Path(sysconfig.get_path("stdlib"))
    remove_installers([library, *map(Path, site.getsitepackages())])
    compileall.compile_dir(library, quiet=2, workers=0)  # what does not compile nobody imports


if __name__ == "__main__":
    main()
