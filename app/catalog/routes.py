"""The home page of a shop and its categories."""

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone
from app.catalog.categories import category_tree
from app.pages import Page
from app.visitor import CurrentVisitor


@get("/", name="home", guards=[anyone])
async def home(visitor: CurrentVisitor) -> Page:
    """The home page: what the shop has, in its categories."""
    tree = await category_tree(visitor.versions)
    return Page(
        "home/home.html", categories=[one.in_language(visitor.language) for one in tree.below.get(None, ())]
    )


@get("/categories/{slug:str}", name="category", guards=[anyone])
async def category(visitor: CurrentVisitor, slug: FromPath[str]) -> Page:
    """A category; 404 when there is none of that name."""
    tree = await category_tree(visitor.versions)
    if slug not in tree.by_slug:
        raise NotFoundException
    return Page(
        "home/category.html",
        category=tree.by_slug[slug].in_language(visitor.language),
        categories=[one.in_language(visitor.language) for one in tree.below.get(None, ())],
    )


routes = [home, category]
