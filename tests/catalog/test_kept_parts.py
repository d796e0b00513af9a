"""Lists and products are rendered once for an audience, and nobody sees what is no longer true, or somebody else's."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from jinja2 import UndefinedError
from markupsafe import Markup

from app.applications import application_by_id
from app.catalog.edit_product import ProductDetails, change_product, set_stock
from app.catalog.kept_parts import KeptParts
from app.catalog.products import FEW
from app.pages import parts_of
from app.prices.offers import offers_for
from app.prices.price_entries import EntryDetails, add_entries
from app.prices.tax import set_tax_rates
from app.segments.targets import aim
from app.versions import Subject, version_of
from app.visitor import Visitor
from tables.segments import TargetKind
from tests import people
from tests.browser_like import Person, visit
from tests.catalog.shelf import COMPANIES, EVERYONE, EXCLUDE, INCLUDE, Shelf, counted_queries, shelf

LIST = "/categories/beverages"
PRODUCT = "/products/TEA"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
# A slow machine, too, has shown a few pages before then.
SOON = timedelta(seconds=10)


async def tea(**details: int) -> Shelf:
    made = await shelf()
    await made.product("TEA", "Tea", price=1000, **details)
    return made


async def queries_of(person: Person, path: str) -> int:
    await person.get(path)
    with counted_queries() as queries:
        assert (await person.get(path)).status == 200
    return len(queries)


async def test_a_page_that_was_shown_costs_the_query_for_the_visitor_only(database: str) -> None:
    await tea()
    for person in (await visit(), await (await people.company()).signed_in()):
        for path in (LIST, f"{LIST}?sort=newest", "/", PRODUCT):
            assert await queries_of(person, path) == 1, path


async def test_whatever_changes_a_page_shows_with_the_next_request(database: str) -> None:
    made = await tea()
    await made.product("COCOA", "Cocoa", price=500)
    person = await visit()

    async def seen(text: str) -> bool:
        on_pages = {text in (await person.get(path)).main for path in (LIST, PRODUCT)}
        assert len(on_pages) == 1, text
        return on_pages.pop()

    assert await seen("€11.90")
    await made.price_list("cheaper", EVERYONE, [("TEA", 1, 900)])
    assert await seen("€10.71")
    await aim(TargetKind.PRICE_LIST, "cheaper")
    assert await seen("€11.90")
    await set_tax_rates({"DE": {"standard": Decimal(20)}})
    assert await seen("€12.00")
    assert (await person.get("/products/COCOA")).status == 200
    await made.view("no-cocoa", EVERYONE, (INCLUDE, None), (EXCLUDE, "COCOA"))
    assert "Cocoa" not in (await person.get(LIST)).main
    assert (await person.get("/products/COCOA")).status == 404
    await made.product("MATE", "Mate")
    assert "Mate" in (await person.get(LIST)).main
    details = ProductDetails(
        sku="TEA", category=made.categories["beverages"], names={"en": "Green tea"}, stock=50
    )
    await change_product(made.products["TEA"], 1, details)
    assert await seen("Green tea")


async def test_a_kept_product_page_has_the_form_of_the_person_who_asks(database: str) -> None:
    await tea()
    tokens = set()
    for person in (await visit(), await visit(), await (await people.shopper()).signed_in()):
        page = await person.get(PRODUCT)
        tokens.add(page.form(with_field="quantity").find(".//input[@name='_csrf_token']").get("value"))
        page = await person.fill(page, {"quantity": "2"}, form="quantity")
        assert page.status == 200
        assert "2 pieces" in (await person.get(PRODUCT)).html
    assert len(tokens) == 3
    assert "pieces" not in (await (await visit()).get(PRODUCT)).html


async def test_only_the_own_spelling_of_a_product_is_kept(database: str) -> None:
    await tea()
    person = await visit()
    for path in ("/products/tea", "/products/NONE"):
        await person.get(path, follow=False)
        with counted_queries() as queries:
            assert (await person.get(path, follow=False)).status in (303, 404)
        assert len(queries) > 1, path


async def test_a_list_tells_of_the_last_pieces_as_they_go(database: str) -> None:
    made = await tea(stock=FEW)
    person = await visit()
    for stock, told in ((FEW, "In stock"), (FEW - 1, f"Only {FEW - 1} left"), (1, "Only 1 left")):
        await set_stock(made.products["TEA"], stock)
        assert told in (await person.get(LIST)).main
        assert told in (await person.get("/products/TEA")).main
    await set_stock(made.products["TEA"], 0)
    assert "Out of stock" in (await person.get(LIST)).main
    await set_stock(made.products["TEA"], 5_000)
    assert "In stock" in (await person.get(LIST)).main


@pytest.mark.parametrize(("minimum", "step"), [(1, 1), (30, 1), (1, 50), (25, 30)])
async def test_every_change_that_pages_tell_of_is_told_to_all_processes(
    database: str, minimum: int, step: int
) -> None:
    made = await tea(minimum_quantity=minimum, step_quantity=step)
    smallest = -(-minimum // step) * step
    steps = [300, smallest, smallest - 1, smallest, *((FEW, FEW - 1, FEW) if smallest < FEW else ()), 300]
    for before, after in pairwise(steps):
        await set_stock(made.products["TEA"], before)
        version = await version_of(Subject.STOCK)
        await set_stock(made.products["TEA"], after)
        assert await version_of(Subject.STOCK) != version, (before, after)
    await set_stock(made.products["TEA"], 1_000)
    version = await version_of(Subject.STOCK)
    await set_stock(made.products["TEA"], 999)
    assert await version_of(Subject.STOCK) == version


async def test_a_list_is_kept_until_a_price_begins_or_ends(database: str) -> None:
    made = await tea()
    person = await visit()
    assert "€11.90" in (await person.get(LIST)).main
    begin = datetime.now(UTC) + SOON
    entry = EntryDetails(product_id=made.products["TEA"], amount=500, quantity_from=1, valid_from=begin)
    await made.price_list("soon", EVERYONE, [])
    await add_entries("soon", [entry])
    assert await queries_of(person, LIST) == 1
    assert "€11.90" in (await person.get(LIST)).main
    async with asyncio.timeout(60):
        while "€5.95" not in (await person.get(LIST)).main:
            await asyncio.sleep(0.05)
    assert datetime.now(UTC) >= begin


async def test_the_next_change_of_prices_is_the_first_of_any_list_or_entry(database: str) -> None:
    made = await tea()
    visitor = await _stranger()
    now = datetime.now(UTC)

    async def next_change() -> datetime | None:
        versions: dict[str, int] = {}
        for subject in Subject:
            versions |= await version_of(subject)
        offers = await offers_for(made.products.values(), visitor.audience, versions)
        return offers.next_change(now)

    assert await next_change() is None
    day = timedelta(days=1)
    await made.price_list("of-a-time", EVERYONE, [], valid_from=now - day, valid_to=now + 3 * day)
    assert await next_change() == now + 3 * day
    entry = EntryDetails(product_id=made.products["TEA"], amount=500, valid_from=now + 2 * day)
    await add_entries("of-a-time", [entry])
    assert await next_change() == now + 2 * day


async def test_audiences_never_share_a_list(database: str) -> None:
    made = await tea()
    await made.price_list("companies", COMPANIES, [("TEA", 1, 700)])
    contract = await people.company("own@example.com")
    await made.price_list("contract", EVERYONE, [("TEA", 1, 300)])
    await aim(TargetKind.PRICE_LIST, "contract", customers=[contract.customer_id])
    other = await (await people.company("other@example.com")).signed_in()
    own = await contract.signed_in()
    german, stranger = await visit(language="de"), await visit()
    shopper = await (await people.shopper()).signed_in()
    for _again in range(2):
        assert "€7.00" in (await other.get(LIST)).main
        assert "€3.00" in (await own.get(LIST)).main
        assert "€11.90" in (await stranger.get(LIST)).main
        assert "€11.90" in (await shopper.get(LIST)).main
        assert "11,90" in (await german.get(LIST)).main
    await shopper.post("/display-prices", {"mode": "net"})
    assert "€10.00" in (await shopper.get(LIST)).main
    assert "€11.90" in (await stranger.get(LIST)).main


async def test_parts_cannot_name_what_is_a_visitors_own(database: str) -> None:
    visitor = await _stranger()
    with pytest.raises(UndefinedError, match="visitor"):
        parts_of("basket/mini_basket.html", visitor)
    with pytest.raises(UndefinedError, match="place"):
        parts_of("account/layout.html", visitor)


def test_parts_are_forgotten_when_their_time_is_over() -> None:
    kept = KeptParts()
    kept.keep("list", {"all": Markup("<p>5 €</p>")}, NOW + timedelta(seconds=1))
    assert kept.get("list", NOW) == {"all": Markup("<p>5 €</p>")}
    assert kept.get("list", NOW + timedelta(seconds=1)) is None
    assert kept.get("list", NOW) is None


def test_parts_do_not_fill_the_memory() -> None:
    kept = KeptParts(most_bytes=100)
    for name in ("first", "second"):
        kept.keep(name, {"all": Markup("x" * 40)}, None)
    assert kept.get("first", NOW) is not None
    kept.keep("third", {"all": Markup("x" * 40)}, None)
    assert [name for name in ("first", "second", "third") if kept.get(name, NOW)] == ["first", "third"]
    kept.keep("large", {"all": Markup("x" * 101)}, None)
    assert kept.get("large", NOW) is None
    kept.keep("small", {"all": Markup("x" * 100)}, None)
    assert kept.get("small", NOW) is not None


async def _stranger() -> Visitor:
    application = application_by_id("shop")
    assert application is not None
    return Visitor(application=application, language="en")
