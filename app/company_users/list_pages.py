"""The list of a company's users, and what was done in the company (pages.md)."""

import uuid
from collections.abc import Sequence

from litestar import get
from litestar.params import FromQuery

from app.company_users.forms import MemberSearchForm
from app.company_users.history import history_of_company
from app.company_users.members import STATES, ListedMember, MemberSearch, find_members
from app.company_users.roles import Role, role_names, role_options, roles_of
from app.customers.permissions import Permission, permitted
from app.forms import asked_for, blank
from app.languages import gettext as _
from app.languages import text
from app.links import Links, links_of
from app.pages import Page
from app.visitor import CurrentVisitor, Visitor

ADMINISTRATORS = permitted(Permission.MANAGE_USERS)
STATE_NAMES = dict(zip(STATES, (text("Active"), text("Disabled")), strict=True))


@get("/account/users", name="company_users", guards=[ADMINISTRATORS])
async def users_page(
    visitor: CurrentVisitor,
    q: FromQuery[str] = "",
    status: FromQuery[str] = "",
    role: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """The users that fit the search, 25 on a page."""
    roles = await roles_of(_customer_id(visitor))
    search = MemberSearch(
        q=asked_for(q),
        state=status if status in STATES else "",
        role=role if role in {one.id for one in roles} else "",
    )
    filters = {"q": search.q, "status": search.state, "role": search.role}
    found = await find_members(_customer_id(visitor), search, page)
    links = links_of(visitor.application)
    return Page(
        "company_users/users.html",
        found=found,
        rows=[_row(one, roles, links) for one in found.members],
        search=blank(MemberSearchForm, **filters),
        filters=filters,
        states=[(value, _(name)) for value, name in STATE_NAMES.items()],
        roles=role_options(roles),
    )


def _row(one: ListedMember, roles: Sequence[Role], links: Links) -> tuple[str, ...]:
    """What the row of a user says, in the order of its holes. Worked out here, since a template takes longer."""
    return (
        links.path("company_user", user_id=one.user_id),
        one.name,
        one.email,
        one.department or "–",
        ", ".join(role_names(roles, one.roles)) or "–",
        *(("success", _("Active")) if one.is_active else ("warning", _("Disabled"))),
    )


@get("/account/users/history", name="company_history", guards=[ADMINISTRATORS])
async def history_page(visitor: CurrentVisitor, before: FromQuery[uuid.UUID | None] = None) -> Page:
    """Who did what in the company, the newest first."""
    lines, older_than = await history_of_company(_customer_id(visitor), before)
    return Page("company_users/history.html", lines=lines, older_than=older_than, is_newest=before is None)


def _customer_id(visitor: Visitor) -> uuid.UUID | None:
    return visitor.account.customer_id if visitor.account is not None else None


routes = [users_page, history_page]
