"""The home page of a shop and its categories."""

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import anyone
from app.catalog.categories import categories
from app.pages import Page
from app.visitor import CurrentVisitor


@get("/", name="home", guards=[anyone])
async def home(visitor: CurrentVisitor) -> Page:
    """The home page: what the shop has, in its categories."""
    return Page(
        "home/home.html", categories=await categories(visitor.versions.get("catalog", 0), visitor.language)
    )


@get("/categories/{slug:str}", name="category", guards=[anyone])
async def category(visitor: CurrentVisitor, slug: FromPath[str]) -> Page:
    """A category; 404 when there is none of that name."""
    all_of_them = await categories(visitor.versions.get("catalog", 0), visitor.language)
    chosen = next((one for one in all_of_them if one.slug == slug), None)
    if chosen is None:
        raise NotFoundException
    return Page("home/category.html", category=chosen, categories=all_of_them)


routes = [home, category]
