"""The sitemap: addresses of all categories and products that everybody sees (sitemaps.org, protocol 0.9)."""

from typing import Any
from xml.sax.saxutils import escape

from litestar import MediaType, Request, Response, get
from litestar.exceptions import NotFoundException

from app.access import anyone
from app.catalog.categories import category_tree
from app.catalog.views import visibility
from app.links import links_of
from app.segments.audience import audience_of_stranger
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB

# A sitemap may name 50,000 addresses; larger catalogs have several, and one that names them.
MOST_ADDRESSES = 50_000
_NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


@get("/sitemap.xml", name="sitemap", guards=[anyone], media_type=MediaType.XML)
async def sitemap(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[str]:
    """The addresses of the shop; in large shops `page` names a part, and without it are the addresses of these."""
    page = request.query_params.get("page", "")
    addresses = await _addresses(visitor)
    pages = -(-len(addresses) // MOST_ADDRESSES)
    links = links_of(visitor.application)
    if not page and pages > 1:
        text = _index([links.url("sitemap", page=number) for number in range(1, pages + 1)])
    elif page and not (page.isascii() and page.isdigit() and len(page) < 9 and 1 <= int(page) <= pages):
        raise NotFoundException
    else:
        first = (int(page or 1) - 1) * MOST_ADDRESSES
        text = _url_set(addresses[first : first + MOST_ADDRESSES])
    return Response(text, media_type="application/xml", headers={"Cache-Control": "public, max-age=3600"})


async def _addresses(visitor: Visitor) -> list[str]:
    """What strangers see: the answer may be kept by others, and so is the same for everybody."""
    audience = audience_of_stranger(visitor.application)
    seen = await visibility(audience, visitor.versions)
    tree = await category_tree(visitor.versions)
    links = links_of(visitor.application)
    condition, arguments = seen.condition(1)
    rows = await DB.fetch(
        f"SELECT p.sku FROM products p WHERE p.is_active AND {condition} ORDER BY p.sku_canonical", *arguments
    )
    addresses = [links.url("home")]
    addresses += [
        links.url("category", slug=one.slug) for one in tree.by_id.values() if seen.shows_category(one.id)
    ]
    return addresses + [links.url("product", sku=row["sku"]) for row in rows]


def _url_set(addresses: list[str]) -> str:
    urls = "".join(f"<url><loc>{escape(one)}</loc></url>\n" for one in addresses)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {_NAMESPACE}>\n{urls}</urlset>\n'


def _index(addresses: list[str]) -> str:
    maps = "".join(f"<sitemap><loc>{escape(one)}</loc></sitemap>\n" for one in addresses)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex {_NAMESPACE}>\n{maps}</sitemapindex>\n'
