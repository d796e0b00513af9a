"""Lists of products: of a category, of a search, what is new. A page of a list costs one query, its prices another.

The order of a whole category is the same for all who see the same of it, so it is kept: turning the pages of a
category costs as much with a hundred thousand products as with a hundred.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from app.catalog.categories import CategoryTree, category_tree
from app.catalog.first_pages import first_pages
from app.catalog.kept_orders import kept_orders
from app.catalog.list_query import ON_A_PAGE, RELEVANCE, Query, Wanted, statement_for
from app.catalog.price_in_sql import PriceTerms, price_terms
from app.catalog.products import COLUMNS, SMALLEST_QUANTITY, ShownProduct, shown_product
from app.catalog.views import Visibility, visibility
from app.catalog.words import FAR, distance
from app.prices.borders import Span, span_of
from app.prices.price import Price, offers_for, price
from app.versions import Subject
from app.visitor import Visitor
from tables.engine import DB


@dataclass(frozen=True, slots=True)
class Offer:
    """A product with its price for the visitor at its smallest quantity; None where it has none."""

    product: ShownProduct
    price: Price | None

    @property
    def card(self) -> tuple[object, ...]:
        """All that its card shows, to keep the card by; beside language and application."""
        product, price = self.product, self.price
        shown = None
        if price is not None:
            shown = (
                price.shown,
                price.currency,
                price.is_net,
                price.includes_tax,
                "" if price.is_for_everyone else price.list_name,
            )
        pieces_left = product.stock if product.stock_state == "few" else 0
        texts = (product.name, product.unit, product.picture, product.category)
        return (product.sku, product.version, *texts, product.stock_state, pieces_left, shown)


@dataclass(frozen=True, slots=True)
class Priced:
    """Products with their prices, which stay as they are until a moment (UTC; None is for good)."""

    offers: list[Offer]
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of a list. `is_near` says that nothing fits exactly, and this is what may have been meant."""

    products: list[ShownProduct] = field(default_factory=list)
    count: int = 0
    page: int = 1
    is_near: bool = False
    # More products have the words than were looked at.
    is_cut: bool = False
    # When its order may change by itself: prices begin and end. None is never.
    until: datetime | None = None

    @property
    def pages(self) -> int:
        """How many pages the list has; an empty one has one."""
        return max(1, -(-self.count // ON_A_PAGE))


async def find_products(wanted: Wanted, visitor: Visitor, at_most: int = ON_A_PAGE) -> Found:
    """A page of the products that are wanted and that the visitor may see."""
    seen = await visibility(visitor.audience, visitor.versions)
    tree = await category_tree(visitor.versions)
    by_price = wanted.sort in ("price", "-price") or wanted.is_by_price
    terms = await price_terms(visitor.audience, visitor.versions) if by_price else None
    span = await span_of(datetime.now(UTC), visitor.versions) if by_price else None
    until = span.until if span is not None else None
    key = _key_of_order(wanted, visitor, seen, terms, span) if wanted.is_whole else None
    order = kept_orders.get(key) if key is not None else None
    if order is not None:
        order = order.within(wanted.price_from, wanted.price_to)
        found = await _in_order(order.ids(wanted.offset, at_most), visitor, seen, tree)
        return Found(products=found, count=len(order), page=wanted.page, until=until)
    query = Query(visitor.language)
    statement = first_pages(query, wanted, seen, tree, visitor.language, at_most)
    with_order = statement is None and key is not None
    if statement is None:
        statement = statement_for(query, wanted, seen, tree, terms, at_most, with_order=with_order)
    rows = await DB.fetch(statement, *query.arguments)
    if with_order and rows:
        kept_orders.keep(key, rows[0]["ids"], rows[0]["prices"] if terms is not None else None)
    if rows and rows[0]["is_near"]:
        return _nearest(rows, wanted, tree, at_most)
    return Found(
        products=[shown_product(row, tree) for row in rows],
        count=rows[0]["total"] if rows else 0,
        page=wanted.page,
        is_cut=bool(rows and rows[0]["is_cut"]),
        until=until,
    )


async def with_prices(products: list[ShownProduct], visitor: Visitor) -> Priced:
    """The products with their prices: one query, however many."""
    offers = await offers_for([one.id for one in products], visitor.audience, visitor.versions)
    now = datetime.now(UTC)
    return Priced(
        [Offer(one, price(one, one.smallest_quantity, offers, visitor.audience, now)) for one in products],
        offers.next_change(now),
    )


async def newest_of_each_category(visitor: Visitor, at_most: int = 8) -> list[ShownProduct]:
    """What came last into each category and is in stock, newest first, for the home page."""
    seen = await visibility(visitor.audience, visitor.versions)
    tree = await category_tree(visitor.versions)
    # The stock has another version with every order of a product of which fewer than 20 pieces are there, or hardly
    # more than the fewest that can be ordered, and with no other (tables/migrations): all audiences and languages
    # that see the same share the order until then.
    stock = visitor.versions.get(Subject.STOCK, 0)
    key = ("newest of each", at_most, *_versions(visitor.versions), stock, seen.key)
    order = kept_orders.get(key)
    if order is None:
        query = Query()
        condition = query.seen(seen)
        shown = (
            "TRUE"
            if seen.sees_everything
            else f"g.id = ANY({query.value(list(seen.shown_categories))}::uuid[])"
        )
        # One look into the index for each category, passing over what is sold out.
        rows = await DB.fetch(
            f"SELECT newest.id FROM categories g CROSS JOIN LATERAL (SELECT p.id, p.created_at FROM products p"
            f" WHERE p.category = g.id AND p.is_active AND p.stock >= {SMALLEST_QUANTITY} AND {condition}"
            f" ORDER BY p.created_at DESC, p.sku_canonical LIMIT 1) AS newest"
            f" WHERE {shown} ORDER BY newest.created_at DESC, newest.id LIMIT {query.value(at_most)}",
            *query.arguments,
        )
        order = kept_orders.keep(key, [row["id"] for row in rows])
    return await _in_order(order.ids(0, at_most), visitor, seen, tree)


def _nearest(rows: list[dict[str, Any]], wanted: Wanted, tree: CategoryTree, at_most: int) -> Found:
    """What may have been meant: products whose words are few typing errors away, in the order that was chosen; by
    relevance the nearest first."""
    judged = [(distance(wanted.words, row["search_text"]), row) for row in rows]
    near = [one for one in judged if one[0] < FAR]
    if wanted.sort == RELEVANCE:
        near.sort(key=lambda one: one[0])
    first = wanted.offset
    page = [shown_product(row, tree) for _distance, row in near[first : first + at_most]]
    return Found(products=page, count=len(near), page=wanted.page, is_near=True)


async def _in_order(
    ids: list[uuid.UUID], visitor: Visitor, seen: Visibility, tree: CategoryTree
) -> list[ShownProduct]:
    if not ids:
        return []
    query = Query(visitor.language, ids)
    rows = await DB.fetch(
        f"SELECT {COLUMNS} FROM products p WHERE p.id = ANY($2::uuid[]) AND p.is_active AND {query.seen(seen)}",
        *query.arguments,
    )
    by_id = {row["id"]: shown_product(row, tree) for row in rows}
    return [by_id[one] for one in ids if one in by_id]


def _versions(versions: Mapping[str, int]) -> tuple[int, ...]:
    return (versions.get("catalog", 0), versions.get("views", 0))


def _key_of_order(
    wanted: Wanted, visitor: Visitor, seen: Visibility, terms: PriceTerms | None, span: Span | None
) -> tuple[Any, ...]:
    """All that an order depends on, but no range of prices: the order knows them. Prices also depend on the time."""
    key = (wanted.category, wanted.sort, visitor.language, *_versions(visitor.versions), seen.key)
    if terms is None or span is None:
        return key
    return (*key, terms, visitor.versions.get("prices", 0), span)
