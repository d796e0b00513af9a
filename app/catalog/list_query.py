"""One page of a list of products as one SQL statement: what is wanted, in which order, from where to where."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.catalog.categories import CategoryTree
from app.catalog.price_in_sql import PriceTerms
from app.catalog.products import COLUMNS, SMALLEST_QUANTITY, canonical_sku
from app.catalog.views import Visibility
from app.catalog.words import MOST_WORDS, surviving_pieces, words_of

ON_A_PAGE = 24
# Of a search that finds more, so many are looked at, and the page says so: who looks further says more words.
MOST_FOUND = 5000
# Suggestions are made with every letter that is typed.
MOST_SUGGESTED_FROM = 1000
# Of what may have been meant, so many are compared letter by letter.
MOST_NEAR = 200
# Where a range of prices is wanted, so many are priced to find those in it.
MOST_NEAR_PRICED = 1000
# A page number beyond it exists in no shop, and would not fit the database's numbers.
LAST_PAGE = 1_000_000
SORTS = ("name", "price", "-price", "newest")
RELEVANCE = "relevance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for. `price_from` and `price_to` are minor units as the visitor is shown prices."""

    category: uuid.UUID | None = None
    words: str = ""
    sort: str = "name"
    page: int = 1
    price_from: int | None = None
    price_to: int | None = None
    only_available: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing but category and prices decide what is in the list: neither words, of which there are
        too many to keep lists for, nor the stock, which changes with every order."""
        return not (self.words or self.only_available)

    @property
    def is_by_price(self) -> bool:
        """Whether only products of some prices are wanted."""
        return self.price_from is not None or self.price_to is not None

    @property
    def offset(self) -> int:
        """How many products stand on the pages before."""
        return (self.page - 1) * ON_A_PAGE


class Query:
    """A statement in the making: its arguments, by the place that each has."""

    def __init__(self, *arguments: Any) -> None:
        self.arguments: list[Any] = list(arguments)

    def value(self, value: Any) -> str:
        """The place of a value, for example `$3`."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def seen(self, seen: Visibility) -> str:
        """The condition of what the visitor may see."""
        condition, arguments = seen.condition(len(self.arguments) + 1)
        self.arguments += arguments
        return condition


# What names are sorted by, kept by the database with the product (tables/migrations): to make it of a name takes
# longer than all else that is asked of a product.
_NAME_KEY = "coalesce(p.sort_names ->> $1, p.sort_names ->> 'en', p.sort_names ->> '')"


