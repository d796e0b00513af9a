"""Tax rates as staff change them, a country at a time (domain.md 8, 15)."""

from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256

from app.applications import Application, all_applications
from app.audit import record
from app.errors import Conflict
from app.prices.tax import MEMBER_STATES, TAX_CLASSES, set_tax_rates, taxed_as
from app.versions import Subject, raise_version
from app.visitor import Visitor
from tables.engine import DB

# Any number that nothing else locks: changes of rates wait for each other.
_LOCK = 7_046_217_310_016
# What is free of tax needs no rate.
CLASSES_WITH_RATES = tuple(one for one in TAX_CLASSES if one != "zero")


class HomeNeedsRates(ValueError):
    """The rates of a shop's home country cannot be deleted: who sells without tax there says so by a rate of 0."""


def homes_of_shops() -> frozenset[str]:
    """The countries whose rates the shops have at home."""
    return frozenset(taxed_as(one.default_country) for one in _shops())


async def shops_without_rates() -> list[Application]:
    """The shops whose home country has no rates, so that they sell without tax there."""
    rates = await rates_by_country()
    return [one for one in _shops() if taxed_as(one.default_country) not in rates]


async def shops_that_tax_like_the_union() -> list[Application]:
    """The shops at home outside of the European Union that have rates of member states nevertheless: they charge
    VAT there, which only a shop that is registered there owes."""
    if MEMBER_STATES.isdisjoint(await rates_by_country()):
        return []
    return [one for one in _shops() if taxed_as(one.default_country) not in MEMBER_STATES]


async def rates_by_country() -> dict[str, dict[str, Decimal]]:
    """The percentages of every country that has any, by tax class, as they are now."""
    rates: dict[str, dict[str, Decimal]] = {}
    for row in await DB.fetch(
        "SELECT country, tax_class, percent FROM tax_rates ORDER BY country, tax_class"
    ):
        rates.setdefault(row["country"], {})[row["tax_class"]] = row["percent"]
    return rates


def version_of_rates(rates: Mapping[str, Decimal] | None) -> str:
    """What an edit of a country's rates began with: the rates themselves, since they are few."""
    return " ".join(f"{one}={percent.normalize():f}" for one, percent in sorted((rates or {}).items()))


async def change_tax_rates(
    country: str, rates: Mapping[str, Decimal], *, version: str, visitor: Visitor | None = None
) -> None:
    """Makes these the rates of a country (ISO 3166), instead of what they were; none at all: no own ones.

    Prices on the next page follow, orders keep their taxes. Raises Conflict when the rates are no longer those
    of `version`, HomeNeedsRates.
    """
    async with DB.transaction():
        await DB.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        before = (await rates_by_country()).get(country, {})
        if version_of_rates(before) != version:
            raise Conflict
        if not rates and country in homes_of_shops():
            raise HomeNeedsRates(country)
        await DB.execute(
            "DELETE FROM tax_rates WHERE country = $1 AND NOT (tax_class = ANY($2::text[]))",
            country,
            list(rates),
        )
        await set_tax_rates({country: rates})
        await record(
            "tax rates changed",
            visitor=visitor,
            before={"country": country} | {one: str(percent) for one, percent in before.items()},
            after={"country": country} | {one: str(percent) for one, percent in rates.items()},
        )
        await raise_version(Subject.TAXES)


def other_member_states(rates: Mapping[str, Mapping[str, Decimal]]) -> list[str]:
    """The member states of the European Union with rates where no shop is at home. None while a home in the union has
    no rates itself: what goes to the others is taxed like there as soon as they have none."""
    homes = homes_of_shops()
    if any(home in MEMBER_STATES and home not in rates for home in homes):
        return []
    return sorted(MEMBER_STATES.intersection(rates) - homes)


def version_of_all_rates(rates: Mapping[str, Mapping[str, Decimal]]) -> str:
    """What a decision about the rates of many countries began with."""
    all_of_them = ";".join(f"{country} {version_of_rates(of)}" for country, of in sorted(rates.items()))
    return sha256(all_of_them.encode()).hexdigest()


async def delete_rates_of_other_member_states(*, version: str, visitor: Visitor | None = None) -> None:
    """Deletes the rates of `other_member_states`, all or none: for shops that sell so little abroad that they tax it
    like at home, and for shops outside of the union (README, Taxes).

    Raises Conflict when the rates are no longer those of `version`.
    """
    async with DB.transaction():
        await DB.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        rates = await rates_by_country()
        if version_of_all_rates(rates) != version:
            raise Conflict
        for country in other_member_states(rates):
            await change_tax_rates(country, {}, version=version_of_rates(rates[country]), visitor=visitor)


def _shops() -> list[Application]:
    return [one for one in all_applications() if not one.is_back_office]
