"""Tax by country and tax class (domain.md 8), and the split of an amount into net, tax and gross."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

import msgspec

from app.languages import text
from app.money import rounded_ratio
from app.versions import Held, Subject, raise_version
from tables.engine import DB
from tables.keys import new_key

# What the tax classes of products are called.
TAX_CLASSES: Mapping[str, str] = MappingProxyType(
    {"standard": text("Standard rate"), "reduced": text("Reduced rate"), "zero": text("Tax-free")}
)
UNTAXED = Decimal(0)


def _rates(standard: str, reduced: str) -> dict[str, Decimal]:
    return {"standard": Decimal(standard), "reduced": Decimal(reduced)}


# Standard rate, and the rate of most food, in percent, as enacted for 2026 (written down in November 2026, to be
# compared with the Taxes in Europe Database of the European Commission). Laws divide food among rates in their own
# ways, so a shop that sells abroad looks at them with its tax adviser. Zero is never assumed: Ireland and Malta tax
# much food at zero and the rest higher; here stands the lowest rate above.
# A new database has the rates of the member states (tables/migrations), and none of countries outside of the union:
# what goes there is an export, and only a shop that is registered there enters rates.
DEFAULT_TAX_RATES: Mapping[str, Mapping[str, Decimal]] = MappingProxyType(
    {
        "AT": _rates("20", "10"),
        "BE": _rates("21", "6"),
        "BG": _rates("20", "20"),
        "CY": _rates("19", "5"),
        "CZ": _rates("21", "12"),
        "DE": _rates("19", "7"),
        "DK": _rates("25", "25"),
        "EE": _rates("24", "24"),
        "ES": _rates("21", "10"),
        # Food 13.5 % since January 2026.
        "FI": _rates("25.5", "13.5"),
        "FR": _rates("20", "5.5"),
        "GR": _rates("24", "13"),
        "HR": _rates("25", "5"),
        "HU": _rates("27", "27"),
        "IE": _rates("23", "13.5"),
        "IT": _rates("22", "10"),
        "LT": _rates("21", "21"),
        "LU": _rates("17", "3"),
        "LV": _rates("21", "21"),
        "MT": _rates("18", "5"),
        "NL": _rates("21", "9"),
        "PL": _rates("23", "5"),
        "PT": _rates("23", "6"),
        "RO": _rates("21", "11"),
        # Food 6 % from April 2026 to the end of 2027.
        "SE": _rates("25", "6"),
        "SI": _rates("22", "9.5"),
        "SK": _rates("23", "19"),
    }
)
MEMBER_STATES = frozenset(DEFAULT_TAX_RATES)
# Monaco counts as France (directive 2006/112/EC, article 7).
COUNTS_AS: Mapping[str, str] = MappingProxyType({"MC": "FR"})


class NetTaxGross(msgspec.Struct, frozen=True):
    """One amount without tax, its tax, and both together, in minor units. net + tax = gross."""

    net: int
    tax: int
    gross: int

    def __add__(self, other: "NetTaxGross") -> "NetTaxGross":
        return NetTaxGross(self.net + other.net, self.tax + other.tax, self.gross + other.gross)

    def __sub__(self, other: "NetTaxGross") -> "NetTaxGross":
        return NetTaxGross(self.net - other.net, self.tax - other.tax, self.gross - other.gross)

    def shown(self, is_net: bool) -> int:
        """What stands on a page that shows net, or gross, amounts."""
        return self.net if is_net else self.gross


NOTHING = NetTaxGross(0, 0, 0)


def taxed_as(country: str) -> str:
    """The country whose rates hold in a country (ISO 3166): mostly itself."""
    return COUNTS_AS.get(country, country)


def split(amount: int, percent: Decimal, is_net: bool) -> NetTaxGross:
    """What a net (or else gross) amount consists of. Net to gross and back is the same net amount again."""
    return split_by(amount, hundredths(percent), is_net)


def split_by(amount: int, tax: int, is_net: bool) -> NetTaxGross:
    """The same for a tax in hundredths of a percent: page after page splits amounts, and whole numbers are fast."""
    if is_net:
        of_amount = rounded_ratio(amount * tax, 10_000)
        return NetTaxGross(amount, of_amount, amount + of_amount)
    net = rounded_ratio(amount * 10_000, 10_000 + tax)
    return NetTaxGross(net, amount - net, amount)


def hundredths(percent: Decimal) -> int:
    """A percentage in hundredths of a percent, which is exact: percentages have at most two decimals."""
    return int(percent * 100)


@dataclass(frozen=True, slots=True)
class TaxRates:
    """Percentages by country and tax class."""

    percents: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)

    def percent(self, country: str, tax_class: str, home: str) -> Decimal:
        """The tax in percent of what a shop at home in one country sells to another (ISO 3166).

        A member state without rates of its own has those of the shop's home: up to 10,000 EUR a year of sales to
        other member states are taxed there (directive 2006/112/EC, article 59c), and a shop that sells more must
        enter the rates of each. Only goods that leave the union are delivered tax-free, and what a shop outside of
        it sends there, except to countries with rates of their own: who enters these is registered there. A class
        that a country does not set has its standard rate, since too little tax would be the shop's loss.
        """
        of_country = self._of(taxed_as(country), taxed_as(home))
        if of_country is None or tax_class == "zero":
            return UNTAXED
        return of_country.get(tax_class, of_country.get("standard", UNTAXED))

    def _of(self, country: str, home: str) -> Mapping[str, Decimal] | None:
        own = self.percents.get(country)
        if own is not None or country not in MEMBER_STATES or home not in MEMBER_STATES:
            return own
        return self.percents.get(home)


async def tax_rates(versions: Mapping[str, int]) -> TaxRates:
    """The rates at these versions, those of the very request (`visitor.versions`)."""
    return await _rates_of.at(versions)


async def _read_rates() -> TaxRates:
    percents: dict[str, dict[str, Decimal]] = {}
    for row in await DB.fetch("SELECT country, tax_class, percent FROM tax_rates"):
        percents.setdefault(row["country"], {})[row["tax_class"]] = row["percent"]
    return TaxRates(percents)


_rates_of: Held[TaxRates] = Held(_read_rates, Subject.TAXES)


async def set_tax_rates(rates: Mapping[str, Mapping[str, Decimal]] = DEFAULT_TAX_RATES) -> None:
    """Sets percentages by country and tax class, those named only, and tells every worker."""
    async with DB.transaction():
        for country, of_country in rates.items():
            for tax_class, percent in of_country.items():
                await DB.execute(
                    "INSERT INTO tax_rates (id, country, tax_class, percent) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT (country, tax_class) DO UPDATE SET percent = excluded.percent",
                    new_key(),
                    country,
                    tax_class,
                    percent,
                )
        await raise_version(Subject.TAXES)
