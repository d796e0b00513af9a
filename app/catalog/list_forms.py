"""What a list of products is asked for in its address: page, order, words, prices, availability (pages.md)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from babel.numbers import get_currency_precision
from litestar import Request

from app.amounts import typed_decimal
from app.catalog.list_query import LAST_PAGE, RELEVANCE, SORTS, Wanted
from app.catalog.lists import Found, Offer
from app.forms import Invalid, asked_for
from app.languages import gettext as _
from app.languages import text
from app.links import Links
from app.money import rounded

SORT_NAMES: Mapping[str, str] = {
    RELEVANCE: text("Best match"),
    "name": text("Name"),
    "price": text("Price, lowest first"),
    "-price": text("Price, highest first"),
    "newest": text("Newest first"),
}
# Longer searches are nobody's.
LONGEST_SEARCH = 100
DEAREST = 10**15


@dataclass(kw_only=True)
class ListForm:
    """What was asked for, as it was typed and as it was understood."""

    words: str
    sort: str
    page: int
    price_from: str
    price_to: str
    only_available: bool
    sorts: tuple[str, ...]
    wanted: Wanted
    # Field -> what is wrong with it; such a field narrows nothing.
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def sort_options(self) -> list[tuple[str, str]]:
        """The orders to choose from: (value, English text)."""
        return [(one, SORT_NAMES[one]) for one in self.sorts]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but category, order and page was asked for."""
        return bool(self.words or self.price_from or self.price_to or self.only_available)

    def query(self, page: int) -> dict[str, object]:
        """The query of another page of the same list; what is as usual is left out, so that addresses stay."""
        return {
            "q": self.words,
            "sort": self.sort if self.sort != self.sorts[0] else None,
            "price_from": self.price_from,
            "price_to": self.price_to,
            "available": "1" if self.only_available else None,
            "page": page if page > 1 else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list as its page shows it."""

    form: ListForm
    found: Found
    offers: list[Offer]
    # Until when it stays as it is, as long as no version changes; None is for good.
    until: datetime | None
    links: Links
    route: str
    route_values: dict[str, object]

    def url_of(self, page: int) -> str:
        """The address of another page of the list."""
        return self.links.path(self.route, **self.route_values, **self.form.query(page))


def canonical_of(form: ListForm, links: Links, route: str, **route_values: object) -> str:
    """The address of a list that search engines should keep: the page as it is without order and filters."""
    return links.url(route, **route_values, page=form.page if form.page > 1 else None)


def read_list_form(
    request: Request[Any, Any, Any], currency: str, *, category: uuid.UUID | None = None
) -> ListForm:
    """Reads a list's address. What makes no sense there is as if it were not: addresses are typed and guessed."""
    query = request.query_params
    words = " ".join(asked_for(query.get("q", "")).split())[:LONGEST_SEARCH]
    sorts = SORTS if category is not None else (RELEVANCE, *SORTS)
    sort = query.get("sort", "")
    form = ListForm(
        words=words,
        sort=sort if sort in sorts else sorts[0],
        page=_page(query.get("page", "")),
        price_from=query.get("price_from", "").strip()[:20],
        price_to=query.get("price_to", "").strip()[:20],
        only_available=query.get("available", "") not in ("", "0"),
        sorts=sorts,
        wanted=Wanted(),
    )
    amounts: dict[str, int | None] = {}
    for name, typed in (("price_from", form.price_from), ("price_to", form.price_to)):
        amounts[name] = _minor_units(typed, currency)
        if typed and amounts[name] is None:
            form.problems[name] = _("Please enter an amount, for example 12.50.")
    form.wanted = Wanted(
        category=category,
        words=form.words,
        sort=form.sort,
        page=form.page,
        price_from=amounts["price_from"],
        price_to=amounts["price_to"],
        only_available=form.only_available,
    )
    return form


def _page(typed: str) -> int:
    return (
        min(max(int(typed), 1), LAST_PAGE) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 1
    )


def _minor_units(typed: str, currency: str) -> int | None:
    """The minor units of an amount as people type it, with a point or a comma; None if it is none."""
    try:
        amount = typed_decimal(typed)
    except Invalid:
        return None
    if not 0 <= amount <= DEAREST:
        return None
    return rounded(amount.scaleb(get_currency_precision(currency)))
