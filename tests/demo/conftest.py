"""The demo shop, loaded once for the tests of a file that only look at it."""

import pytest

from app.demo.load import load_demo_data
from tests.browser_like import patron
from tests.databases import empty_all_tables


@pytest.fixture(scope="module")
async def demo_shop(database_of_the_session: str) -> None:
    """An otherwise empty database with the demo data."""
    # Mails hold links, which are made from the routes.
    patron()
    await empty_all_tables()
    await load_demo_data()
