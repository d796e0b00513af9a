"""The tax of what is sold to a country (domain.md 8)."""

from decimal import Decimal

import asyncpg
import pytest

from app.prices.tax import DEFAULT_TAX_RATES, MEMBER_STATES, TaxRates
from tests.databases import TestDatabases

GERMAN = TaxRates(
    {"DE": {"standard": Decimal(19), "reduced": Decimal(7)}, "CH": {"standard": Decimal("8.1")}}
)


@pytest.mark.parametrize("country", sorted(MEMBER_STATES - {"DE"}))
def test_a_member_state_without_rates_is_taxed_like_the_home_of_the_shop(country: str) -> None:
    found = [GERMAN.percent(country, one, "DE") for one in ("standard", "reduced", "zero")]
    assert found == [19, 7, 0]


def test_only_what_leaves_the_union_is_untaxed() -> None:
    assert GERMAN.percent("US", "standard", "DE") == 0
    assert GERMAN.percent("NO", "standard", "DE") == 0
    assert TaxRates(DEFAULT_TAX_RATES).percent("CH", "standard", "DE") == 0
    # Who has rates outside of the union is registered there.
    assert GERMAN.percent("CH", "standard", "DE") == Decimal("8.1")


def test_what_a_shop_outside_of_the_union_sends_there_is_untaxed() -> None:
    swiss = TaxRates({"CH": {"standard": Decimal("8.1")}})
    assert swiss.percent("CH", "standard", "CH") == Decimal("8.1")
    assert swiss.percent("IE", "standard", "CH") == 0


def test_the_own_rates_of_a_member_state_come_first() -> None:
    rates = TaxRates({"DE": {"standard": Decimal(19)}, "FR": {"standard": Decimal(20)}})
    assert rates.percent("FR", "standard", "DE") == 20
    # A class without a rate has the standard rate of its own country.
    assert rates.percent("FR", "reduced", "DE") == 20


def test_monaco_is_taxed_like_france_whether_a_shop_sends_there_or_is_at_home_there() -> None:
    rates = TaxRates({"FR": {"standard": Decimal(20)}, "MC": {"standard": Decimal(3)}})
    assert rates.percent("MC", "standard", "DE") == 20
    assert rates.percent("MC", "standard", "MC") == 20
    assert rates.percent("IT", "standard", "MC") == 20
    assert rates.percent("US", "standard", "MC") == 0


def test_all_member_states_have_rates_and_none_is_assumed_to_be_zero() -> None:
    assert len(MEMBER_STATES) == 27
    for country in MEMBER_STATES:
        rates = DEFAULT_TAX_RATES[country]
        assert 15 <= rates["standard"] <= 27
        assert 0 < rates["reduced"] <= rates["standard"]


async def test_a_new_shop_has_tax_rates_before_anybody_has_entered_some(databases: TestDatabases) -> None:
    connection = await asyncpg.connect(await databases.new_database())
    try:
        rows = await connection.fetch("SELECT country, tax_class, percent FROM tax_rates")
        assert await connection.fetchval("SELECT number > 0 FROM data_versions WHERE subject = 'taxes'")
    finally:
        await connection.close()
    found = {(row["country"], row["tax_class"]): row["percent"] for row in rows}
    assert found == {
        (country, one): percent for country, of in DEFAULT_TAX_RATES.items() for one, percent in of.items()
    }
