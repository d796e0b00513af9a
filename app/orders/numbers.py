"""Order numbers (domain.md 9)."""

from tables.engine import DB

SERIES = "orders"
FIRST = 200001

# One statement: it waits for a transaction that takes a number at the same time, and never gives one twice.
_NEXT = """
    INSERT INTO number_series AS s (name, last_number) VALUES ($1, $2)
    ON CONFLICT (name) DO UPDATE SET last_number = s.last_number + 1
    RETURNING last_number
"""


async def next_order_number() -> str:
    """A number that no order has, in the current transaction; those that an import gave are passed over."""
    while True:
        number = str(await DB.fetch_value(_NEXT, SERIES, FIRST))
        if not await DB.fetch_value("SELECT EXISTS (SELECT FROM orders WHERE number = $1)", number):
            return number
