"""Suggestions while a search is typed: categories and products that may be meant."""

from dataclasses import dataclass, field

from app.catalog.categories import Category, category_tree
from app.catalog.list_query import RELEVANCE, Wanted
from app.catalog.lists import find_products
from app.catalog.products import ShownProduct
from app.catalog.views import visibility
from app.catalog.words import words_of
from app.visitor import Visitor

SHORTEST = 2
MOST_PRODUCTS = 6
MOST_CATEGORIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """What may be meant by `words`."""

    words: str
    categories: list[Category] = field(default_factory=list)
    products: list[ShownProduct] = field(default_factory=list)
    is_near: bool = False


async def suggestions_for(words: str, visitor: Visitor) -> Suggestions:
    """Categories and products for what was typed so far; nothing for fewer than two letters."""
    if len("".join(words_of(words))) < SHORTEST:
        return Suggestions(words=words)
    found = await find_products(Wanted(words=words, sort=RELEVANCE), visitor, MOST_PRODUCTS)
    return Suggestions(
        words=words,
        categories=(await _categories(words, visitor))[:MOST_CATEGORIES],
        products=found.products,
        is_near=found.is_near,
    )


async def _categories(words: str, visitor: Visitor) -> list[Category]:
    tree = await category_tree(visitor.versions)
    seen = await visibility(visitor.audience, visitor.versions)
    typed = words_of(words)
    shown = (
        node.in_language(visitor.language) for node in tree.by_id.values() if seen.shows_category(node.id)
    )
    return [
        one
        for one in shown
        if all(any(name.startswith(word) for name in words_of(one.name)) for word in typed)
    ]
