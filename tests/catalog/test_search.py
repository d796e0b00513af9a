"""Search: by name, text and SKU, forgiving typing errors; suggestions with and without scripts."""

import random
from functools import cache

import pytest

from app.catalog import list_query
from app.catalog.edit_product import set_stock
from app.catalog.words import FAR, distance, mistakes_allowed, pieces, search_text, words_of
from tests.browser_like import visit
from tests.catalog.shelf import Shelf, shelf, suggestions
from tests.catalog.test_category_page import names


async def pantry() -> Shelf:
    made = await shelf()
    await made.category("cheese", german="Käse")
    await made.product("NW-001", "Chai", descriptions={"en": "Ten boxes of spiced tea"}, german="Chai-Tee")
    await made.product("NW-002", "Chocolate", german="Schokolade")
    await made.product("NW-011", "Queso Cabrales", "cheese", price=2100, german="Cabrales-Käse")
    await made.product("NW-012", "Mozzarella di Giovanni", "cheese", price=3480)
    await made.product("NW-019", "Teatime Chocolate Biscuits", "cheese", price=920, german="Teegebäck")
    return made


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("chai", ["Chai"]),
        ("CHAI", ["Chai"]),
        ("spiced", ["Chai"]),
        ("choc", ["Chocolate", "Teatime Chocolate Biscuits"]),
        ("chocolate tea", ["Teatime Chocolate Biscuits"]),
        ("NW-012", ["Mozzarella di Giovanni"]),
        ("nw012", ["Mozzarella di Giovanni"]),
        ("nw-011 queso", ["Queso Cabrales"]),
        ("käse", ["Queso Cabrales"]),
        ("KAESE", ["Queso Cabrales"]),
        ("kase", ["Queso Cabrales"]),
        ("teegebaeck", ["Teatime Chocolate Biscuits"]),
    ],
)
async def test_search_finds_by_name_text_and_sku(database: str, words: str, expected: list[str]) -> None:
    await pantry()
    page = await (await visit()).get(f"/search?q={words}")
    assert page.h1 == f"Search: {words}"
    assert names(page) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("choclate", ["Chocolate", "Teatime Chocolate Biscuits"]),
        ("chocolatte", ["Chocolate", "Teatime Chocolate Biscuits"]),
        ("hcocolate", ["Chocolate", "Teatime Chocolate Biscuits"]),
        ("mozarela", ["Mozzarella di Giovanni"]),
        ("mozarella giovani", ["Mozzarella di Giovanni"]),
        ("caberles", ["Queso Cabrales"]),
        ("chia", ["Chai"]),
    ],
)
async def test_search_forgives_typing_errors(database: str, words: str, expected: list[str]) -> None:
    await pantry()
    page = await (await visit()).get(f"/search?q={words}")
    assert names(page) == expected
    assert "Nothing fits exactly. Did you mean one of these?" in page.main


@pytest.mark.parametrize(
    "words", ["elephant", "xyz", "***", "' OR 1=1 --", "a & | ! ( :*", "\\", "%", "\u202e", "☃"]
)
async def test_search_says_when_there_is_nothing(database: str, words: str) -> None:
    await pantry()
    person = await visit()
    response = await person.client.get("/search", params={"q": words})
    assert response.status_code == 200
    assert "product-card" not in response.text


async def test_without_words_the_search_asks_for_some(database: str) -> None:
    await pantry()
    page = await (await visit()).get("/search?q=+")
    assert page.h1 == "Search"
    assert page.form(with_field="q") is not None


async def test_the_search_box_stands_on_every_page_and_works_without_scripts(database: str) -> None:
    await pantry()
    person = await visit()
    page = await person.get("/sign-in")
    box = next(
        form for form in page.tree.iterfind(".//header//form") if form.find(".//input[@name='q']") is not None
    )
    assert (box.get("method"), box.get("action")) == ("get", "/search")
    found = await person.get("/search/suggestions?q=chai")
    assert (found.h1, names(found)) == ("Search: chai", ["Chai"])


