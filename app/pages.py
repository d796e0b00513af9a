"""Pages: the template environment, and the answer `Page("account/overview.html", orders=…)`."""

from collections.abc import Callable, MutableMapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from litestar import Request
from litestar.response import Redirect, Template
from markupsafe import Markup, escape

from app import languages
from app.applications import Application, all_applications, application_by_id
from app.customers.permissions import Permission, looked_as, may_order, visitor_may
from app.customers.types import all_customer_types
from app.extension_points import ExtensionPointTag, template_folders
from app.flash import Flash, flash_of
from app.kept_fragments import HOLE, KeptTag
from app.links import links_of
from app.marketing.content import SLOTS, content_now
from app.settings import settings
from app.static_files import hashed_name
from app.tax_note import tax_note
from app.uploaded_pictures import uploaded_picture
from app.visitor import Visitor

TEMPLATES = Path(__file__).parent.parent / "templates"


class PageEnvironment(Environment):
    """Templates that all see the same globals, as one dictionary.

    Jinja would give each a `ChainMap` of its own globals over these, which costs a part of every page: each include
    and import copies it. Whoever makes a template adds none.
    """

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """The globals of a template."""
        return {**self.globals, **d} if d else self.globals


class Page(Template):
    """A page of the site. `context` beside status and headers is what the template shows; every page also has
    the variables of `page_variables`."""

    __slots__ = ()

    def __init__(
        self, template: str, *, status_code: int = 200, headers: dict[str, str] | None = None, **context: Any
    ) -> None:
        super().__init__(
            template, context=context, status_code=status_code, headers=headers, media_type="text/html"
        )

    def create_template_context(self, request: Request[Any, Any, Any]) -> dict[str, Any]:
        """What the template can use: Litestar's own, ours, the page's."""
        own = super().create_template_context(request)
        own["csrf_input"] = Markup(own["csrf_input"])  # Litestar made it and escapes the token
        return page_variables(request, own["csrf_input"]) | own


def page_variables(request: Request[Any, Any, Any], csrf_input: str = "") -> dict[str, Any]:
    """The variables that every page has."""
    visitor: Visitor = request.scope["visitor"]  # type: ignore[typeddict-item]  # put there by app.main
    application = visitor.application
    links = links_of(application)
    current_path = _current_path(request)
    return {
        "request": request,
        "csrf_input": csrf_input,
        "application": application,
        "applications": storefronts(),
        "visitor": visitor,
        "customer_types": visitor.customer_types,
        "language": visitor.language,
        "languages": languages.language_choices(application.languages),
        "link": links.path,
        "asset": asset_paths(application),
        "current_path": current_path,
        "place": links.place(current_path),
        # None where something failed before they were known; error pages are made all the same.
        "top_categories": request.scope.get("top_categories", ()),
        "flash": flash_of(request),
        "development": settings().development,
    }


def see(
    request: Request[Any, Any, Any], name: str, *, flash: Flash | None = None, **values: object
) -> Redirect:
    """Answers 303 to the page of that route name, which then says what was done (pages.md)."""
    application: Application = request.scope["visitor"].application  # type: ignore[typeddict-item]  # by app.main
    return see_path(request, links_of(application).path(name, **values), flash=flash)


def see_path(request: Request[Any, Any, Any], path: str, *, flash: Flash | None = None) -> Redirect:
    """Answers 303 to a path of this application. The path must come from `links` or `path_within`."""
    answer = Redirect(path, status_code=303)
    if flash is not None:
        flash.keep_on(answer, request.scope["visitor"].application)  # type: ignore[typeddict-item]  # by app.main
    return answer


@cache
def asset_paths(application: Application) -> Callable[[str], str]:
    """The function `asset("css/site.css")` of an application's pages. It raises KeyError for unknown files."""
    return lambda name: f"{application.prefix}/static/{hashed_name(name)}"


def storefronts() -> tuple[Application, ...]:
    """The applications where customers shop."""
    return tuple(one for one in all_applications() if not one.is_back_office)


