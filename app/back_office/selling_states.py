"""Whether what may be switched off and holds for a time holds now, later, or no more, as lists tell it."""

from dataclasses import dataclass, replace
from typing import Any

from app.back_office.selling_lists import (
    ON_A_PAGE,
    ShownList,
    list_context,
    list_page,
    offset_of,
    page_asked_for,
    pages_of,
)
from app.forms import asked_for
from app.languages import gettext as _
from app.languages import text
from app.pages import Page
from tables.engine import DB

# What has ended is over even where it is switched off; what is switched off does not begin.
STATES = (
    ("active", text("Active")),
    ("upcoming", text("Not begun yet")),
    ("ended", text("Over")),
    ("off", text("Switched off")),
)
_BADGES = {"active": "success", "upcoming": "info"}
# The state of a row with these columns, for statements that read one table.
STATE_OF_ROW = """
    CASE WHEN valid_to <= now() THEN 'ended' WHEN NOT is_active THEN 'off'
         WHEN valid_from > now() THEN 'upcoming' ELSE 'active' END
"""
# The same of what holds at all times.
SWITCH_OF_ROW = "CASE WHEN is_active THEN 'active' ELSE 'off' END"


def state_choices(*without: str) -> list[tuple[str, str]]:
    """(value, name) of the states that a list can be filtered by, in the language of the current request."""
    return [("", _("All")), *((state, _(name)) for state, name in STATES if state not in without)]


def state_asked_for(wanted: str) -> str:
    """The state that an address asks for; "", which is all, for one that there is not."""
    return wanted if wanted in dict(STATES) else ""


def state_badge(state: str) -> tuple[str, str]:
    """(text, kind) of the badge of a state, in the language of the current request."""
    return _(dict(STATES)[state]), _BADGES.get(state, "neutral")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundByState:
    """A page of a list that is searched by words and a state: what it was asked for, and its rows."""

    q: str
    state: str
    page: int
    rows: list[dict[str, Any]]

    def shown(self, shown: ShownList, *without: str) -> Page:
        """The page of the list, with its search and pages; the states that its things never have are not offered."""
        return list_page(self._filled(shown, without))

    def list_of(self, shown: ShownList, *without: str) -> dict[str, Any]:
        """The same for a page that shows more than the list: what the template of the list needs."""
        return list_context(self._filled(shown, without))

    def _filled(self, shown: ShownList, without: tuple[str, ...]) -> ShownList:
        return replace(
            shown,
            q=self.q,
            states=state_choices(*without),
            state=self.state,
            page=self.page,
            pages=pages_of(self.rows[0]["count"] if self.rows else 0),
        )


async def find_by_state(statement: str, q: str, state: str, page: int, *more: object) -> FoundByState:
    """What an address asks for. The statement has words, state, limit, offset and then `more` as its arguments, and
    gives the `count` of all with each row."""
    wanted, chosen, number = asked_for(q), state_asked_for(state), page_asked_for(page)
    rows = await DB.fetch(statement, wanted, chosen, ON_A_PAGE, offset_of(number), *more)
    return FoundByState(q=wanted, state=chosen, page=number, rows=rows)
