"""What the tests of segments share: a third customer type and a service whose members are pushed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.segments.segmentation_services import all_services
from tests.browser_like import forget_patron
from tests.installed_packages import installed, mounted

ASSOCIATION = Path(__file__).parent.parent / "customer_types" / "association"
OUTSIDE = Path(__file__).parent / "outside_services"


@pytest.fixture
def association(tmp_path: Path) -> Iterator[None]:
    """A third customer type, as a folder outside of the base."""
    with mounted(ASSOCIATION, tmp_path):
        forget_patron()
        yield
    forget_patron()


@pytest.fixture
def outside_services(tmp_path: Path) -> Iterator[None]:
    """Two installed services: one whose members are pushed, and one that finds members at sign-in, or fails."""
    points = "loyalty = outside_services:loyalty\nweather = outside_services:weather\n"
    with installed(OUTSIDE, tmp_path, f"[patron.segmentation_services]\n{points}"):
        all_services.cache_clear()
        yield
    all_services.cache_clear()
