"""Catalog views: what a visitor may see of the catalog (domain.md 8)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.catalog.categories import CategoryTree, read_categories
from app.segments.audience import Audience
from app.segments.targets import owners_for
from app.versions import Held, Subject
from tables.catalog import ViewRuleAction
from tables.engine import DB
from tables.segments import TargetKind

Ids = frozenset[uuid.UUID]
NONE: Ids = frozenset()


class InCategory(Protocol):
    """Whatever has an id and stands in a category."""

    @property
    def id(self) -> uuid.UUID:
        """Id of the product."""

    @property
    def category_id(self) -> uuid.UUID:
        """Id of its category."""


@dataclass(frozen=True, slots=True)
class Visibility:
    """What one audience sees: everything, or the products of some categories without `hidden`, and `added`.

    `key` tells visibilities apart wherever something is kept for an audience.
    """

    key: str = ""
    sees_everything: bool = True
    categories: Ids = NONE
    hidden: Ids = NONE
    added: Ids = NONE
    # Categories with something in them or below them that is seen.
    shown_categories: Ids = NONE

    def shows(self, product: InCategory) -> bool:
        """Whether a product is seen."""
        if self.sees_everything or product.id in self.added:
            return True
        return product.category_id in self.categories and product.id not in self.hidden

    def shows_category(self, category: uuid.UUID) -> bool:
        """Whether a category is seen: it, or something below it, has products that are."""
        return self.sees_everything or category in self.shown_categories

    def condition(self, first: int, product: str = "p") -> tuple[str, list[Any]]:
        """The same as SQL on the row named `product`, with its arguments, the first of which is `$first`."""
        if self.sees_everything:
            return "TRUE", []
        # Without products of their own most views are answered by an index of categories alone.
        condition, arguments = f"{product}.category = ANY(${first}::uuid[])", [list(self.categories)]
        if self.hidden:
            arguments.append(list(self.hidden))
            condition += f" AND {product}.id <> ALL(${first + 1}::uuid[])"
        if self.added:
            arguments.append(list(self.added))
            condition += f" OR {product}.id = ANY(${first + len(arguments) - 1}::uuid[])"
        return f"({condition})", arguments


EVERYTHING = Visibility()


@dataclass(slots=True)
class _View:
    """The rules of one view: categories with all below them are resolved."""

    categories: set[uuid.UUID] = field(default_factory=set)
    without_categories: set[uuid.UUID] = field(default_factory=set)
    # Product -> its category.
    products: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    without_products: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)

    @property
    def seen_categories(self) -> set[uuid.UUID]:
        """What is included and not excluded again."""
        return self.categories - self.without_categories

    def also_seen(self) -> dict[uuid.UUID, uuid.UUID]:
        """Products that a rule of their own includes, unless one excludes them or their category."""
        return {
            product: category
            for product, category in self.products.items()
            if product not in self.without_products and category not in self.without_categories
        }


@dataclass(frozen=True, slots=True)
class _Views:
    """All active views, the tree that their rules were resolved with, and what was made of them."""

    tree: CategoryTree
    by_id: dict[str, _View]
    visibilities: dict[frozenset[str], Visibility]


_RULES = """
    SELECT v.id AS view, r.action, r.category, r.product, p.category AS category_of_product
    FROM catalog_views v
    LEFT JOIN catalog_view_rules r ON r.view = v.id
    LEFT JOIN products p ON p.id = r.product
    WHERE v.is_active
"""


async def visibility(audience: Audience, versions: Mapping[str, int]) -> Visibility:
    """What an audience sees of the catalog.

    A view shows nothing but what its rules include and do not exclude again; with several views the union is
    seen, and who is the target of no view sees everything (domain.md 8).
    """
    views = await _views.at(versions)
    meant = await owners_for(TargetKind.CATALOG_VIEW, audience, versions)
    own = frozenset(one for one in meant if one in views.by_id)
    if not own:
        return EVERYTHING
    found = views.visibilities.get(own)
    if found is None:
        found = views.visibilities[own] = _union(own, [views.by_id[view] for view in own], views.tree)
    return found


async def _read_views() -> _Views:
    tree = await read_categories()
    found: dict[str, _View] = {}
    for row in await DB.fetch(_RULES):
        view = found.setdefault(row["view"], _View())
        if row["action"] is not None:
            _add_rule(view, row, tree)
    return _Views(tree, found, {})


# A product in a rule is known with its category, and categories are resolved to all below them: both change
# with the catalog.
_views: Held[_Views] = Held(_read_views, Subject.VIEWS, Subject.CATALOG)


def _add_rule(view: _View, row: dict[str, Any], tree: CategoryTree) -> None:
    includes = row["action"] == ViewRuleAction.INCLUDE
    if row["product"] is not None:
        products = view.products if includes else view.without_products
        products[row["product"]] = row["category_of_product"]
        return
    whole = row["category"] is None
    categories = frozenset(tree.by_id) if whole else tree.with_all_below(row["category"])
    (view.categories if includes else view.without_categories).update(categories)


def _union(ids: frozenset[str], views: list[_View], tree: CategoryTree) -> Visibility:
    added: dict[uuid.UUID, uuid.UUID] = {}
    for view in views:
        added |= view.also_seen()
    excluded = {product: category for view in views for product, category in view.without_products.items()}
    # Hidden is what each view that shows its category excludes.
    hidden = {
        product
        for product, category in excluded.items()
        if product not in added
        and all(product in view.without_products for view in views if category in view.seen_categories)
    }
    categories = frozenset[uuid.UUID]().union(*(view.seen_categories for view in views))
    shown = {node.id for one in {*categories, *added.values()} for node in tree.way_to(one)}
    return Visibility(
        key="|".join(sorted(ids)),
        sees_everything=False,
        categories=categories,
        hidden=frozenset(hidden),
        added=frozenset(added),
        shown_categories=frozenset(shown),
    )
