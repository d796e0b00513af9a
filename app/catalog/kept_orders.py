"""Orders of product lists, kept by this process: the ids of a list, packed, under all that decides the list."""

import uuid
from collections import OrderedDict
from collections.abc import Hashable, Iterable

BYTES_OF_ID = 16
# 32 MB for a process, and what many short orders take.
MOST_IDS = 2_000_000
MOST_ORDERS = 5_000


class Order:
    """The ids of a list in their order."""

    __slots__ = ("_packed",)

    def __init__(self, ids: Iterable[uuid.UUID]) -> None:
        self._packed = b"".join(one.bytes for one in ids)

    def __len__(self) -> int:
        return len(self._packed) // BYTES_OF_ID

    def ids(self, offset: int, count: int) -> list[uuid.UUID]:
        """So many ids from a place on."""
        part = self._packed[offset * BYTES_OF_ID : (offset + count) * BYTES_OF_ID]
        return [
            uuid.UUID(bytes=part[start : start + BYTES_OF_ID]) for start in range(0, len(part), BYTES_OF_ID)
        ]


class KeptOrders:
    """The orders that were used last, with so many ids at most."""

    def __init__(self, most_ids: int = MOST_IDS) -> None:
        self._orders: OrderedDict[Hashable, Order] = OrderedDict()
        self._most_ids = most_ids
        self._ids = 0

    def get(self, key: Hashable) -> Order | None:
        """The order kept under a key, or None."""
        found = self._orders.get(key)
        if found is not None:
            self._orders.move_to_end(key)
        return found

    def keep(self, key: Hashable, ids: Iterable[uuid.UUID]) -> Order:
        """Keeps an order, and forgets those that were not used for longest where there are too many."""
        order = Order(ids)
        replaced = self._orders.pop(key, None)
        self._ids += len(order) - (len(replaced) if replaced is not None else 0)
        self._orders[key] = order
        while len(self._orders) > 1 and (self._ids > self._most_ids or len(self._orders) > MOST_ORDERS):
            _key, oldest = self._orders.popitem(last=False)
            self._ids -= len(oldest)
        return order


kept_orders = KeptOrders()
