"""One user of a company: their details, and whether they may act for it (pages.md)."""

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.account.stale_edit import stale_page, version_of
from app.company_users.changing import change_details, days_to_come_back, disable, enable, remove
from app.company_users.forms import DetailsForm, MemberVersionForm, PlaceForm, shown
from app.company_users.managing import ChangeRefused
from app.company_users.members import OF_MEMBERSHIP, OF_PERSON, Member, member_of
from app.company_users.roles import role_names, roles_of, together
from app.company_users.rule_words import rule_words
from app.customers.permissions import Permission, permissions_of_account, permitted
from app.customers.phones import normalised_phone
from app.errors import Conflict
from app.field_labels import FIELD_LABELS
from app.flash import Flash
from app.forms import FilledForm, read_form
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.registration.forms import check_language
from app.requisitions.budgets import budget_of
from app.visitor import CurrentVisitor, Visitor

ADMINISTRATORS = permitted(Permission.MANAGE_USERS)
LABELS = {name: FIELD_LABELS[name] for name in (*OF_PERSON, "department", "position")} | {
    "business_partner_number": text("Business partner number")
}
Change = Callable[[Visitor, uuid.UUID, int | None], Awaitable[object]]


@get("/account/users/{user_id:uuid}", name="company_user", guards=[ADMINISTRATORS])
async def user_page(visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]) -> Page:
    """A user: details, roles, limits with what is spent, and what can be done."""
    return await _page(visitor, await member_or_404(visitor, user_id))


@post("/account/users/{user_id:uuid}", name="company_user_post", guards=[ADMINISTRATORS])
async def save_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Saves a user's details."""
    member = await member_or_404(visitor, user_id)
    form: FilledForm[Any] = await read_form(request, _form_for(member))
    if member.is_of_this_company_only:
        check_language(form, visitor.application)
    if not form.is_valid:
        return await _page(visitor, member, form, status_code=422)
    changes = _changes(form.data, await request.form(), visitor)
    try:
        await change_details(visitor, user_id, changes, version_of(form))
    except ChangeRefused as refused:
        return await _page(visitor, member, form, status_code=422, problem=rule_words(refused.rule))
    except Conflict:
        now = await member_or_404(visitor, user_id)
        stored = {name: getattr(now, name) for name in changes}
        return stale_page("company_user", LABELS, changes, stored, now.version, user_id=user_id)
    return see(request, "company_user", user_id=user_id, flash=Flash(_("The details are saved.")))


@post("/account/users/{user_id:uuid}/disable", name="disable_company_user", guards=[ADMINISTRATORS])
async def disable_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Stops a user from acting for the company."""
    member = await member_or_404(visitor, user_id)
    told = _("%(name)s is disabled and signed out.", name=member.name)
    return await _switch(request, visitor, member, disable, told)


@post("/account/users/{user_id:uuid}/enable", name="enable_company_user", guards=[ADMINISTRATORS])
async def enable_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Lets a user act for the company again, who gets a mail to choose a password."""
    member = await member_or_404(visitor, user_id)
    told = _("%(name)s is enabled and gets a mail to choose a password.", name=member.name)
    return await _switch(request, visitor, member, enable, told)


@get("/account/users/{user_id:uuid}/remove", name="remove_company_user", guards=[ADMINISTRATORS])
async def remove_page(visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]) -> Page:
    """Asks before a user is removed."""
    return await _remove_page(visitor, await member_or_404(visitor, user_id))


@post("/account/users/{user_id:uuid}/remove", name="remove_company_user_post", guards=[ADMINISTRATORS])
async def remove_user(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Removes a user from the company; the orders stay."""
    member = await member_or_404(visitor, user_id)
    form = await read_form(request, MemberVersionForm)
    try:
        name = await remove(visitor, user_id, version_of(form))
    except ChangeRefused as refused:
        return await _remove_page(visitor, member, status_code=422, problem=rule_words(refused.rule))
    return see(
        request,
        "company_users",
        flash=Flash(_("%(name)s is removed. Orders stay with your company.", name=name)),
    )


async def member_or_404(visitor: Visitor, user_id: uuid.UUID) -> Member:
    """The user of the visitor's company. Raises NotFoundException for another company's as for a missing one."""
    member = await member_of(visitor.account.customer_id, user_id) if visitor.account is not None else None
    if member is None:
        raise NotFoundException
    return member


def is_oneself(visitor: Visitor, member: Member) -> bool:
    """Whether the visitor is this user."""
    return visitor.account is not None and visitor.account.membership_id == member.membership_id


async def _switch(
    request: Request[Any, Any, Any], visitor: Visitor, member: Member, change: Change, told: str
) -> Response[Any]:
    form = await read_form(request, MemberVersionForm)
    try:
        changed = await change(visitor, member.user_id, version_of(form))
    except ChangeRefused as refused:
        return await _page(visitor, member, status_code=422, problem=rule_words(refused.rule))
    flash = Flash(told) if changed else Flash(_("That was so already. Nothing has changed."), "info")
    return see(request, "company_user", user_id=member.user_id, flash=flash)


def _form_for(member: Member) -> type[DetailsForm | PlaceForm]:
    return DetailsForm if member.is_of_this_company_only else PlaceForm


def _changes(data: DetailsForm | PlaceForm, sent: Any, visitor: Visitor) -> dict[str, Any]:
    """What the form wants to change: only fields that were sent, phone numbers in one spelling."""
    names = [name for name in (*OF_PERSON, *OF_MEMBERSHIP) if name in sent and hasattr(data, name)]
    changes = {name: getattr(data, name) for name in names}
    for name in ("phone", "fax"):
        if name in changes:
            changes[name] = normalised_phone(changes[name], visitor.application.default_country)
    if not changes.get("preferred_language"):
        changes.pop("preferred_language", None)
    return changes


async def _page(
    visitor: Visitor,
    member: Member,
    form: FilledForm[Any] | None = None,
    *,
    status_code: int = 200,
    problem: str = "",
) -> Page:
    stored = {name: str(getattr(member, name)) for name in (*OF_PERSON, *OF_MEMBERSHIP, "version")}
    roles = await roles_of(visitor.account.customer_id if visitor.account is not None else None)
    own = permissions_of_account(visitor.account) if visitor.account is not None else frozenset()
    return Page(
        "company_users/user.html",
        status_code=status_code,
        member=member,
        form=form or shown(_form_for(member), **stored),
        role_names=role_names(roles, member.roles),
        budget=await budget_of(member.membership_id),
        is_oneself=is_oneself(visitor, member),
        may_decide=together(roles, member.roles) <= own,
        problem=problem,
    )


async def _remove_page(
    visitor: Visitor, member: Member, *, status_code: int = 200, problem: str = ""
) -> Page:
    return Page(
        "company_users/remove_user.html",
        status_code=status_code,
        member=member,
        is_oneself=is_oneself(visitor, member),
        problem=problem,
        kept_days=await days_to_come_back(visitor),
    )


routes = [user_page, save_user, disable_user, enable_user, remove_page, remove_user]
