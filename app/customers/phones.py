"""Phone numbers: read leniently, kept in one spelling (domain.md 6)."""

import re
from dataclasses import dataclass

import phonenumbers

from app.forms import Invalid, Text
from app.languages import gettext as _

_ALLOWED = re.compile(r"[0-9A-Za-z+()/.,;#* ‐‑–-]+")
FEWEST_DIGITS = 3


@dataclass(frozen=True, kw_only=True)
class Phone(Text):
    """A phone or fax number. Extensions and notes such as "ext. 12" are fine."""

    required: bool = False
    max_length: int = 40

    def value(self, raw: str) -> str:
        """Refuses only what nobody could dial."""
        number = super().value(raw)
        if not _ALLOWED.fullmatch(number) or sum(sign.isdigit() for sign in number) < FEWEST_DIGITS:
            raise Invalid(_("Please enter a phone number such as +49 30 1234567."))
        return number


def normalised_phone(typed: str, country: str) -> str:
    """The international spelling (ITU-T E.123) of what was typed in a country; what was typed where there is none.

    Our idea of numbering plans is never complete, so that an unknown number is kept rather than refused.
    """
    try:
        number = phonenumbers.parse(typed, country or None)
    except phonenumbers.NumberParseException:
        return " ".join(typed.split())
    if not phonenumbers.is_valid_number(number):
        return " ".join(typed.split())
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)[:40]
