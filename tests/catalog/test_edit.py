"""Products, categories and views as staff edit them: what is refused, and what others see at once."""

from dataclasses import replace

import pytest

from app.catalog.edit_category import (
    CategoryDetails,
    CategoryInUse,
    CategoryRefused,
    SlugTaken,
    change_category,
    create_category,
    delete_category,
)
from app.catalog.edit_product import (
    ProductDetails,
    ProductInUse,
    ProductRefused,
    SkuTaken,
    change_product,
    create_product,
    delete_product,
    set_stock,
)
from app.catalog.edit_view import ViewDetails, ViewIdTaken, ViewRefused, ViewRule, change_view, create_view
from app.errors import Conflict
from tables.engine import DB
from tables.keys import new_key
from tables.orders import Order, OrderLine
from tests.browser_like import visit
from tests.catalog.shelf import INCLUDE, shelf
from tests.catalog.test_category_page import names


async def test_a_changed_product_is_found_by_its_new_words_with_the_next_request(database: str) -> None:
    made = await shelf()
    product = await made.product("T-1", "Tea")
    person = await visit()
    assert names(await person.get("/search?q=tea")) == ["Tea"]
    details = ProductDetails(
        sku="T-2", category=made.categories["beverages"], names={"en": "Coffee"}, stock=1
    )
    await change_product(product, 1, details)
    assert names(await person.get("/search?q=tea")) == []
    assert names(await person.get("/search?q=cofee")) == ["Coffee"]
    assert (await person.get("/products/T-1")).status == 404
    assert names(await person.get("/categories/beverages")) == ["Coffee"]
    with pytest.raises(Conflict):
        await change_product(product, 1, details)
    await change_product(product, 2, replace(details, is_active=False))
    assert names(await person.get("/categories/beverages")) == []


async def test_an_sku_is_taken_whatever_its_case(database: str) -> None:
    made = await shelf()
    await made.product("Ab-1", "Tea")
    with pytest.raises(SkuTaken):
        await made.product("aB-1", "Coffee")


async def test_impossible_details_are_refused_by_name(database: str) -> None:
    made = await shelf()
    await made.category("beverages")
    good = ProductDetails(sku="T-1", category=made.categories["beverages"], names={"en": "Tea"})
    for field, value in (
        ("sku", " "),
        ("sku", "a/b"),
        ("sku", "x" * 61),
        ("names", {"en": " "}),
        ("tax_class", "none"),
        ("stock", -1),
        ("minimum_quantity", 0),
        ("step_quantity", 0),
        ("picture", "../secret.svg"),
        ("picture", "css/site.css"),
        ("category", new_key()),
    ):
        with pytest.raises(ProductRefused) as refused:
            await create_product(replace(good, **{field: value}))
        assert refused.value.field == field
    assert await DB.fetch_value("SELECT count(*) FROM products") == 0


async def test_stock_is_set_alone(database: str) -> None:
    made = await shelf()
    product = await made.product("T-1", "Tea")
    await set_stock(product, 3)
    assert "Only 3 left" in (await (await visit()).get("/products/T-1")).main
    with pytest.raises(ProductRefused):
        await set_stock(product, -1)


async def test_a_product_can_be_deleted_by_who_saw_its_last_version(database: str) -> None:
    made = await shelf()
    product = await made.product("T-1", "Tea")
    with pytest.raises(Conflict):
        await delete_product(product, 7)
    await delete_product(product, 1)
    assert (await (await visit()).get("/products/T-1")).status == 404


async def test_a_product_that_was_ordered_is_withdrawn_and_not_deleted(database: str) -> None:
    made = await shelf()
    product = await made.product("T-1", "Tea")
    now = await DB.fetch_value("SELECT now()")
    order = Order(
        number="1", application="shop", email="a@example.com", email_canonical="a@example.com", placed_at=now
    )
    await Order.insert(order)
    line = {
        "position": 1,
        "sku": "T-1",
        "name": "Tea",
        "quantity": 1,
        "unit_price": 1,
        "line_total": 1,
        "tax_rate": 19,
    }
    await OrderLine.insert(OrderLine(order=order.id, product=product, **line))
    with pytest.raises(ProductInUse):
        await delete_product(product, 1)


async def test_a_category_never_stands_below_itself(database: str) -> None:
    made = await shelf()
    await made.category("drinks")
    await made.category("wine", "drinks")
    drinks = CategoryDetails(slug="drinks", names={"en": "Drinks"}, parent=made.categories["wine"])
    for parent in (made.categories["wine"], made.categories["drinks"]):
        with pytest.raises(CategoryRefused):
            await change_category(made.categories["drinks"], replace(drinks, parent=parent))
    await change_category(made.categories["drinks"], replace(drinks, parent=None, names={"en": "Beverages"}))
    assert (await (await visit()).get("/categories/drinks")).h1 == "Beverages"


async def test_categories_are_refused_by_name(database: str) -> None:
    made = await shelf()
    await made.product("T-1", "Tea")
    good = CategoryDetails(slug="snacks", names={"en": "Snacks"})
    with pytest.raises(SlugTaken):
        await create_category(replace(good, slug="beverages"))
    for field, value in (
        ("slug", "Ümlaut"),
        ("slug", "a/b"),
        ("names", {}),
        ("picture", "x.svg"),
        ("parent", new_key()),
    ):
        with pytest.raises(CategoryRefused) as refused:
            await create_category(replace(good, **{field: value}))
        assert refused.value.field == field
    with pytest.raises(CategoryInUse):
        await delete_category(made.categories["beverages"])
    snacks = await create_category(good)
    await delete_category(snacks)
    assert (await (await visit()).get("/categories/snacks")).status == 404


async def test_views_are_refused_by_name(database: str) -> None:
    made = await shelf()
    await made.product("T-1", "Tea")
    await create_view("one", ViewDetails(name="One", rules=[ViewRule(INCLUDE), ViewRule(INCLUDE)]))
    with pytest.raises(ViewIdTaken):
        await create_view("one", ViewDetails(name="Again"))
    both = ViewRule(INCLUDE, made.categories["beverages"], made.products["T-1"])
    for view, details in (
        ("no blanks", ViewDetails(name="x")),
        ("two", ViewDetails(name=" ")),
        ("two", ViewDetails(name="x", rules=[both])),
        ("two", ViewDetails(name="x", rules=[ViewRule(INCLUDE, new_key())])),
    ):
        with pytest.raises(ViewRefused):
            await create_view(view, details)
    await change_view("one", 1, ViewDetails(name="Uno"))
    with pytest.raises(Conflict):
        await change_view("one", 1, ViewDetails(name="Eins"))
    assert await DB.fetch_value("SELECT count(*) FROM catalog_view_rules") == 0
