"""The top categories, for the navigation in the header of every page of a shop.

They are asked for with every request, in app/main.py: what decides them is held per process, so that they cost no
query but where something has changed (architecture.md, What a request costs).
"""

from typing import NamedTuple

from app.catalog.categories import category_tree
from app.catalog.views import visibility
from app.visitor import Visitor


class TopCategory(NamedTuple):
    """A category at the top of the tree, in the words of one language: so little that pages can be kept by it."""

    slug: str
    name: str


async def top_categories(visitor: Visitor) -> tuple[TopCategory, ...]:
    """The top categories that the visitor sees (domain.md 8), in their order and in the visitor's language."""
    tree = await category_tree(visitor.versions)
    seen = await visibility(visitor.audience, visitor.versions)
    return tuple(
        TopCategory(one.slug, one.name_in(visitor.language))
        for one in tree.below.get(None, ())
        if seen.shows_category(one.id)
    )
