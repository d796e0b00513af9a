"""The home page of a shop, its categories, searches and products (pages.md)."""

from datetime import UTC, datetime
from typing import Any

from litestar import Request, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import Redirect

from app.access import anyone
from app.catalog.categories import Category, Node, category_tree
from app.catalog.kept_parts import kept_parts, key_of_parts
from app.catalog.list_forms import ListForm, Listing, canonical_of, read_list_form
from app.catalog.lists import find_products, newest_of_each_category, with_prices
from app.catalog.product_page import parts_of_product
from app.catalog.products import product_by_sku
from app.catalog.sitemap import sitemap
from app.catalog.suggestions import suggestions_for
from app.catalog.views import visibility
from app.links import links_of
from app.pages import Page, parts_of, see_path
from app.visitor import CurrentVisitor, Visitor


@get("/", name="home", guards=[anyone])
async def home(visitor: CurrentVisitor) -> Page:
    """The home page: what the shop has, in its categories, and what came last."""
    key = key_of_parts(visitor, "home")
    parts = kept_parts.get(key, datetime.now(UTC))
    if parts is None:
        newest = await with_prices(await newest_of_each_category(visitor), visitor)
        parts = parts_of("home/parts.html", visitor, newest=newest.offers)
        kept_parts.keep(key, parts, newest.until)
    return Page("home/home.html", categories=await categories_below(None, visitor), parts=parts)


@get("/categories/{slug:str}", name="category", guards=[anyone])
async def category(request: Request[Any, Any, Any], visitor: CurrentVisitor, slug: FromPath[str]) -> Page:
    """A category with its products; 404 when the visitor sees none of that name, and for pages beyond the last."""
    tree = await category_tree(visitor.versions)
    seen = await visibility(visitor.audience, visitor.versions)
    node = tree.by_slug.get(slug)
    if node is None or not seen.shows_category(node.id):
        raise NotFoundException
    form = read_list_form(request, visitor.audience.currency, category=node.id)
    # What people type into the filters is seldom typed twice.
    key = key_of_parts(visitor, "category", slug, form.sort, form.page) if not form.is_narrowed else None
    parts = kept_parts.get(key, datetime.now(UTC)) if key is not None else None
    if parts is None:
        listing = await _listing(form, visitor, "category", {"slug": slug})
        parts = parts_of(
            "catalog/category_parts.html",
            visitor,
            category=node.in_language(visitor.language),
            way=[one.in_language(visitor.language) for one in tree.way_to(node.id)],
            below=await categories_below(node, visitor),
            others=await categories_below(None, visitor),
            listing=listing,
        )
        if key is not None:
            kept_parts.keep(key, parts, listing.until)
    return Page(
        "catalog/category.html",
        category=node.in_language(visitor.language),
        page=form.page,
        top_category=tree.way_to(node.id)[0].slug,
        canonical=canonical_of(form, links_of(visitor.application), "category", slug=slug),
        parts=parts,
    )


@get("/search", name="search", guards=[anyone])
async def search(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """What a search finds; without words the search itself."""
    form = read_list_form(request, visitor.audience.currency)
    listing = await _listing(form, visitor, "search", {}) if form.words else None
    return Page(
        "catalog/search.html",
        form=form,
        listing=listing,
        categories=await categories_below(None, visitor),
    )


@get("/search/suggestions", name="search_suggestions", guards=[anyone])
async def search_suggestions(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page | Redirect:
    """What may be meant by what is being typed: a fragment for the search box."""
    form = read_list_form(request, visitor.audience.currency)
    if request.headers.get("hx-request") != "true":
        return see_path(request, links_of(visitor.application).path("search", q=form.words))
    return Page("catalog/suggestions.html", suggestions=await suggestions_for(form.words, visitor))


@get("/products/{sku:str}", name="product", guards=[anyone])
async def product(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, sku: FromPath[str]
) -> Page | Redirect:
    """A product with its price for this visitor; 404 when the visitor sees none of that number."""
    # No spelling but the product's own is kept, so that people cannot fill the memory with others.
    key = key_of_parts(visitor, "product", sku)
    parts = kept_parts.get(key, datetime.now(UTC))
    if parts is None:
        found = await product_by_sku(sku, visitor)
        if found is None:
            raise NotFoundException
        if found.sku != sku:
            # One address for each product, in the spelling of its number.
            return see_path(request, links_of(visitor.application).path("product", sku=found.sku))
        parts, until = await parts_of_product(found, visitor)
        kept_parts.keep(key, parts, until)
    return Page("catalog/product.html", parts=parts, top_category=parts["top_category"], refused=None)


async def categories_below(node: Node | None, visitor: Visitor) -> list[Category]:
    """The categories right below one (or the top ones) that the visitor sees, in their order."""
    tree = await category_tree(visitor.versions)
    seen = await visibility(visitor.audience, visitor.versions)
    parent = node.id if node is not None else None
    return [
        one.in_language(visitor.language) for one in tree.below.get(parent, ()) if seen.shows_category(one.id)
    ]


async def _listing(form: ListForm, visitor: Visitor, route: str, values: dict[str, object]) -> Listing:
    found = await find_products(form.wanted, visitor)
    if not found.products and form.page > 1:
        raise NotFoundException
    priced = await with_prices(found.products, visitor)
    return Listing(
        form=form,
        found=found,
        offers=priced.offers,
        until=_earlier(priced.until, found.until),
        links=links_of(visitor.application),
        route=route,
        route_values=values,
    )


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


routes = [home, category, search, search_suggestions, product, sitemap]
