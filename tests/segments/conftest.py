"""What the tests of segments share: a third customer type and a service whose members are pushed."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import app.customer_types
from app.segments.segmentation_services import all_services
from tests import browser_like
from tests.browser_like import forget_patron

ASSOCIATION = Path(__file__).parent.parent / "customer_types" / "association"


@pytest.fixture
def association(tmp_path: Path) -> Iterator[None]:
    """A third customer type, as a folder outside of the base."""
    shutil.copytree(ASSOCIATION, tmp_path / "association")
    app.customer_types.__path__.append(str(tmp_path))
    _start_anew()
    yield
    app.customer_types.__path__.remove(str(tmp_path))
    for name in [name for name in sys.modules if name.startswith("app.customer_types.association")]:
        del sys.modules[name]
    _start_anew()


@pytest.fixture
def outside_services(tmp_path: Path) -> Iterator[None]:
    """Two installed services: one whose members are pushed, and one that finds members at sign-in, or fails."""
    shutil.copytree(Path(__file__).parent / "outside_services", tmp_path / "outside_services")
    information = tmp_path / "outside_services-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-services\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[patron.segmentation_services]\nloyalty = outside_services:loyalty\nweather = outside_services:weather\n"
    )
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    all_services.cache_clear()
    yield
    sys.path.remove(str(tmp_path))
    sys.modules.pop("outside_services", None)
    importlib.invalidate_caches()
    all_services.cache_clear()


def _start_anew() -> None:
    importlib.invalidate_caches()
    forget_patron()
    browser_like._known_paths.cache_clear()
