"""Contracts as a company's users see them: their days, what they bring, how far they have come (domain.md 12)."""

import uuid
from datetime import date, timedelta

import pytest

from app.contracts.edit_contract import ContractDetails, create_contract
from tables.engine import DB
from tests import people
from tests.catalog.shelf import counted_queries
from tests.contracts.test_contract import a_price_list, ordered

pytestmark = pytest.mark.usefixtures("database")

TODAY = date.today()
LAST_WEEK = (TODAY - timedelta(7)).isoformat()


async def a_contract(known: people.Known, **changes: object) -> uuid.UUID:
    details = {
        "name": "Frame contract",
        "starts_on": TODAY - timedelta(30),
        "ends_on": TODAY + timedelta(30),
        "target_revenue": 100_000,
        "comment": "Between us: they would pay more.",
        **changes,
    }
    return await create_contract(known.customer_id, ContractDetails(**details))


async def test_a_buyer_sees_the_days_the_price_lists_and_how_far_the_contract_has_come():
    known = await people.company()
    key = await a_contract(known, price_lists=[await a_price_list("Gold")])
    colleague = await people.colleague(known, "bob@alfki.example")
    await ordered(known, 30_000, LAST_WEEK)
    await ordered(known, 99_000, LAST_WEEK, state="cancelled")
    own = await ordered(colleague, 12_000, LAST_WEEK)
    buyer = await colleague.signed_in()
    assert [one for one in (await buyer.get("/account")).links if one.endswith("/account/contracts")]
    page = await buyer.get("/account/contracts")
    assert "€420.00 of €1,000.00 net (42 %)" in page.main
    assert "Valid" in page.main
    page = await buyer.get(next(one for one in page.links if one.endswith(str(key))))
    assert page.h1 == "Frame contract"
    assert "Gold" in page.main
    assert "€580.00" in page.main, "what is missing"
    numbers = [one.text_content() for one in page.tree.findall(".//main//tbody/tr/th//a")]
    assert numbers == [own], "a buyer lists their own orders, as in the history"
    assert "Between us" not in page.html


async def test_who_sees_all_orders_sees_all_that_count_on_pages():
    known = await people.company()
    key = await a_contract(known, target_revenue=None)
    colleague = await people.colleague(known, "bob@alfki.example")
    for _turn in range(26):
        await ordered(colleague, 1_000, LAST_WEEK)
    person = await known.signed_in()
    page = await person.get(f"/account/contracts/{key}")
    assert "€260.00 net" in page.main
    assert len(page.tree.findall(".//main//tbody/tr")) == 25
    page = await person.get(next(one for one in page.links if "page=2" in one))
    assert len(page.tree.findall(".//main//tbody/tr")) == 1
    for odd in ("0", "-1", "x", "99999999"):
        assert (await person.get(f"/account/contracts/{key}?page={odd}")).status == 200


async def test_a_contract_of_another_company_is_the_same_404_as_a_missing_one():
    key = await a_contract(await people.company())
    stranger = await (await people.company("horst@quick.example", company_name="QUICK-Stop")).signed_in()
    assert (await stranger.get(f"/account/contracts/{key}")).status == 404
    assert (await stranger.get(f"/account/contracts/{uuid.uuid4()}")).status == 404
    assert "There are no contracts with your company yet." in (await stranger.get("/account/contracts")).main
    shopper = await (await people.shopper()).signed_in()
    assert (await shopper.get("/account/contracts")).status == 404


async def test_the_list_takes_as_many_queries_for_many_contracts_as_for_one():
    known = await people.company()
    await a_contract(known)
    person = await known.signed_in()
    with counted_queries() as few:
        await person.get("/account/contracts")
    for _turn in range(8):
        await a_contract(known)
    with counted_queries() as many:
        page = await person.get("/account/contracts")
    assert len(page.tree.findall(".//main//tbody/tr")) == 9
    assert len(many) == len(few)
    assert await DB.fetch_value("SELECT count(*) FROM contracts") == 9
