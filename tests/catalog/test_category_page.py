"""Category pages: products with prices, in the wanted order, page by page."""

from decimal import Decimal

from app.prices.tax import set_tax_rates
from tests import people
from tests.browser_like import SeenPage, visit
from tests.catalog.shelf import COMPANIES, EVERYONE, Shelf, shelf


def names(page: SeenPage) -> list[str]:
    """The products of the page, in order."""
    return [one.text_content() for one in page.tree.iterfind(".//*[@class='product-card__name']")]


def prices(page: SeenPage) -> list[str]:
    return [
        " ".join(one.text_content().split())
        for one in page.tree.iterfind(".//*[@class='product-card__price']")
    ]


async def teas() -> Shelf:
    made = await shelf()
    await made.product("T-1", "Chai", price=1800)
    await made.product("T-2", "Älpler Kräutertee", price=900)
    await made.product("T-3", "Barley tea", price=2500, stock=0)
    await made.product("T-4", "Zulu tea", price=100, stock=3)
    return made


async def test_a_category_shows_its_products_with_prices_and_stock(database: str) -> None:
    await teas()
    page = await (await visit()).get("/categories/beverages")
    assert page.h1 == "Beverages"
    assert names(page) == ["Älpler Kräutertee", "Barley tea", "Chai", "Zulu tea"]
    assert prices(page) == ["€10.71 incl. VAT", "€29.75 incl. VAT", "€21.42 incl. VAT", "€1.19 incl. VAT"]
    assert "4 products" in page.main
    assert "Only 3 left" in page.main
    assert "Out of stock" in page.main
    assert "/products/T-1" in page.links


async def test_a_price_without_tax_does_not_say_that_it_includes_vat(database: str) -> None:
    made = await teas()
    await made.price_list("gross", EVERYONE, [("T-1", 1, 100)], is_net=False)
    person = await visit()
    assert "€1.00 incl. VAT" in prices(await person.get("/categories/beverages"))
    await set_tax_rates({"DE": {"standard": Decimal(0)}})
    # The card with the same price is kept, and not this one.
    assert "€1.00" in prices(await person.get("/categories/beverages"))
    page = await person.get("/products/T-1")
    assert "€1.00" in page.main
    assert "incl. VAT" not in page.main


async def test_the_order_can_be_chosen(database: str) -> None:
    await teas()
    person = await visit()
    for sort, expected in (
        ("price", ["Zulu tea", "Älpler Kräutertee", "Chai", "Barley tea"]),
        ("-price", ["Barley tea", "Chai", "Älpler Kräutertee", "Zulu tea"]),
        ("newest", ["Zulu tea", "Barley tea", "Älpler Kräutertee", "Chai"]),
        ("nonsense", ["Älpler Kräutertee", "Barley tea", "Chai", "Zulu tea"]),
    ):
        for _again in range(2):
            assert names(await person.get(f"/categories/beverages?sort={sort}")) == expected


async def test_the_order_by_price_is_that_of_the_buyers_own_prices(database: str) -> None:
    made = await teas()
    await made.price_list("companies", COMPANIES, [("T-3", 1, Decimal(99)), ("T-4", 1, 5000)])
    stranger = await (await visit()).get("/categories/beverages?sort=price")
    buyer = await people.company()
    own = await (await buyer.signed_in()).get("/categories/beverages?sort=price")
    assert names(stranger) == ["Zulu tea", "Älpler Kräutertee", "Chai", "Barley tea"]
    assert names(own) == ["Barley tea", "Zulu tea", "Älpler Kräutertee", "Chai"]
    assert prices(own)[0] == "€0.25 excl. VAT"
    assert "Your price: companies" in own.main
    assert "Your price" not in stranger.main


async def test_a_changed_price_changes_the_order_at_once(database: str) -> None:
    made = await teas()
    person = await visit()
    assert names(await person.get("/categories/beverages?sort=price"))[0] == "Zulu tea"
    await made.price_list("offer", "IG_Everyone", [("T-3", 1, 1)])
    assert names(await person.get("/categories/beverages?sort=price"))[0] == "Barley tea"


