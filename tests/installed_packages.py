"""What comes from outside of the program: packages as pip installs them, and customer types as folders."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import app.customer_types


def describe(folder: Path, name: str, entry_points: str) -> None:
    """Says in a folder of packages, as pip does, that one of this name is installed with these entry points."""
    about = folder / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(entry_points)
    importlib.invalidate_caches()


@contextmanager
def installed(source: Path, folder: Path, entry_points: str, *, name: str = "") -> Iterator[None]:
    """A package, by its own name or another one, is installed in a folder until the end of the block."""
    name = name or source.name
    shutil.copytree(source, folder / name)
    sys.path.insert(0, str(folder))
    describe(folder, name, entry_points)
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        _forget(name)


@contextmanager
def mounted(customer_type: Path, folder: Path, *, name: str = "") -> Iterator[None]:
    """A customer type, by its own name or another one, lies in a folder outside of the program until the end of the
    block."""
    name = name or customer_type.name
    shutil.copytree(customer_type, folder / name)
    app.customer_types.__path__.append(str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        app.customer_types.__path__.remove(str(folder))
        _forget(f"app.customer_types.{name}")


def _forget(module: str) -> None:
    for one in [one for one in sys.modules if one == module or one.startswith(f"{module}.")]:
        del sys.modules[one]
    importlib.invalidate_caches()
