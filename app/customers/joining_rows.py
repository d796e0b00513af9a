"""Statements about what belongs to customers, with named values, and the order of locks that they are under.

Moving a user and merging customers change rows of many tables at once. Both lock the baskets first, then the
customers, then the memberships: placing an order holds its basket, changing a company's people the customer.
"""

import re
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from tables.engine import DB

# What is no list of keys and no text is a key.
_TYPES: Mapping[type[Any], str] = {list: "uuid[]", str: "text"}
_LOCK_BASKETS = """
    SELECT FROM baskets WHERE customer = ANY($1::uuid[]) AND ($2::uuid IS NULL OR "user" = $2) ORDER BY id FOR UPDATE
"""
_LOCK_ORDERS = """
    SELECT FROM orders WHERE customer = ANY($1::uuid[]) OR placed_for = ANY($1::uuid[])
    ORDER BY id FOR NO KEY UPDATE
"""
_LOCK_MEMBERSHIPS = """
    SELECT FROM memberships WHERE customer = ANY($1::uuid[]) ORDER BY id FOR UPDATE
"""


async def lock_customers(customers: Collection[uuid.UUID], user_id: uuid.UUID | None = None) -> None:
    """Locks customers with their people until the current transaction ends; orders that are being placed for them
    (by the user, where one is named) are waited for."""
    keys = list(customers)
    await lock_baskets(keys, user_id)
    await DB.execute("SELECT FROM customers WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", keys)
    await DB.execute(_LOCK_MEMBERSHIPS, keys)


async def lock_baskets(customers: Sequence[uuid.UUID], user_id: uuid.UUID | None = None) -> None:
    """Locks the baskets of customers (of the user, where one is named) until the current transaction ends: orders
    that are being placed are waited for. Before any lock of a customer, membership or user."""
    await DB.execute(_LOCK_BASKETS, customers, user_id)


async def lock_orders(customers: Sequence[uuid.UUID]) -> None:
    """Locks the orders of customers, and those that were placed for them, until the current transaction ends; after
    the users, and before what comes after orders (tables/lock_order.py)."""
    await DB.execute(_LOCK_ORDERS, customers)


async def execute_named(sql: str, **values: Any) -> int:
    """Runs a constant statement with names such as :user for values; how many rows it changed."""
    numbered, used = _numbered(sql, values)
    return await DB.execute(numbered, *used)


async def fetch_named(sql: str, **values: Any) -> list[dict[str, Any]]:
    """The rows of a constant statement with names such as :user for values."""
    numbered, used = _numbered(sql, values)
    return await DB.fetch(numbered, *used)


def _numbered(sql: str, values: dict[str, Any]) -> tuple[str, list[Any]]:
    used: list[str] = []

    def parameter(found: re.Match[str]) -> str:
        name = found[1]
        if name not in used:
            used.append(name)
        return f"${used.index(name) + 1}::{_TYPES.get(type(values[name]), 'uuid')}"

    return re.sub(r"(?<!:):([a-z]+)\b", parameter, sql), [values[name] for name in used]
