"""Places one order again and again, each time in a process that kills itself (SIGKILL) before its next statement.

Run by tests/orders/test_kill.py with the cookie of a basket, the key and the fingerprint of a review. Prints a
line of JSON for each try: how the process ended, and what the database holds afterwards.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from app.languages import translations
from tables.engine import DB, Transaction, close_pool, open_pool
from tests.browser_like import patron, visit

AFTER = """
    SELECT (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_lines) AS lines,
           (SELECT sum(stock) FROM products) AS stock, (SELECT count(*) FROM basket_lines) AS in_basket,
           (SELECT count(*) FROM outbox_mails) AS mails,
           (SELECT coalesce(sum(used), 0) FROM promotions) AS used,
           (SELECT count(*) FROM promotion_uses) AS uses,
           (SELECT count(*) FROM payments WHERE state = 'held') AS held
"""


async def place(cookie: str, key: str, review: str, statements: int) -> None:
    """Sends the last click; the process dies before statement number `statements`."""
    await open_pool()
    person = await visit("shop")
    person.client.cookies.set("patron-shop-basket", cookie, domain="localhost.local", path="/")
    await person.get("/sign-in")
    die_before(statements)
    page = await person.post("/checkout/place", {"idempotency_key": key, "review": review, "terms": "on"})
    if page.h1 != "Thank you for your order":
        raise AssertionError(page.main)
    await close_pool()


def die_before(statements: int) -> None:
    """Counts every statement of the engine, those that begin and end transactions included."""
    left = statements

    def counting(original: Any) -> Any:
        async def run(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return await original(*arguments)

        return run

    for name in ("_records", "fetch_row", "fetch_value", "execute"):
        setattr(DB, name, counting(getattr(DB, name)))
    say = Transaction._say

    async def counted_say(transaction: Transaction, statement: str) -> str:
        return str(await counting(lambda: say(transaction, statement))())

    Transaction._say = counted_say  # type: ignore[method-assign]  # only in this process


def try_until_it_lives(
    one_try: Callable[[int], Coroutine[Any, Any, None]],
    after: Callable[[], Coroutine[Any, Any, Mapping[str, object]]],
    at_most: int,
) -> None:
    """Makes each try, with the number of its step, in a process of its own, until one is not killed; prints how each
    ended and what there is after it."""
    for step in range(at_most):
        child = os.fork()
        if child == 0:
            try:
                asyncio.run(one_try(step))
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                os._exit(1)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        print(json.dumps({"status": status, **asyncio.run(after())}), flush=True)
        if status != signal.SIGKILL:
            return


async def after() -> dict[str, int]:
    """What the database holds."""
    row = await DB.fetch_row(AFTER)
    return {name: int(value) for name, value in (row or {}).items()}


def main() -> None:
    """Lets more and more statements through, until an order is placed without being killed."""
    cookie, key, review = sys.argv[1:]
    # Once for all children, which are copies of this process.
    patron()
    translations("de")
    try_until_it_lives(lambda statements: place(cookie, key, review, statements), after, 200)


if __name__ == "__main__":
    main()
