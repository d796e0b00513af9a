"""Parts of pages with products, lists and single ones: rendered once for an audience, and kept by this process.

A part may show whatever the audience and the versions of the data decide, and nothing of one visitor: it is
rendered without one (`app.pages.parts_of`). It is kept until the first moment at which a price that is valid now
ends or another begins.
"""

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from datetime import datetime

from markupsafe import Markup

from app.versions import Subject
from app.visitor import Visitor

# What all parts of a process may take together; a list of 24 products has some 25 thousand bytes.
MOST_BYTES = 8_000_000
# Whatever decides the products of a list, their prices, and what is said of their stock.
DECIDING = (
    Subject.CATALOG,
    Subject.VIEWS,
    Subject.PRICES,
    Subject.TARGETS,
    Subject.TAXES,
    Subject.STOCK,
)

Parts = Mapping[str, Markup]


def key_of_parts(visitor: Visitor, *page: Hashable) -> Hashable:
    """What the parts of a page with products are kept by: equal for two visitors only if they see the same."""
    versions = tuple(visitor.versions.get(subject, 0) for subject in DECIDING)
    return (*page, visitor.language, visitor.audience, versions)


class KeptParts:
    """The parts of the pages that were asked for last, with so many bytes at most."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept: OrderedDict[Hashable, tuple[datetime | None, dict[str, bytes]]] = OrderedDict()
        self._most_bytes = most_bytes
        self._bytes = 0

    def get(self, key: Hashable, now: datetime) -> Parts | None:
        """The parts under a key by name, or None where there are none, or none that hold any longer."""
        found = self._kept.get(key)
        if found is None:
            return None
        until, parts = found
        if until is not None and until <= now:
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return {name: Markup(part.decode()) for name, part in parts.items()}

    def keep(self, key: Hashable, parts: Parts, until: datetime | None) -> None:
        """Keeps parts until a moment (excluding it), and forgets those that nobody asked for the longest."""
        # An euro sign makes Python store every letter of a text in two bytes.
        packed = {name: part.encode() for name, part in parts.items()}
        self._forget(key)
        self._kept[key] = (until, packed)
        self._bytes += _size(packed)
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: Hashable) -> None:
        _until, parts = self._kept.pop(key, (None, {}))
        self._bytes -= _size(parts)


def _size(parts: Mapping[str, bytes]) -> int:
    return sum(len(part) for part in parts.values())


kept_parts = KeptParts()