def statement_for(
    query: Query,
    wanted: Wanted,
    seen: Visibility,
    tree: CategoryTree,
    terms: PriceTerms | None,
    at_most: int,
    *,
    with_order: bool,
) -> str:
    """One page as one statement; what comes back beside COLUMNS: `n`, the place in the list, `total`, and with the
    first row, if `with_order`, `ids` of the whole list and its `prices`, of whatever range; `is_cut` where more fit
    than are looked at. Where nothing has the words, rows with `is_near` have some of their letters: all of them, in
    the same order and range of prices, and with `search_text` to judge them by. `query` has the language as its
    first argument."""
    limits = [query.seen(seen)]
    if wanted.category is not None:
        limits.append(f"p.category = ANY({query.value(list(tree.with_all_below(wanted.category)))}::uuid[])")
    words = words_of(wanted.words)[:MOST_WORDS]
    if wanted.only_available:
        limits.append(f"p.stock >= {SMALLEST_QUANTITY}")
    fits = list(limits)
    if wanted.words:
        fits.append(_has_words(query, words))
    most = MOST_FOUND if at_most >= ON_A_PAGE else MOST_SUGGESTED_FROM
    seen_of_each = (
        f"p.id, p.sku_canonical, p.tax_class, p.created_at, {SMALLEST_QUANTITY} AS smallest_quantity,"
        f" {_NAME_KEY} AS name_key"
    )
    found = f"SELECT {seen_of_each}, {_relevance(query, wanted, words)} AS relevance, FALSE AS is_near"
    found = f"{found} FROM products p WHERE p.is_active AND {' AND '.join(fits)}"
    if words:
        some = MOST_NEAR_PRICED if wanted.is_by_price else MOST_NEAR
        parts = [
            f"exact AS MATERIALIZED ({found} LIMIT {most + 1})",
            f"near AS MATERIALIZED (SELECT {seen_of_each}, 0 AS relevance, TRUE AS is_near FROM products p"
            f" WHERE NOT EXISTS (SELECT FROM exact) AND p.is_active AND {' AND '.join(limits)}"
            f" AND {_has_pieces(query, words)} LIMIT {some})",
            "matching AS MATERIALIZED (SELECT * FROM exact UNION ALL SELECT * FROM near)",
        ]
    else:
        parts = [f"matching AS MATERIALIZED ({found})"]
    source, shown = "matching m", "NULL::bigint"
    if terms is not None:
        sql, arguments = terms.query(len(query.arguments) + 1, few=bool(wanted.words))
        query.arguments += arguments
        # Worked out once, though it is compared with both ends of a range.
        parts.append(f"priced AS MATERIALIZED ({sql})")
        source, shown = "matching m LEFT JOIN priced ON priced.product = m.id", "priced.shown"
    parts.append(
        f"ordered AS (SELECT m.id, m.is_near, {shown} AS shown,"
        f" row_number() OVER (ORDER BY {_ORDERS[wanted.sort]}, m.sku_canonical) AS place FROM {source})"
    )
    # The whole order is kept with its prices, whatever range of these is wanted.
    place = "row_number() OVER (ORDER BY place)" if wanted.is_by_price else "place"
    parts.append(
        f"fitting AS (SELECT id, is_near, {place} AS n, count(*) OVER () AS total FROM ordered"
        f" WHERE {_in_price_range(query, wanted)})"
    )
    first = wanted.offset
    start, end = query.value(first), query.value(first + at_most)
    whole = [
        f"CASE WHEN o.n = {start} + 1 THEN (SELECT array_agg({one} ORDER BY place) FROM ordered) END"
        for one in ("id", "shown")
    ]
    is_cut = f"(SELECT count(*) > {most} FROM exact)" if words else "FALSE"
    ids, prices = whole if with_order else ("NULL::uuid[]", "NULL::bigint[]")
    page = f"SELECT * FROM fitting WHERE n > {start}::bigint AND n <= {end}::bigint"
    if words:
        # The limit also tells the planner that these are few, and looked up one by one.
        page += f" OR is_near ORDER BY n LIMIT {MOST_NEAR}"
    return (
        f"WITH {', '.join(parts)} SELECT {COLUMNS}, o.n, o.total, o.is_near, {ids} AS ids, {prices} AS prices,"
        f" {is_cut} AS is_cut, CASE WHEN o.is_near THEN p.search_text ELSE '' END AS search_text"
        f" FROM ({page}) o JOIN products p ON p.id = o.id ORDER BY o.n"
    )


_ORDERS: Mapping[str, str] = {
    "name": "m.name_key",
    "newest": "m.created_at DESC",
    "price": "priced.shown NULLS LAST, m.name_key",
    "-price": "priced.shown DESC NULLS LAST, m.name_key",
    RELEVANCE: "m.relevance, m.name_key",
}


def _has_words(query: Query, words: list[str]) -> str:
    if not words:
        return "FALSE"  # signs only
    # Words are letters and digits, and so can be no operators of the query's language.
    wanted = " & ".join(f"'{word}':*" for word in words)
    return f"to_tsvector('simple', p.search_text) @@ to_tsquery('simple', {query.value(wanted)})"


def _has_pieces(query: Query, words: Iterable[str]) -> str:
    conditions = []
    for word in words:
        beginning, end = (query.value(part) for part in surviving_pieces(word))
        conditions.append(
            f"(p.search_pieces @> {beginning}::varchar[] OR p.search_pieces @> {end}::varchar[])"
        )
    return " AND ".join(conditions)


def _relevance(query: Query, wanted: Wanted, words: list[str]) -> str:
    """The SKU itself comes first, then those that have the first word early: names stand before all else."""
    if wanted.sort != RELEVANCE or not words:
        return "0"
    sku, word = query.value(canonical_sku(wanted.words)), query.value(f" {words[0]}")
    return f"CASE WHEN p.sku_canonical = {sku} THEN 0 ELSE strpos(' ' || p.search_text, {word}) + 1 END"


def _in_price_range(query: Query, wanted: Wanted) -> str:
    conditions = ["TRUE"]
    if wanted.price_from is not None:
        conditions.append(f"shown >= {query.value(wanted.price_from)}::bigint")
    if wanted.price_to is not None:
        conditions.append(f"shown <= {query.value(wanted.price_to)}::bigint")
    return " AND ".join(conditions)