async def test_suggestions_name_categories_and_products(database: str) -> None:
    await pantry()
    person = await visit()
    html = await suggestions(person, "che")
    assert 'href="/categories/cheese"' in html
    html = await suggestions(person, "choc")
    assert 'href="/products/NW-002"' in html
    assert "Did you mean" not in html
    html = await suggestions(person, "choclat")
    assert 'href="/products/NW-002"' in html
    assert "Did you mean" in html
    assert "No suggestions" in await suggestions(person, "elephant")
    assert "<li>" not in await suggestions(person, "c")
    assert (await suggestions(person, "")).strip() == ""


async def test_what_is_found_can_be_ordered_and_narrowed(database: str) -> None:
    await pantry()
    person = await visit()
    assert names(await person.get("/search?q=cheese&sort=-price")) == []
    by_price = await person.get("/search?q=nw&sort=-price")
    assert names(by_price)[:2] == ["Mozzarella di Giovanni", "Queso Cabrales"]
    assert names(await person.get("/search?q=nw&price_to=11.90&sort=price")) == [
        "Teatime Chocolate Biscuits",
        "Chai",
        "Chocolate",
    ]
    assert names(await person.get("/search?q=nw-012"))[0] == "Mozzarella di Giovanni"


async def test_typing_errors_are_forgiven_in_what_is_in_stock_too(database: str) -> None:
    made = await pantry()
    await set_stock(made.products["NW-002"], 0)
    page = await (await visit()).get("/search?q=choclate&available=1")
    assert names(page) == ["Teatime Chocolate Biscuits"]
    assert "Did you mean one of these?" in page.main


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("price_to=11.90", ["Teatime Chocolate Biscuits", "Chocolate"]),
        ("price_from=11.00", ["Chocolate", "Chocolate Mountain"]),
        ("price_from=11&price_to=12", ["Chocolate"]),
        ("price_from=50", []),
        ("price_to=11.90&available=1", ["Teatime Chocolate Biscuits"]),
    ],
)
async def test_typing_errors_are_forgiven_within_a_range_of_prices_too(
    database: str, query: str, expected: list[str]
) -> None:
    made = await pantry()
    await made.product("NW-020", "Chocolate Mountain", price=3000)
    if "available" in query:
        await set_stock(made.products["NW-002"], 0)
    page = await (await visit()).get(f"/search?q=choclate&sort=price&{query}")
    assert names(page) == expected
    assert ("Did you mean one of these?" in page.main) == bool(expected)


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("", ["Chocolate", "Hot Chocolate", "Chocolade"]),
        ("name", ["Chocolade", "Chocolate", "Hot Chocolate"]),
        ("price", ["Hot Chocolate", "Chocolate", "Chocolade"]),
        ("-price", ["Chocolade", "Chocolate", "Hot Chocolate"]),
        ("newest", ["Hot Chocolate", "Chocolate", "Chocolade"]),
    ],
)
async def test_what_may_have_been_meant_stands_in_the_chosen_order(
    database: str, sort: str, expected: list[str]
) -> None:
    made = await shelf()
    await made.product("A-3", "Chocolade", price=3000)
    await made.product("A-2", "Chocolate", price=2000)
    await made.product("A-1", "Hot Chocolate", price=1000)
    page = await (await visit()).get(f"/search?q=chocoltae&sort={sort}")
    assert names(page) == expected
    assert "Did you mean one of these?" in page.main


async def test_what_may_have_been_meant_has_pages_in_the_chosen_order(database: str) -> None:
    made = await shelf()
    for number in range(30):
        await made.product(f"C-{number}", f"Chocolate {number:02}", price=1000 + number)
    person = await visit()
    address = "/search?q=choclate&sort=-price&price_from=11.92"
    assert names(await person.get(address)) == [f"Chocolate {number:02}" for number in range(29, 5, -1)]
    page = await person.get(f"{address}&page=2")
    assert names(page) == [f"Chocolate {number:02}" for number in range(5, 1, -1)]
    assert (await person.get(f"{address}&page=3")).status == 404


