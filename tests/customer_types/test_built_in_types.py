"""Individuals and businesses visibly differ, by extension points alone (domain.md 2, issue 2)."""

import pytest

from tests import people
from tests.browser_like import visit


@pytest.mark.parametrize(
    ("path", "only_private", "only_business"),
    [
        ("/", "For your table", "For your trade"),
        ("/", "Prices include VAT", "For business customers"),
        ("/", "a tin of good sardines", "One account for your whole company"),
        ("/register", "Birthday", "Company name"),
        ("/register", "It takes a minute", "account administrator"),
        ("/register/done", "mailbox", "We look at every application in person"),
    ],
)
async def test_the_two_shops_differ(database, path, only_private, only_business):
    private = (await (await visit("shop")).get(path)).text
    business = (await (await visit("business")).get(path)).text
    assert only_private in private
    assert only_business in business
    assert only_business not in private
    assert only_private not in business or only_private == "mailbox"


@pytest.mark.parametrize(
    ("path", "only_private", "only_business"),
    [
        ("/account", "Something for tonight?", "Stock up"),
        ("/account/profile", "Birthday", "You act for Alfreds Futterkiste."),
        ("/account/addresses/new", "Sending a gift?", "With a company, the person may be left out."),
    ],
)
async def test_the_two_accounts_differ(database, path, only_private, only_business):
    private = (await (await (await people.shopper()).signed_in()).get(path)).text
    business = (await (await (await people.company()).signed_in()).get(path)).text
    assert only_private in private
    assert only_business in business
    assert only_business not in private
    assert only_private not in business
