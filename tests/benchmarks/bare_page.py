"""What the home page is compared with: one query, one template, nothing else.

No sessions, no languages, no headers, no log: what a page of Litestar and Jinja costs at the least, on the same
server, the same driver and the same pool of connections.

As in a page of that size that shows something, all of it is cards made from rows of the query.

    python -m tests.benchmarks.bare_page PORT CARDS
"""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from granian.constants import Interfaces, Loops
from granian.http import HTTP1Settings
from granian.server import Server
from jinja2 import Environment, FileSystemLoader
from litestar import Litestar, get
from litestar.handlers import HTTPRouteHandler
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template.config import TemplateConfig

from app.server import BACKLOG, HEADERS_WITHIN
from tables.engine import DB, close_pool, open_pool

# Workers read it like a setting.
CARDS = "BARE_PAGE_CARDS"


@get("/", name="home")
async def home() -> Template:
    """A page of so many cards, the categories again and again."""
    categories = await DB.fetch(
        "SELECT slug, names->>'en' AS name, descriptions->>'en' AS description, picture"
        " FROM generate_series(1, 10) AS shelf, categories ORDER BY shelf, position LIMIT $1",
        int(os.environ[CARDS]),
    )
    return Template("bare_page.html", context={"categories": categories})


def build() -> Litestar:
    """The application of a worker."""
    return site_of(home)


def site_of(page: HTTPRouteHandler) -> Litestar:
    """An application that is nothing but this page, whose template lies in this folder."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, auto_reload=False
    )
    return Litestar(
        route_handlers=[page],
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment)),
        openapi_config=None,
        logging_config=None,
        lifespan=[_with_pool],
    )


@asynccontextmanager
async def _with_pool(_app: Litestar) -> AsyncIterator[None]:
    await open_pool()
    yield
    await close_pool()


def serve(application: str, port: int, workers: int = 1) -> None:
    """Serves what a function (`module:function`) builds by the same server with the same options as in
    app/server.py."""
    Server(
        application,
        address="127.0.0.1",
        port=port,
        interface=Interfaces.ASGI,
        loop=Loops.auto,
        workers=workers,
        backlog=BACKLOG,
        websockets=False,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN * 1000, keep_alive=True),
        log_enabled=False,
        log_access=False,
        factory=True,
    ).serve()


if __name__ == "__main__":
    os.environ[CARDS] = sys.argv[2]
    serve("tests.benchmarks.bare_page:build", int(sys.argv[1]))
