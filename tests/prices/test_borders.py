"""When prices begin and end, so that what is kept of them ends in time."""

import asyncio
from datetime import UTC, datetime, timedelta

from app.prices.borders import Span, span_of
from app.prices.price_entries import EntryDetails, add_entries
from app.versions import Subject, version_of
from tests.browser_like import visit
from tests.catalog.shelf import EVERYONE, Shelf, shelf

HOUR = timedelta(hours=1)
# A slow machine, too, has shown a page before then.
SOON = timedelta(seconds=10)
LIST = "/categories/beverages?sort=price"


async def teas() -> Shelf:
    made = await shelf()
    await made.product("GREEN", "Green tea", price=1000)
    await made.product("BLACK", "Black tea", price=1100)
    await made.price_list("of-a-time", EVERYONE, [])
    return made


async def span_at(moment: datetime) -> Span:
    return await span_of(moment, await version_of(Subject.PRICES))


async def test_prices_stay_between_the_moments_at_which_entries_begin_or_end(database: str) -> None:
    made = await teas()
    now = datetime.now(UTC).replace(microsecond=0)
    assert await span_at(now) == Span(None, None)
    begin = (now + 2 * HOUR).replace(second=30)
    end = begin + 2 * HOUR
    entry = EntryDetails(product_id=made.products["BLACK"], amount=500, valid_from=begin, valid_to=end)
    await add_entries("of-a-time", [entry])
    assert await span_at(now) == Span(None, begin)
    assert await span_at(now + 3 * HOUR) == Span(begin, end)
    assert await span_at(now + 5 * HOUR) == Span(end, None)
    just_begun = await span_at(begin + timedelta(seconds=1))
    assert just_begun.since == begin.replace(second=0)
    assert just_begun.until == begin.replace(second=0) + timedelta(minutes=1)
    just_ended = await span_at(end + timedelta(seconds=1))
    assert just_ended == Span(end.replace(second=0), end.replace(second=0) + timedelta(minutes=1))


async def test_a_list_by_price_changes_its_order_when_a_price_begins(database: str) -> None:
    made = await teas()
    person = await visit()

    async def cheapest_first() -> bool:
        text = (await person.get(LIST)).main
        return text.index("Black tea") < text.index("Green tea")

    begin = datetime.now(UTC) + SOON
    entry = EntryDetails(product_id=made.products["BLACK"], amount=500, valid_from=begin)
    await add_entries("of-a-time", [entry])
    assert not await cheapest_first()
    async with asyncio.timeout(70):
        while not await cheapest_first():
            await asyncio.sleep(0.05)
    assert datetime.now(UTC) >= begin
