"""Product pages: price and why, scaled prices, stock, what is asked to buy it, structured data."""

from decimal import Decimal

from tables.engine import DB
from tests import people
from tests.browser_like import visit
from tests.catalog.shelf import COMPANIES, Shelf, shelf


async def chai(**details: object) -> Shelf:
    made = await shelf()
    await made.product(
        "NW-001",
        "Chai",
        price=1800,
        descriptions={"en": "Spiced tea", "de": "Gewürztee"},
        units={"en": "10 boxes x 20 bags", "de": "10 Schachteln à 20 Beutel"},
        tax_class="reduced",
        **details,
    )
    return made


async def test_a_product_page_tells_what_one_wants_to_know(database: str) -> None:
    await chai()
    page = await (await visit()).get("/products/NW-001")
    assert page.h1 == "Chai"
    for text in (
        "Spiced tea",
        "€19.26 incl. VAT",
        "In stock",
        "10 boxes x 20 bags",
        "NW-001",
        "Why this price?",
    ):
        assert text in page.main
    assert "This price comes from the price list “Everyone”." in page.main
    links = [one.get("href") for one in page.tree.iterfind(".//main//a")]
    assert links.count("/categories/beverages") == 2
    form = page.form(with_field="quantity")
    assert (form.get("method"), form.get("action")) == ("post", "/basket/lines")
    assert (page.typed("sku"), page.typed("quantity")) == ("NW-001", "1")


async def test_it_speaks_german(database: str) -> None:
    await chai()
    page = await (await visit(language="de")).get("/products/NW-001")
    for text in (
        "Gewürztee",
        "19,26",
        "inkl. MwSt.",
        "Vorrätig",
        "10 Schachteln à 20 Beutel",
        "Warum dieser Preis?",
    ):
        assert text in page.main


async def test_another_buyer_sees_another_price_and_why(database: str) -> None:
    made = await chai()
    await made.price_list("Gold", COMPANIES, [("NW-001", 1, Decimal(10)), ("NW-001", 10, 1500)])
    buyer = await people.company()
    page = await (await buyer.signed_in()).get("/products/NW-001")
    assert "€16.20 excl. VAT" in page.main
    assert "This price comes from the price list “Gold”, 10% off the price for everyone." in page.main
    assert "1 to 9 pieces €16.20 10 pieces or more €15.00" in page.main
    stranger = await (await visit()).get("/products/NW-001")
    assert "€19.26" in stranger.main
    assert "Gold" not in stranger.html


async def test_a_scale_says_which_quantities_it_means_in_both_languages(database: str) -> None:
    made = await chai()
    await made.price_list(
        "Scale", COMPANIES, [("NW-001", 1, 1700), ("NW-001", 2, 1600), ("NW-001", 12, 1500)]
    )
    known = await people.company()
    page = await (await known.signed_in()).get("/products/NW-001")
    assert "1 piece €17.00 2 to 11 pieces €16.00 12 pieces or more €15.00" in page.main
    [price] = page.tree.findall(".//thead//th[2]")
    assert price.get("class") == "table__number"
    await DB.execute("UPDATE users SET preferred_language = 'de'")
    page = await (await known.signed_in()).get("/products/NW-001")
    for words in ("1 Stück 17,00", "2 bis 11 Stück 16,00", "ab 12 Stück 15,00"):
        assert words in page.main


async def test_a_scale_begins_with_what_can_be_ordered(database: str) -> None:
    made = await chai(minimum_quantity=6)
    await made.price_list(
        "Scale", COMPANIES, [("NW-001", 1, 1700), ("NW-001", 4, 1600), ("NW-001", 12, 1500)]
    )
    page = await (await (await people.company()).signed_in()).get("/products/NW-001")
    assert "6 to 11 pieces €16.00 12 pieces or more €15.00" in page.main
    assert "€17.00" not in page.main


async def test_quantities_are_asked_as_the_product_is_sold(database: str) -> None:
    await chai(minimum_quantity=6, step_quantity=3)
    page = await (await visit()).get("/products/NW-001")
    field = page.tree.find(".//input[@name='quantity']")
    assert (field.get("value"), field.get("min"), field.get("step")) == ("6", "6", "3")
    assert "At least 6. In steps of 3." in page.main


async def test_what_is_out_of_stock_cannot_be_put_into_the_basket(database: str) -> None:
    await chai(stock=2, minimum_quantity=3)
    page = await (await visit()).get("/products/NW-001")
    assert "Out of stock" in page.main
    assert page.tree.find(".//input[@name='quantity']") is None
    assert "https://schema.org/OutOfStock" in page.html


async def test_what_has_no_price_cannot_be_put_into_the_basket(database: str) -> None:
    made = await shelf()
    await made.product("X-1", "Anise", price=None)
    page = await (await visit()).get("/products/X-1")
    assert "This product has no price for you at the moment." in page.main
    assert page.tree.find(".//input[@name='quantity']") is None


async def test_search_engines_read_the_product_in_attributes(database: str) -> None:
    await chai()
    page = await (await visit()).get("/products/NW-001")
    product = page.tree.find(".//*[@itemtype='https://schema.org/Product']")
    found = {one.get("itemprop"): one for one in product.iterfind(".//*[@itemprop]")}
    assert found["name"].text_content() == "Chai"
    assert found["sku"].text_content() == "NW-001"
    assert found["price"].get("content") == "19.26"
    assert found["priceCurrency"].get("content") == "EUR"
    assert found["valueAddedTaxIncluded"].get("content") == "true"
    assert found["availability"].get("href") == "https://schema.org/InStock"
    canonical = page.tree.find(".//link[@rel='canonical']").get("href")
    assert canonical == found["url"].get("href") == "http://localhost:8000/products/NW-001"


async def test_a_product_has_one_address(database: str) -> None:
    await chai()
    page = await (await visit()).get("/products/nw-001", follow=False)
    assert (page.status, page.response.headers["location"]) == (303, "/products/NW-001")


async def test_unknown_and_withdrawn_products_are_not_found(database: str) -> None:
    await chai(is_active=False)
    person = await visit()
    for sku in ("NW-001", "NW-999", "%00", "x" * 500, "..%2F"):
        assert (await person.get(f"/products/{sku}")).status in (400, 404)
