"""What tests of the checkout share."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.checkout.payments import known_providers
from tests.installed_packages import installed

OUTSIDE = Path(__file__).parent / "outside_payments"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Any]:
    """An installed provider of payments, whose book can be read."""
    with installed(OUTSIDE, tmp_path, "[patron.payment_providers]\nledger = outside_payments:ledger\n"):
        known_providers.cache_clear()
        yield importlib.import_module("outside_payments").ledger
    known_providers.cache_clear()