async def test_pages_have_24_products_and_addresses_that_stay(database: str) -> None:
    made = await shelf()
    for number in range(1, 51):
        await made.product(f"N-{number:02}", f"Number {number:02}")
    person = await visit()
    first = await person.get("/categories/beverages")
    assert names(first) == [f"Number {number:02}" for number in range(1, 25)]
    assert "/categories/beverages?page=3" in first.links
    third = await person.get("/categories/beverages?page=3")
    assert names(third) == ["Number 49", "Number 50"]
    assert third.title.startswith("Beverages – Page 3")
    assert "/categories/beverages" in third.links
    sorted_page = await person.get("/categories/beverages?sort=-price&page=2")
    assert "/categories/beverages?sort=-price" in sorted_page.links
    assert 'rel="canonical" href="http://localhost:8000/categories/beverages?page=2"' in sorted_page.html
    for beyond in ("4", "1000000", "99999999"):
        assert (await person.get(f"/categories/beverages?page={beyond}")).status == 404
    for nonsense in ("0", "-1", "abc", "1.5", "²", "9" * 400):
        assert names(await person.get(f"/categories/beverages?page={nonsense}")) == names(first)


async def test_a_category_is_narrowed_by_price_stock_and_words(database: str) -> None:
    await teas()
    person = await visit()
    page = await person.get("/categories/beverages?price_from=10.71&price_to=21,42")
    assert names(page) == ["Älpler Kräutertee", "Chai"]
    assert names(await person.get("/categories/beverages?price_from=10.72&price_to=29.75")) == [
        "Barley tea",
        "Chai",
    ]
    assert names(await person.get("/categories/beverages?available=1&q=tea")) == ["Zulu tea"]
    nothing = await person.get("/categories/beverages?price_from=1000")
    assert nothing.status == 200
    assert "Nothing fits. Please ask for less." in nothing.main


async def test_a_price_that_is_none_is_told_and_narrows_nothing(database: str) -> None:
    await teas()
    person = await visit()
    # With an exponent a few letters would be a number of a million digits, which takes its time.
    for nonsense in ("cheap", "-5", "1e999", "1e-999999", "1e1", "1_0", "NaN", "Infinity", "1" * 19):
        page = await person.get(f"/categories/beverages?price_from={nonsense}")
        assert page.errors == {"price_from": "Please enter an amount, for example 12.50."}
        assert page.typed("price_from") == nonsense
        assert len(names(page)) == 4


async def test_a_category_shows_what_stands_below_it(database: str) -> None:
    made = await teas()
    await made.category("herbal", "beverages", german="Kräutertees")
    await made.product("H-1", "Mint", "herbal")
    person = await visit()
    page = await person.get("/categories/beverages")
    assert "Mint" in names(page)
    assert "/categories/herbal" in page.links
    below = await person.get("/categories/herbal")
    assert names(below) == ["Mint"]
    assert "/categories/beverages" in below.links


async def test_names_are_those_of_the_language(database: str) -> None:
    made = await shelf()
    await made.product("T-1", "Tea", german="Tee")
    await made.product("T-2", "Apple juice")
    german = await (await visit(language="de")).get("/categories/beverages")
    assert names(german) == ["Apple juice", "Tee"]
    assert prices(german)[0] == "11,90 € inkl. MwSt."


async def test_a_product_without_price_says_so_and_comes_last(database: str) -> None:
    made = await teas()
    await made.product("T-0", "Anise", price=None)
    person = await visit()
    for sort in ("price", "-price"):
        page = await person.get(f"/categories/beverages?sort={sort}")
        assert names(page)[-1] == "Anise"
        assert prices(page)[-1] == "No price for you at the moment"


async def test_an_unknown_category_is_not_found(database: str) -> None:
    await teas()
    assert (await (await visit()).get("/categories/nothing")).status == 404


async def test_the_home_page_shows_what_came_last_into_each_category(database: str) -> None:
    made = await teas()
    await made.product("S-1", "Herring", "seafood")
    page = await (await visit()).get("/")
    assert names(page) == ["Herring", "Zulu tea"]
