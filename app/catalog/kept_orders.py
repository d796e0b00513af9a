"""Orders of product lists, kept by this process: the ids of a list, packed, under all that decides the list.

Where prices decide it the shown prices are kept as well, so that any range of prices is found without a query.
"""

import uuid
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Iterable

BYTES_OF_ID = 16
# 32 MB for a process, and what many short orders take.
MOST_IDS = 2_000_000
MOST_ORDERS = 5_000


class Order:
    """The ids of a list in their order; `prices` are those that the audience is shown, in the same order."""

    __slots__ = ("_packed", "_prices")

    def __init__(self, ids: Iterable[uuid.UUID], prices: Iterable[int | None] | None = None) -> None:
        self._packed = b"".join(one.bytes for one in ids)
        # Prices are never below zero: that is the one of a product without price.
        self._prices = (
            array("q", (-1 if one is None else one for one in prices)) if prices is not None else None
        )

    def __len__(self) -> int:
        return len(self._packed) // BYTES_OF_ID

    @property
    def size(self) -> int:
        """How many ids would take as much room."""
        return len(self) * 3 // 2 if self._prices is not None else len(self)

    def ids(self, offset: int, count: int) -> list[uuid.UUID]:
        """So many ids from a place on."""
        part = self._packed[offset * BYTES_OF_ID : (offset + count) * BYTES_OF_ID]
        return [
            uuid.UUID(bytes=part[start : start + BYTES_OF_ID]) for start in range(0, len(part), BYTES_OF_ID)
        ]

    def within(self, lowest: int | None, highest: int | None) -> "Order":
        """What has a price between the two, both included, in the same order; all of it where neither is given.

        Raises ValueError for an order without prices.
        """
        if lowest is None and highest is None:
            return self
        if self._prices is None:
            raise ValueError("this order knows no prices")
        least = max(lowest or 0, 0)
        most = max(self._prices, default=0) if highest is None else highest
        places = [place for place, price in enumerate(self._prices) if least <= price <= most]
        found = Order(())
        found._packed = b"".join(
            self._packed[place * BYTES_OF_ID : (place + 1) * BYTES_OF_ID] for place in places
        )
        return found


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

    def keep(
        self, key: Hashable, ids: Iterable[uuid.UUID], prices: Iterable[int | None] | None = None
    ) -> Order:
        """Keeps an order, and forgets those that were not used for longest where there are too many."""
        order = Order(ids, prices)
        replaced = self._orders.pop(key, None)
        self._ids += order.size - (replaced.size if replaced is not None else 0)
        self._orders[key] = order
        while len(self._orders) > 1 and (self._ids > self._most_ids or len(self._orders) > MOST_ORDERS):
            _key, oldest = self._orders.popitem(last=False)
            self._ids -= oldest.size
        return order


kept_orders = KeptOrders()
