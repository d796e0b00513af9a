"""Individuals and businesses visibly differ, by extension points alone (domain.md 2, issue 2)."""

from pathlib import Path

import pytest

import app.applications
from tests import people
from tests.browser_like import forget_patron, visit


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


async def test_a_shop_for_both_does_not_say_that_it_is_for_businesses(database, tmp_path, monkeypatch):
    own = Path(app.applications.__file__).with_name("applications.toml").read_text()
    file = tmp_path / "applications.toml"
    file.write_text(own.replace('kind = "business"', 'kind = "business"\nlogin = ["INDIVIDUAL", "SMB"]'))
    monkeypatch.setenv("PATRON_CONFIG", str(file))
    forget_patron()
    try:
        assert "For business customers" not in (await (await visit("business")).get("/")).text
        company = await (await people.company()).signed_in()
        assert "For business customers" in (await company.get("/account")).text
        shopper = await (await people.shopper()).signed_in("business")
        assert "For business customers" not in (await shopper.get("/account")).text
    finally:
        monkeypatch.undo()
        forget_patron()
