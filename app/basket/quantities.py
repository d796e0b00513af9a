"""How many of a product may be ordered: the smallest quantity, its steps, and what is in stock (domain.md 9)."""

from dataclasses import dataclass
from typing import Protocol

from app.forms import Field, Invalid
from app.languages import gettext as _
from app.languages import ngettext

# Larger quantities are asked of people, not of a form; the database guards ten times as many.
MOST = 100_000


class Orderable(Protocol):
    """What decides how many of a product may be ordered."""

    @property
    def stock(self) -> int:
        """Pieces in stock."""

    @property
    def smallest_quantity(self) -> int:
        """The fewest that may be ordered."""

    @property
    def step_quantity(self) -> int:
        """Only multiples of it may be ordered: it is what one package holds."""


@dataclass(frozen=True, kw_only=True)
class Quantity(Field):
    """A whole number of pieces; `least` is 0 where none means that a line goes."""

    least: int = 1

    def value(self, raw: str) -> int:
        """Refuses what is no whole number between `least` and the most that a form takes."""
        if not (raw.isascii() and raw.isdigit() and len(raw) <= 12):
            raise Invalid(_("Please enter the quantity as a whole number."))
        number = int(raw)
        if number < self.least:
            raise Invalid(_("Please order at least one piece."))
        if number > MOST:
            raise Invalid(_("Please order at most %(n)s pieces at a time.", n=MOST))
        return number


def available_quantity(product: Orderable, wanted: int) -> int:
    """The most of what is wanted that may be ordered and is in stock; 0 where that is nothing."""
    most = min(wanted, product.stock)
    most -= most % product.step_quantity
    return most if most >= product.smallest_quantity else 0


def with_what_is_there(problem: str, before: int) -> str:
    """The same, for a person who added to so many in the basket: what was typed alone would be possible."""
    return (
        _("%(problem)s There are %(n)s in your basket already.", problem=problem, n=before)
        if before
        else problem
    )


def quantity_problem(product: Orderable, quantity: int) -> str:
    """Why so many cannot be ordered, for the person; "" where they can."""
    if quantity < product.smallest_quantity:
        return _("Please order at least %(n)s pieces.", n=product.smallest_quantity)
    if quantity % product.step_quantity:
        return _("This product is sold in steps of %(n)s pieces.", n=product.step_quantity)
    if product.stock < product.smallest_quantity:
        return _("This product is out of stock at the moment.")
    if quantity > product.stock:
        return ngettext("Only one piece is in stock.", "Only %(n)s pieces are in stock.", product.stock)
    return ""
