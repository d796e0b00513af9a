"""What the tests of signing in share."""

from collections.abc import Callable

import pytest

from tests.own_applications import OwnApplications
from tests.patron_process import production


@pytest.fixture
def in_production(own_applications: OwnApplications, restarted_with: Callable[..., None]) -> None:
    """The applications as in production, on https://shop.example."""
    own_applications.replace("http://localhost:{port}", "https://shop.example")
    restarted_with(**production())