@cache
def environment() -> Environment:
    """The Jinja environment of all pages. Undefined variables are errors."""
    folders: dict[str, Any] = {
        prefix: FileSystemLoader(folder) for prefix, folder in template_folders().items()
    }
    folders |= {
        f"pages-of:{one.id}": FileSystemLoader(one.templates) for one in all_customer_types().values()
    }
    made = PageEnvironment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader(folders)]),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=[ExtensionPointTag, KeptTag],
        auto_reload=settings().development,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
    )
    made.globals.update(
        _=_translated,
        gettext=_translated,
        ngettext=languages.ngettext,
        link_to=_link_to,
        text=languages.text,
        uploaded_picture=uploaded_picture,
        content_slot=_content_slot,
        may=_may,
        may_order=_may_order,
        looked_as=looked_as,
        tax_note=tax_note,
    )
    made.filters.update(
        date=languages.date_text,
        datetime=languages.datetime_text,
        money=languages.money_text,
        percent=languages.percent_text,
        filled=_filled,
    )
    return made


def parts_of(template: str, visitor: Visitor, /, **context: Any) -> dict[str, Markup]:
    """The parts of a page that a template sets by name. They know the application, language and `context`, and
    neither visitor nor request, so that they can be kept for all who see the same (security.md, Input and output).
    """
    application = visitor.application
    module = (
        environment()
        .get_template(template)
        .make_module(
            {
                "application": application,
                "language": visitor.language,
                "link": links_of(application).path,
                "asset": asset_paths(application),
                **context,
            }
        )
    )
    return {name: part for name, part in vars(module).items() if isinstance(part, Markup)}


def render(template: str, context: dict[str, Any]) -> str:
    """The text of a template with exactly this context, for pages made outside of a route."""
    return environment().get_template(template).render(context)


def _translated(message: str, **values: object) -> str:
    """The text in the visitor's language; where a value is HTML, so is the result, and all else is escaped."""
    found = languages.translations(languages.current_language.get()).gettext(message)
    if not values:
        return found
    if any(isinstance(value, Markup) for value in values.values()):
        return escape(found) % values
    return found % values


@pass_context
def _content_slot(context: Context, slot: str) -> Markup:
    """What staff have put there for this visitor, else nothing (app/marketing/content.py)."""
    if slot not in SLOTS:
        raise LookupError(f"There is no content slot {slot}.")
    visitor = context.get("visitor")
    found = content_now(slot, visitor) if visitor is not None else None
    # The slot is one of SLOTS, and `found` was sanitised.
    return Markup(f'<div class="content-slot" data-slot="{slot}">{found}</div>') if found else Markup("")


def _filled(pattern: Markup, rows: Sequence[Sequence[str]]) -> Markup:
    """The pattern once for each row, with a text of it in the place of each `hole`, escaped.

    For long tables: a loop in the template takes several times as long. All texts are escaped at once.
    """
    hole = str(HOLE)  # as Markup it would escape each text by itself
    start, *ends = str(pattern).split(hole)
    texts = str(escape(hole.join([text for row in rows for text in row]))).split(hole)
    if rows and (len(texts) != len(rows) * len(ends) or any(len(row) != len(ends) for row in rows)):
        raise ValueError("Each row needs a text for each hole of the pattern.")
    left = iter(texts)
    made: list[str] = []
    for _row in rows:
        made.append(start)
        for end in ends:
            made += (next(left), end)
    return Markup("".join(made))  # of a rendered pattern and escaped texts


@pass_context
def _may(context: Context, permission: str) -> bool:
    """Whether the visitor may do something for the customer whom they act for: `may("manage_users")`."""
    visitor = context.get("visitor")
    return visitor is not None and visitor_may(visitor, Permission(permission))


@pass_context
def _may_order(context: Context) -> bool:
    """Whether the visitor may order: nobody is offered a button that is closed to them."""
    visitor = context.get("visitor")
    return visitor is None or may_order(visitor)


def _link_to(application_id: str, name: str, /, **values: object) -> str:
    application = application_by_id(application_id)
    if application is None:
        raise LookupError(f"There is no application {application_id}.")
    return links_of(application).url(name, **values)


def _current_path(request: Request[Any, Any, Any]) -> str:
    path = request.scope["path"]
    root = request.scope.get("root_path", "")
    if root and not path.startswith(root):
        path = root + path
    query = request.scope.get("query_string", b"").decode("latin-1")
    return f"{path}?{query}" if query else path
