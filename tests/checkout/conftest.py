"""What tests of the checkout share."""

import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.checkout.payments import known_providers


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Any]:
    """An installed provider of payments, whose book can be read."""
    shutil.copytree(Path(__file__).parent / "outside_payments", tmp_path / "outside_payments")
    information = tmp_path / "outside_payments-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: outside-payments\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(
        "[patron.payment_providers]\nledger = outside_payments:ledger\n"
    )
    sys.path.insert(0, str(tmp_path))
    importlib.invalidate_caches()
    known_providers.cache_clear()
    yield importlib.import_module("outside_payments").ledger
    sys.path.remove(str(tmp_path))
    sys.modules.pop("outside_payments", None)
    importlib.invalidate_caches()
    known_providers.cache_clear()
