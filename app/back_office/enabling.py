"""Enabling and disabling customers, users and memberships from a tab of a customer's page."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response

from app.back_office.all_privileges import LAST_OF_ALL, LastWithAllPrivileges
from app.back_office.customer_tabs import found_customer
from app.back_office.forms import VersionForm
from app.errors import Conflict
from app.flash import Flash
from app.forms import read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import Visitor
from tables import Customer


@dataclass(frozen=True, slots=True)
class Switching:
    """What is switched: `switch` is a function of app/customers/activation.py, `key` and `version` those of its row;
    `wanted` names it for who has to decide anew, and `told` says that it is done."""

    switch: Callable[..., Awaitable[bool]]
    key: uuid.UUID
    version: int
    wanted: str
    told: str


async def switch_on_tab(
    request: Request[Any, Any, Any],
    visitor: Visitor,
    of: Customer,
    tab: str,
    page: Callable[..., Awaitable[Page]],
    what: Switching,
) -> Response[Any]:
    """Switches, and leads back to the tab, whose route is `tab`; `page` shows it where it was not done. The version
    of the row counts where the form sent none."""
    form = await read_form(request, VersionForm)
    if not form.is_valid:
        return await page(visitor, of, form, status_code=422)
    try:
        changed = await what.switch(what.key, version=form.data.version or what.version, visitor=visitor)
    except Conflict:
        # As it stands now, with what was wanted, so that the staff member decides anew (security.md, Concurrency).
        return await page(visitor, await found_customer(of.number), status_code=409, wanted=what.wanted)
    except LastWithAllPrivileges:
        form.add_error("", _(LAST_OF_ALL))
        return await page(visitor, of, form, status_code=422)
    flash = Flash(what.told) if changed else Flash(_("That was so already. Nothing has changed."), "info")
    return see(request, tab, number=of.number, flash=flash)
