"""Times that staff type and read are those of the application's time zone, as everywhere else on its pages."""

from datetime import UTC, datetime

import pytest

from app.prices.price_lists import PriceListDetails, create_price_list
from tables.engine import DB
from tests.browser_like import Person

# Europe/Berlin, the time zone of the back office unless the settings say otherwise.
SUMMER, WINTER = "2026-07-01T18:30", "2026-12-01T18:30"


async def saved(staff: Person, typed: str) -> datetime:
    page = await staff.fill(await staff.get("/price-lists/a"), {"valid_from": typed})
    assert page.errors == {}
    moment: datetime = await DB.fetch_value("SELECT valid_from FROM price_lists WHERE id = 'a'")
    return moment


@pytest.fixture
async def staff_with_list(staff: Person) -> Person:
    await create_price_list("a", PriceListDetails(name="A"))
    return staff


@pytest.mark.parametrize(
    ("typed", "moment"),
    [
        (SUMMER, datetime(2026, 7, 1, 16, 30, tzinfo=UTC)),
        (WINTER, datetime(2026, 12, 1, 17, 30, tzinfo=UTC)),
        # The clocks are put forward from 2:00 to 3:00, and back from 3:00 to 2:00.
        ("2026-03-29T01:59", datetime(2026, 3, 29, 0, 59, tzinfo=UTC)),
        ("2026-03-29T03:00", datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        ("2026-10-25T02:30", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("2026-10-25T02:30+01:00", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        ("2026-10-25T03:00", datetime(2026, 10, 25, 2, 0, tzinfo=UTC)),
        # Seconds, which browsers leave out where they are none.
        ("2026-07-01T18:30:15", datetime(2026, 7, 1, 16, 30, 15, tzinfo=UTC)),
    ],
)
async def test_a_time_is_read_where_the_shop_is_and_shown_as_it_was_typed(
    staff_with_list: Person, typed: str, moment: datetime
) -> None:
    staff = staff_with_list
    assert await saved(staff, typed) == moment
    page = await staff.get("/price-lists/a")
    assert page.typed("valid_from") == typed
    assert "Time zone: Europe/Berlin" in page.main
    # Saving what is shown changes nothing.
    assert await saved(staff, page.typed("valid_from")) == moment


async def test_the_second_of_two_equal_hours_is_shown_in_a_field_that_can_hold_it(
    staff_with_list: Person,
) -> None:
    await saved(staff_with_list, "2026-10-25T02:30+01:00")
    page = await staff_with_list.get("/price-lists/a")
    types = [page.tree.find(f".//input[@name='valid_{one}']").get("type") for one in ("from", "to")]
    assert types == ["text", "datetime-local"]


@pytest.mark.parametrize("typed", ["2026-03-29T02:00", "2026-03-29T02:59"])
async def test_a_time_that_does_not_exist_is_refused(staff_with_list: Person, typed: str) -> None:
    page = await staff_with_list.get("/price-lists/a")
    page = await staff_with_list.fill(page, {"valid_from": typed})
    assert page.status == 422
    assert "the clocks are put forward" in page.errors["valid_from"]
    assert page.typed("valid_from") == typed
    assert await DB.fetch_value("SELECT valid_from FROM price_lists WHERE id = 'a'") is None


@pytest.mark.parametrize("typed", ["yesterday", "0001-01-01T00:00", "9999-12-31T23:59", "2026-13-01T00:00"])
async def test_what_is_no_time_is_refused(staff_with_list: Person, typed: str) -> None:
    page = await staff_with_list.get("/price-lists/a")
    page = await staff_with_list.fill(page, {"valid_from": typed})
    assert "Please enter a date and time" in page.errors["valid_from"]
