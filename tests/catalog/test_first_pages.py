"""The first pages of a category are those of its whole order, and are found without reading all of it."""

import random
from dataclasses import replace

import pytest

from app.catalog import first_pages as first_pages_module
from app.catalog import lists
from app.catalog.categories import category_tree
from app.catalog.first_pages import FIRST, first_pages
from app.catalog.kept_orders import KeptOrders
from app.catalog.list_query import ON_A_PAGE, Query, Wanted
from app.catalog.lists import find_products
from app.catalog.views import EVERYTHING, Visibility
from app.segments.audience import Audience
from app.versions import Subject, version_of
from tables.engine import DB
from tests.catalog.shelf import COMPANIES, EVERYONE, EXCLUDE, INCLUDE, Shelf, shelf
from tests.databases import known_to_the_planner

WORDS = ("Apfel", "Äpfel", "apple", "Zimt", "Öl", "oil", "oil")


class Looking:
    """As much of a visitor as lists ask for."""

    def __init__(self, segment: str, language: str, versions: dict[str, int]) -> None:
        self.audience = Audience(application_id="shop", segments=frozenset({segment}), is_net=False)
        self.language = language
        self.versions = versions


async def all_versions() -> dict[str, int]:
    versions: dict[str, int] = {}
    for subject in Subject:
        versions |= await version_of(subject)
    return versions


async def filled(count: int, chance: random.Random) -> Shelf:
    """Products of equal names and times among them, with and without German ones, in a category and below it."""
    made = await shelf()
    await made.category("beverages")
    await made.category("teas", "beverages")
    await made.category("sweets")
    for number in range(count):
        await made.product(
            f"P-{number}",
            f"{chance.choice(WORDS)} {number % 7}",
            chance.choice(("beverages", "teas", "sweets")),
            price=None,
            german=chance.choice(("", f"{chance.choice(WORDS)} {number % 5}")),
            is_active=chance.random() < 0.9,
        )
    await DB.execute("UPDATE products SET created_at = now() - make_interval(days => length(names ->> 'en'))")
    return made


async def test_the_first_pages_are_those_of_the_whole_order(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await filled(110, random.Random(20261122))  # the same cases each time
    await made.view(
        "some", COMPANIES, (INCLUDE, "teas"), (EXCLUDE, "P-3"), (EXCLUDE, "P-4"), (INCLUDE, "P-5")
    )
    versions = await all_versions()
    seen = set()
    for segment in (EVERYONE, COMPANIES):
        for language in ("en", "de", "fr"):
            for sort in ("name", "newest"):
                for slug in ("beverages", "teas", "sweets"):
                    wanted = Wanted(category=made.categories[slug], sort=sort)
                    visitor = Looking(segment, language, versions)
                    for page in (1, 2, 3):
                        asked = replace(wanted, page=page)
                        monkeypatch.setattr(first_pages_module, "FIRST", FIRST)
                        monkeypatch.setattr(lists, "kept_orders", KeptOrders())
                        first = await find_products(asked, visitor)
                        monkeypatch.setattr(first_pages_module, "FIRST", 0)
                        monkeypatch.setattr(lists, "kept_orders", KeptOrders())
                        assert first == await find_products(asked, visitor)
                        seen.add((segment, page, bool(first.products)))
    assert {(EVERYONE, 2, True), (EVERYONE, 3, True), (COMPANIES, 2, True), (COMPANIES, 3, False)} <= seen


@pytest.mark.parametrize(
    ("sort", "language", "index"),
    [
        ("name", "en", "products_in_order_of_names_en"),
        ("name", "de", "products_in_order_of_names_de"),
        ("newest", "en", "products_newest_of_category"),
    ],
)
async def test_the_first_pages_are_read_from_the_index_of_their_order(
    database: str, sort: str, language: str, index: str
) -> None:
    made = await filled(3, random.Random(1))
    await DB.execute(
        "INSERT INTO products (id, sku, sku_canonical, category, names, search_text, created_at)"
        " SELECT gen_random_uuid(), 'X-' || n, 'x-' || n, g.id, jsonb_build_object('en', 'Ware ' || n), '', now()"
        " FROM generate_series(1, 6000) n JOIN categories g ON g.position = n % 3"
    )
    await known_to_the_planner("products")
    query = Query(language)
    wanted = Wanted(category=made.categories["teas"], sort=sort, page=2)
    tree = await category_tree(await all_versions())
    seen = Visibility(
        sees_everything=False,
        categories=frozenset(made.categories.values()),
        hidden=frozenset({made.products["P-1"]}),
    )
    statement = first_pages(query, wanted, seen, tree, language, ON_A_PAGE)
    assert statement is not None
    plan = "\n".join(row["QUERY PLAN"] for row in await DB.fetch(f"EXPLAIN {statement}", *query.arguments))
    assert f"Index Scan using {index}" in plan
    assert "Index Only Scan using products_by_category" in plan


def test_pages_beyond_the_first_ones_and_narrowed_lists_have_the_whole_order_made() -> None:
    wanted = Wanted(category=None)
    for other in (
        wanted,
        replace(wanted, words="tea"),
        replace(wanted, sort="price"),
        replace(wanted, price_from=1),
        replace(wanted, only_available=True),
        replace(wanted, page=FIRST // ON_A_PAGE + 1),
    ):
        query = Query("en")
        assert first_pages(query, other, EVERYTHING, None, "en", ON_A_PAGE) is None  # type: ignore[arg-type]
        assert query.arguments == ["en"]
