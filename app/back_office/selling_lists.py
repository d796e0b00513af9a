"""Lists of the back office: each has a search, a table and pages, and is shown by one template."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from app.forms import Form, Text, blank
from app.pages import Page

ON_A_PAGE = 50


class SearchForm(Form):
    """The search above a list."""

    q: Annotated[str, Text(required=False)]
    state: Annotated[str, Text(required=False)]


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a list: where it leads to, what stands there, and a badge (text, kind) at its end."""

    href: str
    cells: Sequence[str]
    badge: tuple[str, str] | None = None


@dataclass(frozen=True, kw_only=True)
class ShownList:
    """A list. `route` is its own; `new` the route of the page that makes another one, "" for none."""

    route: str
    heading: str
    lead: str
    headings: Sequence[str]
    rows: Sequence[Row]
    new: str = ""
    new_text: str = ""
    search_label: str = ""
    q: str = ""
    # (value, name) of the states that it can be filtered by, and the chosen one.
    states: Sequence[tuple[str, str]] = ()
    state: str = ""
    page: int = 1
    pages: int = 1
    # (text, address) of pages that belong to the list.
    related: Sequence[tuple[str, str]] = ()
    # What its own address has besides.
    more: dict[str, str] = field(default_factory=dict)
    # What staff must look at, above the list.
    warning: str = ""


def list_page(shown: ShownList) -> Page:
    """The page of a list."""
    return Page("back_office/selling/list.html", **list_context(shown))


def list_context(shown: ShownList) -> dict[str, Any]:
    """What back_office/selling/list_body.html shows of a list: itself, and its search as a form."""
    return {"shown": shown, "search": blank(SearchForm, q=shown.q, state=shown.state)}


def offset_of(page: int) -> int:
    """How many lines stand on the pages before."""
    return (page - 1) * ON_A_PAGE


def pages_of(count: int) -> int:
    """How many pages so many lines make, at least one."""
    return max(1, -(-count // ON_A_PAGE))


def page_asked_for(page: int) -> int:
    """The page of a list that an address asks for; what cannot be is the first, and no offset gets too large."""
    return page if 1 <= page <= 100_000 else 1


def delete_page(
    heading: str, told: str, action: str, back: str, uses: Sequence[tuple[str, str]] = (), version: str = ""
) -> Page:
    """The page that asks before something is deleted. `uses` are (name, address or "") of what names it,
    `version` is that of what the person saw, where deleting asks for it."""
    return Page(
        "back_office/selling/delete.html",
        heading=heading,
        told=told,
        action=action,
        back=back,
        uses=uses,
        version=version,
    )
