"""Catalog views: what a visitor may not see is absent everywhere (domain.md 8)."""

from app.catalog.edit_view import delete_view
from app.catalog.products import products_by_id, products_by_sku
from app.segments.targets import aim
from app.versions import Subject, version_of
from app.visitor import Visitor
from tables.segments import TargetKind
from tests import people
from tests.browser_like import Person, patron, visit
from tests.catalog.shelf import COMPANIES, EVERYONE, EXCLUDE, INCLUDE, STRANGERS, Shelf, shelf, suggestions


async def cellar() -> Shelf:
    made = await shelf()
    await made.category("drinks")
    await made.category("wine", "drinks")
    await made.category("cheese")
    await made.product("J-1", "Juice", "drinks")
    await made.product("W-1", "White wine", "wine")
    await made.product("W-2", "Red wine", "wine")
    await made.product("C-1", "Gouda", "cheese")
    return made


async def seen_by(person: Person) -> set[str]:
    """What a person finds on product pages; everything else must agree with them."""
    seen = {
        sku for sku in ("J-1", "W-1", "W-2", "C-1") if (await person.get(f"/products/{sku}")).status == 200
    }
    listed: set[str] = set()
    for address in ("/", "/categories/drinks", "/categories/wine", "/categories/cheese", "/search?q=wine"):
        for sort in ("", "price") if address != "/" else ("",):
            page = await person.get(f"{address}{'&' if '?' in address else '?'}sort={sort}")
            listed |= {link.rsplit("/", 1)[1] for link in page.links if "/products/" in link}
    for word in ("juice", "wine", "gouda", "goudda"):
        for html in ((await person.get(f"/search?q={word}")).html, await suggestions(person, word)):
            listed |= {part.split('"')[0] for part in html.split("/products/")[1:]}
    assert listed == seen, "lists, search and suggestions show what product pages show"
    if person.application == "shop":
        sitemap = (await person.get("/sitemap.xml")).html
        assert {part.split("<")[0] for part in sitemap.split("/products/")[1:]} == seen
    return seen


async def test_without_a_view_everything_is_seen(database: str) -> None:
    await cellar()
    assert await seen_by(await visit()) == {"J-1", "W-1", "W-2", "C-1"}


async def test_a_view_shows_what_it_includes_and_does_not_exclude_again(database: str) -> None:
    made = await cellar()
    await made.view("young", STRANGERS, (INCLUDE, None), (EXCLUDE, "wine"))
    person = await visit()
    assert await seen_by(person) == {"J-1", "C-1"}
    assert (await person.get("/categories/wine")).status == 404
    assert "/categories/wine" not in (await person.get("/categories/drinks")).links


async def test_a_view_without_rules_shows_nothing(database: str) -> None:
    made = await cellar()
    await made.view("empty", EVERYONE)
    person = await visit()
    assert await seen_by(person) == set()
    assert (await person.get("/categories/cheese")).status == 404


async def test_a_category_is_meant_with_all_below_it(database: str) -> None:
    made = await cellar()
    await made.view("drinkers", STRANGERS, (INCLUDE, "drinks"), (EXCLUDE, "W-1"))
    assert await seen_by(await visit()) == {"J-1", "W-2"}


async def test_an_excluded_category_hides_a_product_that_is_included(database: str) -> None:
    made = await cellar()
    await made.view("strict", STRANGERS, (INCLUDE, "W-1"), (INCLUDE, "C-1"), (EXCLUDE, "wine"))
    assert await seen_by(await visit()) == {"C-1"}


async def test_a_single_product_brings_its_category_along(database: str) -> None:
    made = await cellar()
    await made.view("one", STRANGERS, (INCLUDE, "W-1"))
    person = await visit()
    assert await seen_by(person) == {"W-1"}
    assert (await person.get("/categories/drinks")).status == 200
    assert (await person.get("/categories/cheese")).status == 404


async def test_several_views_show_what_any_of_them_shows(database: str) -> None:
    made = await cellar()
    await made.view("cheese", STRANGERS, (INCLUDE, "cheese"))
    await made.view("red", STRANGERS, (INCLUDE, "wine"), (EXCLUDE, "W-1"))
    assert await seen_by(await visit()) == {"W-2", "C-1"}
    await made.view("white", EVERYONE, (INCLUDE, "wine"), (EXCLUDE, "W-2"))
    assert await seen_by(await visit()) == {"W-1", "W-2", "C-1"}


async def test_a_view_is_for_its_target_group_alone(database: str) -> None:
    made = await cellar()
    await made.view("consumers", STRANGERS, (INCLUDE, "cheese"))
    buyer = await people.company()
    assert await seen_by(await buyer.signed_in()) == {"J-1", "W-1", "W-2", "C-1"}
    await aim(TargetKind.CATALOG_VIEW, "consumers", customers=[buyer.customer_id])
    assert await seen_by(await buyer.signed_in()) == {"C-1"}
    assert await seen_by(await visit()) == {"J-1", "W-1", "W-2", "C-1"}


async def test_a_change_is_seen_with_the_next_request(database: str) -> None:
    made = await cellar()
    person = await visit()
    assert len(await seen_by(person)) == 4
    await made.view("none", EVERYONE, (INCLUDE, "J-1"))
    assert await seen_by(person) == {"J-1"}
    await delete_view("none")
    assert len(await seen_by(person)) == 4


async def test_hidden_products_are_absent_for_basket_and_orders(database: str) -> None:
    made = await cellar()
    await made.view("consumers", STRANGERS, (INCLUDE, "cheese"))
    await made.view("companies", COMPANIES, (INCLUDE, "wine"))
    versions: dict[str, int] = {}
    for subject in Subject:
        versions |= await version_of(subject)
    shop = next(application for application, _site in patron().sites if application.id == "shop")
    stranger = Visitor(application=shop, language="en", versions=versions)
    assert set(await products_by_sku(["c-1", "W-1", "x", ""], stranger)) == {"c-1"}
    assert set(await products_by_id(made.products.values(), stranger)) == {made.products["C-1"]}