async def test_a_range_of_prices_is_asked_of_all_that_may_have_been_meant(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not only of the first few that have the letters."""
    made = await shelf()
    for number in range(9):
        await made.product(f"C-{number}", f"Chocolate {number}", price=1000 + 100 * number)
    monkeypatch.setattr(list_query, "MOST_NEAR", 3)
    page = await (await visit()).get("/search?q=choclate&price_from=20&sort=price")
    assert names(page) == ["Chocolate 7", "Chocolate 8"]


async def test_a_long_search_has_pages(database: str) -> None:
    made = await shelf()
    for number in range(30):
        await made.product(f"T-{number}", f"Tea {number:02}")
    page = await (await visit()).get("/search?q=tea&page=2")
    assert names(page) == [f"Tea {number:02}" for number in range(24, 30)]
    assert "/search?q=tea" in page.links
    assert "30 products" in page.main


async def test_a_search_that_finds_more_than_is_looked_at_says_so(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await shelf()
    for number in range(4):
        await made.product(f"T-{number}", f"Tea {number}")
    monkeypatch.setattr(list_query, "MOST_FOUND", 2)
    person = await visit()
    assert "3 products – there are more" in (await person.get("/search?q=tea")).main
    assert "there are more" in (await person.get("/search?q=tea&price_from=1")).main
    page = await person.get("/search?q=tea+1")
    assert ("1 product" in page.main, "there are more" in page.main) == (True, False)


def test_words_have_neither_case_nor_accents() -> None:
    assert words_of("Crème BRÛLÉE, 10 x 250-g") == ["creme", "brulee", "10", "x", "250", "g"]
    assert search_text(["Käse"]) == "kase kaese"
    assert search_text(["Straße Ærø"]) == "strasse aero aeroe"


def test_pieces_cover_beginning_and_end() -> None:
    assert pieces("tea") == ["  t", " te", "tea", "ea "]


def test_typing_errors_are_counted_by_letters() -> None:
    assert distance("chocolate", "dark chocolate") == 0
    assert distance("choclate", "dark chocolate") == 1
    assert distance("chocoltae", "dark chocolate") == 1
    assert distance("elephant", "dark chocolate") > 100
    assert distance("tae", "tea") > 100


def test_typing_errors_are_counted_as_the_slow_and_obvious_way_counts_them() -> None:
    chance = random.Random(20261122)  # the same cases each time
    near = 0
    for _case in range(4_000):
        word = "".join(chance.choice("abcd") for _letter in range(chance.randrange(1, 12)))
        typed = list(word[: chance.randrange(1, 12)])
        for _mistake in range(chance.randrange(4)):
            place = chance.randrange(len(typed) + 1)
            typed[place : place + chance.randrange(2)] = chance.choice(("", "a", "d", "dc", "x"))
        wanted = "".join(typed)
        if not wanted:
            continue
        others = " ".join("".join(chance.choice("abcdx") for _ in range(7)) for _ in range(3))
        expected = slow_distance(wanted, f"{others} {word}")
        assert distance(wanted, f"{others} {word}") == expected, (wanted, others, word)
        near += 0 < expected < FAR
    assert near > 500


def slow_distance(typed: str, text: str) -> int:
    """One word against each word of a text and each of its beginnings, letter by letter."""
    allowed = mistakes_allowed(typed)
    beginnings = {word[:length] for word in text.split() for length in range(1, len(word) + 1)}
    nearest = min(0 if one == typed else edits(typed, one) for one in beginnings)
    return nearest if nearest <= allowed else FAR


@cache
def edits(one: str, other: str) -> int:
    """Letters that are missing, too many, wrong, or have changed places, each letter touched but once."""
    if not one or not other:
        return len(one) + len(other)
    fewest = min(
        edits(one[:-1], other) + 1,
        edits(one, other[:-1]) + 1,
        edits(one[:-1], other[:-1]) + (one[-1] != other[-1]),
    )
    if len(one) > 1 and one[-2:] == other[-2:][::-1]:
        fewest = min(fewest, edits(one[:-2], other[:-2]) + 1)
    return fewest
