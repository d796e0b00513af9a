"""The first pages of a category as one SQL statement, read from an index of its order.

After a change of the catalog the order of a whole category has to be made anew, which takes the longer the more
products are in it. Most people look at its first pages: these are as quick in a category of ten thousand products as
in one of a hundred, but for their number, which is counted in an index.
"""

from collections.abc import Mapping

from app.catalog.categories import CategoryTree
from app.catalog.list_query import ON_A_PAGE, Query, Wanted
from app.catalog.products import COLUMNS
from app.catalog.views import Visibility

# So many products of an order are read one by one; whoever goes on has the whole order made, which is then kept.
FIRST = 10 * ON_A_PAGE
# The languages whose names have an index (tables/migrations), with what it is of. In another one the order of the
# whole category is made for its first page too.
_NAMES: Mapping[str, str] = {
    "en": "coalesce(p.sort_names ->> 'en', p.sort_names ->> '')",
    "de": "coalesce(p.sort_names ->> 'de', p.sort_names ->> 'en', p.sort_names ->> '')",
}


def first_pages(
    query: Query, wanted: Wanted, seen: Visibility, tree: CategoryTree, language: str, at_most: int
) -> str | None:
    """One of the first pages of a whole category by name, or newest first: the same rows as those of
    `list_query.statement_for`, without the whole order. None where another page is wanted. `query` has the language
    as its first argument."""
    key, direction = ("p.created_at", "DESC") if wanted.sort == "newest" else (_NAMES.get(language), "ASC")
    end = wanted.offset + at_most
    is_of_index = key is not None and wanted.sort in ("name", "newest")
    if not is_of_index or wanted.category is None or not wanted.is_whole or wanted.is_by_price or end > FIRST:
        return None
    categories = f"{query.value(list(tree.with_all_below(wanted.category)))}::uuid[]"
    condition = f"p.is_active AND {query.seen(seen)}"
    # The planner has to know how few are wanted of each category, and these are numbers of our own.
    return (
        f"WITH ordered AS (SELECT o.id, row_number() OVER (ORDER BY o.key {direction}, o.sku_canonical) AS n"
        f" FROM unnest({categories}) AS g (id) CROSS JOIN LATERAL"
        f" (SELECT p.id, {key} AS key, p.sku_canonical FROM products p WHERE p.category = g.id AND {condition}"
        f" ORDER BY key {direction}, p.sku_canonical LIMIT {end}) o)"
        f" SELECT {COLUMNS}, FALSE AS is_near, FALSE AS is_cut,"
        f" (SELECT count(*) FROM products p WHERE p.category = ANY({categories}) AND {condition}) AS total"
        f" FROM ordered o JOIN products p ON p.id = o.id WHERE o.n > {wanted.offset} AND o.n <= {end} ORDER BY o.n"
    )
