"""The demo shop shows to each visitor what is meant for them (issue 3)."""

import pytest

from app.demo.load import ADMINISTRATOR, CONTRACT_BUYER, PASSWORD, SHOPPER
from app.demo.marketing import CONTENT
from tests.browser_like import Person, visit

pytestmark = pytest.mark.usefixtures("demo_shop")

CHAI = "/products/NW-001"
MEAT = "/products/NW-009"
BANNERS = {
    name: german.split("\n")[0].removeprefix("# ")
    for slot, name, _segments, _priority, _english, german in CONTENT
    if slot == "home/banner"
}


async def signed_in(application: str, login: str) -> Person:
    person = await visit(application, language="de")
    assert (await person.sign_in(login, PASSWORD)).status == 200
    # The fixed logins begin in English; these tests read German.
    await person.post("/language", {"language": "de"})
    return person


async def expect(person: Person, *, price: str, label: str, why: str, sees_meat: bool, banner: str) -> None:
    page = await person.get(CHAI)
    assert price in page.main
    assert label in page.main
    assert why in page.main
    for other in {"21,42 €", "19,90 €", "16,20 €", "14,90 €"} - {price}:
        assert other not in page.main
    assert (await person.get(MEAT)).status == (200 if sees_meat else 404)
    home = (await person.get("/")).main
    assert {one for one in BANNERS.values() if one in home} == {BANNERS[banner]}
    assert ("Fleisch und Geflügel" in home) is sees_meat


async def test_a_guest_sees_the_price_for_everyone_with_tax() -> None:
    await expect(
        await visit("shop", language="de"),
        price="21,42 €",
        label="inkl. MwSt.",
        why="„Standard“",
        sees_meat=False,
        banner="Banner for everyone",
    )


async def test_a_shopper_sees_the_price_for_members() -> None:
    await expect(
        await signed_in("shop", SHOPPER),
        price="19,90 €",
        label="inkl. MwSt.",
        why="„Members“",
        sees_meat=False,
        banner="Banner for new customers",
    )


async def test_a_gold_company_sees_ten_percent_less_without_tax() -> None:
    await expect(
        await signed_in("business", ADMINISTRATOR),
        price="16,20 €",
        label="zzgl. MwSt.",
        why="„Gold“, 10 % unter dem Preis für alle",
        sees_meat=True,
        banner="Banner for Gold",
    )


async def test_a_company_with_a_contract_sees_what_it_has_agreed_on() -> None:
    await expect(
        await signed_in("business", CONTRACT_BUYER),
        price="14,90 €",
        label="zzgl. MwSt.",
        why="„QUICK-Stop“, gültig bis",
        sees_meat=True,
        banner="Banner for companies",
    )


async def test_meat_is_in_no_list_of_a_consumer() -> None:
    person = await visit("shop", language="de")
    assert (await person.get("/categories/meat-poultry")).status == 404
    assert "Mishi Kobe Niku" not in (await person.get("/search?q=Mishi")).main
    buyer = await signed_in("business", ADMINISTRATOR)
    assert "Mishi Kobe Niku" in (await buyer.get("/categories/meat-poultry")).main


async def test_a_buyer_finds_the_orders_of_the_company() -> None:
    administrator = await signed_in("business", ADMINISTRATOR)
    page = await administrator.get("/account/orders")
    assert all(number in page.main for number in ("10643", "10692", "10702", "10835", "10952", "11011"))
    page = await administrator.get("/account/orders/11011")
    assert "Escargots de Bourgogne" in page.main
    assert "960,00 €" in page.main
    assert "934,71 €" in page.main
