"""Amounts of money as people type them, with a comma or a point."""

import re
from dataclasses import dataclass
from decimal import Decimal

from app.forms import Field, Invalid
from app.languages import current_language
from app.languages import gettext as _

LARGEST_AMOUNT = 10**11
# At most 20 signs, none of them an exponent: the few letters of 1E+999990 would be a number of a million digits, and
# reckoning with it would hold up every page for most of a minute.
_NUMBER = re.compile(r"(?=.{1,20}\Z)[+-]?(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)")


@dataclass(frozen=True, kw_only=True)
class Amount(Field):
    """An amount of money such as 12.50 or 12,50; the value is in minor units, None while nothing is typed."""

    required: bool = False

    def empty(self) -> None:
        """No amount."""
        return

    def value(self, raw: str) -> int:
        """Refuses what is no amount, negative or finer than a cent."""
        amount = typed_decimal(raw) * 100
        if amount != int(amount) or not 0 <= amount <= LARGEST_AMOUNT:
            raise Invalid(_("Please enter an amount such as 12.50."))
        return int(amount)


def typed_decimal(raw: str) -> Decimal:
    """The number that was typed, with at most 20 digits. Raises Invalid."""
    # A comma is a decimal sign here; who groups thousands is told so.
    if not _NUMBER.fullmatch(raw):
        raise Invalid(_("Please enter a number such as 12.50."))
    return Decimal(raw.replace(",", "."))


def amount_as_typed(minor_units: int | None) -> str:
    """An amount as the person would type it into a field: in German with a comma."""
    plain = plain_amount(minor_units)
    return plain.replace(".", ",") if current_language.get() == "de" else plain


def plain_amount(minor_units: int | None) -> str:
    """An amount as it is recorded, in whatever language somebody works: 12.50; "" for none."""
    return "" if minor_units is None else f"{minor_units // 100}.{minor_units % 100:02}"
