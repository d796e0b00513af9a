"""The header of every page leads into the top categories that the visitor sees (domain.md 8)."""

from app.catalog.edit_view import delete_view
from tests import people
from tests.browser_like import SeenPage, visit
from tests.catalog.shelf import COMPANIES, EXCLUDE, INCLUDE, STRANGERS, Shelf, counted_queries, shelf

PAGES = (
    "/",
    "/sign-in",
    "/search",
    "/basket",
    "/terms",
    "/categories/drinks",
    "/products/J-1",
    "/nothing-here",
)


def offered(page: SeenPage) -> list[str]:
    """The links of the navigation with the categories, in order."""
    return [one.get("href") for one in page.tree.iterfind(".//header//nav[@class='category-navigation']//a")]


def marked(page: SeenPage) -> list[str]:
    """What the header says one is in."""
    return [
        one.text_content()
        for one in page.tree.iterfind(".//header//nav[@class='category-navigation']//a[@aria-current]")
    ]


async def cellar() -> Shelf:
    made = await shelf()
    await made.category("drinks", german="Getränke")
    await made.category("wine", "drinks")
    await made.category("cheese", german="Käse")
    await made.product("J-1", "Juice", "drinks")
    await made.product("W-1", "White wine", "wine")
    await made.product("C-1", "Gouda", "cheese")
    return made


async def test_every_page_leads_into_the_top_categories(database: str) -> None:
    await cellar()
    person = await visit()
    for path in PAGES:
        assert offered(await person.get(path)) == ["/categories/drinks", "/categories/cheese"], path


async def test_a_category_that_a_visitor_does_not_see_is_not_in_the_header(database: str) -> None:
    made = await cellar()
    await made.view("young", STRANGERS, (INCLUDE, None), (EXCLUDE, "drinks"))
    await made.view("bar", COMPANIES, (INCLUDE, "wine"))
    stranger, shopper = await visit(), await (await people.shopper()).signed_in()
    buyer = await (await people.company()).signed_in()
    for path in ("/", "/sign-in", "/categories/cheese", "/nothing-here"):
        assert offered(await stranger.get(path)) == ["/categories/cheese"], path
    for path in ("/", "/account", "/search"):
        assert offered(await shopper.get(path)) == ["/categories/drinks", "/categories/cheese"], path
        assert offered(await buyer.get(path)) == ["/business/categories/drinks"], path


async def test_the_header_follows_changes_at_the_next_request(database: str) -> None:
    made = await cellar()
    person = await visit()
    assert offered(await person.get("/sign-in")) == ["/categories/drinks", "/categories/cheese"]
    await made.category("tea")
    assert offered(await person.get("/sign-in"))[2:] == ["/categories/tea"]
    await made.view("young", STRANGERS, (INCLUDE, "cheese"))
    assert offered(await person.get("/sign-in")) == ["/categories/cheese"]
    await delete_view("young")
    assert len(offered(await person.get("/sign-in"))) == 3


async def test_the_header_names_the_categories_in_the_language_of_the_visitor(database: str) -> None:
    await cellar()
    page = await (await visit(language="de")).get("/sign-in")
    header = page.tree.find(".//header").text_content()
    assert "Getränke" in header
    assert "Drinks" not in header


async def test_the_header_marks_the_top_category_that_one_is_in(database: str) -> None:
    await cellar()
    person = await visit()
    for path in ("/categories/drinks", "/categories/wine", "/products/J-1", "/products/W-1"):
        for _again in range(2):
            assert marked(await person.get(path)) == ["Drinks"], path
    for path in ("/", "/search?q=wine", "/sign-in"):
        assert marked(await person.get(path)) == [], path


async def test_the_header_costs_no_query_of_its_own(database: str) -> None:
    made = await cellar()
    await made.view("bar", COMPANIES, (INCLUDE, "wine"))
    stranger, buyer = await visit(), await (await people.company()).signed_in()
    for person in (stranger, buyer):
        await person.get("/terms")
        with counted_queries() as queries:
            page = await person.get("/terms")
        assert offered(page)
        assert len(queries) == 1, "the one that recognises the visitor"


async def test_without_categories_the_header_leads_home(database: str) -> None:
    assert offered(await (await visit()).get("/sign-in")) == ["/"]
    assert offered(await (await visit("business")).get("/static/nothing.css")) == ["/business/"]
