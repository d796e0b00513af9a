"""Taxation ids, checked for form by country (domain.md 6). Nobody outside is asked."""

import re
from typing import Any

from stdnum import get_cc_module
from stdnum.eu import vat as european_vat

from app.languages import gettext as _

# Greece writes EL before its numbers, Northern Ireland XI.
PREFIX_COUNTRIES = {"EL": "GR", "XI": "GB"}
_ANY_ID = re.compile(r"[0-9A-Z]{4,20}")


def taxation_id_problem(typed: str, country: str) -> str | None:
    """Why a taxation id cannot be right, as a sentence for the person, or None.

    The two letters in front of a European number decide, else the country of the company's address ("" while
    unknown). Numbers of countries that we have no rules for are only checked for letters and digits.
    """
    number = _compact(typed)
    rules = _rules_for(_country_of(number, country))
    is_right = rules.is_valid(number) if rules is not None else bool(_ANY_ID.fullmatch(number))
    return None if is_right else _("This taxation id does not have the form that its country uses.")


def kept_taxation_id(typed: str, country: str) -> tuple[str, str]:
    """What is kept of a faultless taxation id: its compact spelling and its country ("" while unknown)."""
    number = _compact(typed)
    return (number, _country_of(number, country)) if number else ("", "")


def _compact(typed: str) -> str:
    return re.sub(r"[\s./-]", "", typed).upper()


def _country_of(number: str, country: str) -> str:
    prefix = number[:2]
    if prefix in PREFIX_COUNTRIES:
        return PREFIX_COUNTRIES[prefix]
    is_european = prefix.lower() in european_vat.MEMBER_STATES
    # Some national numbers begin with letters as well: a prefix counts where it is the address' country, or
    # where the rules of that country agree.
    if prefix == country or (is_european and european_vat.is_valid(number)):
        return prefix
    return country or (prefix if is_european else "")


def _rules_for(country: str) -> Any:
    try:
        return get_cc_module(country.lower(), "vat") if country else None
    except ImportError:
        return None
