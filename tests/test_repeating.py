"""What PostgreSQL ends, since transactions wait for each other in a circle, is run again (tables/repeating.py).

The circles are real ones, made by a second connection: it holds the row that the other one needs next, and asks for
the row that the other one holds.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from app.worker import Job, run_worker
from tables import repeating
from tables.engine import DB, DatabaseUnavailable
from tables.repeating import TRIES, repeated
from tests.browser_like import Person, SeenPage, mails, visit
from tests.checkout.ordering import add, answer, number_on, open_shop, place
from tests.other_connection import other_connection, until_somebody_waits
from tests.test_metrics import figure, metrics

FIRST_ROW = "UPDATE number_series SET last_number = last_number + 1 WHERE name = 'first'"
SECOND_ROW = "UPDATE number_series SET last_number = last_number + 1 WHERE name = 'second'"
# The order of the basket holds the basket, and then needs the products.
BASKET = "SELECT FROM baskets FOR UPDATE"
PRODUCTS = "SELECT FROM products FOR NO KEY UPDATE"


@pytest.fixture
async def other(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[asyncpg.Connection]:
    """The second connection. Who was ended comes back when it has long taken what it was waiting for: else both might
    meet in the same circle once more than the test means."""
    monkeypatch.setattr(repeating, "SHORTEST_WAIT", 0.5)
    monkeypatch.setattr(repeating, "LONGEST_WAIT", 0.5)
    async with other_connection(database) as connection:
        yield connection


async def in_a_circle(
    other: asyncpg.Connection, work: Awaitable[object], *, needs: str, holds: str, times: int
) -> list[object]:
    """Lets what `work` does be ended so many times for the other connection; then nobody is in its way.

    `needs` locks what it needs last, `holds` what it holds by then. Gives its outcome in a list, or its exception.
    """
    await other.execute(f"BEGIN; {needs}; SAVEPOINT only_that")
    task = asyncio.ensure_future(work)
    since = None
    for ended in range(1, times + 1):
        since = await until_somebody_waits(task, since=since)
        # Comes back once the other transaction was ended, so that this one has both.
        await other.execute(holds)
        if ended < times:
            # The next try waits for what it locks first. It gets that, and comes to what is held all the time.
            since = await until_somebody_waits(task, since=since)
            await other.execute("ROLLBACK TO only_that")
    await other.execute("ROLLBACK")
    return await asyncio.gather(task, return_exceptions=True)


async def two_rows() -> None:
    for name in ("first", "second"):
        await DB.execute("INSERT INTO number_series (name, last_number) VALUES ($1, 0)", name)


async def counted() -> dict[str, int]:
    return {row["name"]: row["last_number"] for row in await DB.fetch("SELECT * FROM number_series")}


async def both_in_one_transaction() -> int:
    async with DB.transaction():
        await DB.execute(FIRST_ROW)
        await DB.execute(SECOND_ROW)
    return 1


async def both_in_one_statement() -> int:
    return await DB.execute(
        f"WITH one AS ({FIRST_ROW} RETURNING name) {SECOND_ROW} AND EXISTS (SELECT FROM one)"
    )


async def both_in_one_repeated_transaction() -> int:
    return await repeated(both_in_one_transaction, "the test")


@pytest.mark.parametrize("work", [both_in_one_statement, both_in_one_repeated_transaction])
async def test_what_was_ended_twice_is_carried_out_once(
    other: asyncpg.Connection, work: Callable[[], Awaitable[int]]
) -> None:
    await two_rows()
    assert await in_a_circle(other, work(), needs=SECOND_ROW, holds=FIRST_ROW, times=2) == [1]
    assert await counted() == {"first": 1, "second": 1}


@pytest.mark.parametrize("work", [both_in_one_statement, both_in_one_repeated_transaction])
async def test_what_was_ended_three_times_is_given_up(
    other: asyncpg.Connection, work: Callable[[], Awaitable[int]]
) -> None:
    await two_rows()
    [error] = await in_a_circle(other, work(), needs=SECOND_ROW, holds=FIRST_ROW, times=TRIES)
    assert isinstance(error, DatabaseUnavailable)
    assert isinstance(error.__cause__, asyncpg.DeadlockDetectedError)
    assert await counted() == {"first": 0, "second": 0}


async def test_a_statement_inside_a_transaction_is_not_run_again_by_itself(other: asyncpg.Connection) -> None:
    await two_rows()
    [error] = await in_a_circle(other, both_in_one_transaction(), needs=SECOND_ROW, holds=FIRST_ROW, times=1)
    assert isinstance(error, asyncpg.DeadlockDetectedError)
    assert await counted() == {"first": 0, "second": 0}


async def ready_to_order() -> tuple[Person, SeenPage]:
    await open_shop()
    person = await visit("shop")
    await add(person, "TEA", 3)
    return person, await answer(person)


async def test_a_request_that_was_ended_is_answered_as_if_nothing_had_happened_and_carried_out_once(
    other: asyncpg.Connection,
) -> None:
    person, review = await ready_to_order()
    before = figure(await metrics(), "patron_repeated_requests_total", application="shop")
    [page] = await in_a_circle(other, place(person, review), needs=PRODUCTS, holds=BASKET, times=2)
    assert isinstance(page, SeenPage)
    number = number_on(page)
    assert [row["number"] for row in await DB.fetch("SELECT number FROM orders")] == [number]
    assert await DB.fetch_value("SELECT stock FROM products WHERE sku = 'TEA'") == 47
    assert len(await mails("order_placed")) == 1
    after = figure(await metrics(), "patron_repeated_requests_total", application="shop")
    assert after == before + 2


async def test_a_request_that_was_ended_three_times_says_so_and_has_done_nothing(
    other: asyncpg.Connection,
) -> None:
    person, review = await ready_to_order()
    [page] = await in_a_circle(other, place(person, review), needs=PRODUCTS, holds=BASKET, times=TRIES)
    assert isinstance(page, SeenPage)
    assert (page.status, page.h1) == (503, "Back in a moment")
    assert "Nothing is lost" in page.main
    assert page.response.headers["retry-after"] == "5"
    assert await DB.fetch_value("SELECT count(*) FROM orders") == 0
    assert await DB.fetch_value("SELECT stock FROM products WHERE sku = 'TEA'") == 50
    assert await DB.fetch_value("SELECT quantity FROM basket_lines") == 3
    assert await mails("order_placed") == []
    assert number_on(await place(person, review)), "the same form, sent once more, orders"


async def test_a_job_that_was_ended_is_done_in_the_same_round(other: asyncpg.Connection) -> None:
    await two_rows()
    assert await in_a_circle(other, one_round(), needs=SECOND_ROW, holds=FIRST_ROW, times=1) == [None]


async def one_round() -> None:
    stop = asyncio.Event()
    # The next round would come in an hour.
    working = asyncio.ensure_future(run_worker(stop, (Job(__name__, "both_in_one_transaction", every=3600),)))
    async with asyncio.timeout(30):
        while await counted() != {"first": 1, "second": 1}:
            await asyncio.sleep(0.02)
    stop.set()
    await working
