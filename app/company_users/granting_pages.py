"""What a user of a company may do and spend: their roles, their limits (pages.md)."""

import uuid
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath

from app.account.stale_edit import stale_page, version_of
from app.amounts import amount_as_typed
from app.company_users.changing import change_limits, change_roles, currency_of_limits
from app.company_users.forms import LimitsForm, RolesForm, shown
from app.company_users.managing import ChangeRefused, LimitsRefused
from app.company_users.member_pages import is_oneself, member_or_404
from app.company_users.members import Member
from app.company_users.roles import grantable, role_names, roles_of
from app.company_users.rule_words import limit_words, rule_words
from app.customers.limits import PERIODS
from app.customers.permissions import Permission, permissions_of_account, permitted
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, read_form
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.requisitions.budgets import budget_of
from app.visitor import CurrentVisitor, Visitor
from tables.customers import BudgetPeriod

ADMINISTRATORS = permitted(Permission.MANAGE_USERS)
# Roles are what an attacker with a stolen session would want first (security.md, Sign-in).
PROVEN_ADMINISTRATORS = permitted(Permission.MANAGE_USERS, again=True)


@get("/account/users/{user_id:uuid}/roles", name="company_user_roles", guards=[PROVEN_ADMINISTRATORS])
async def roles_page(visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]) -> Page:
    """The roles of a user, to be ticked."""
    member = await member_or_404(visitor, user_id)
    return await _roles_page(visitor, member, _stored_roles(member))


@post("/account/users/{user_id:uuid}/roles", name="company_user_roles_post", guards=[PROVEN_ADMINISTRATORS])
async def save_roles(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Gives a user exactly the ticked roles."""
    member = await member_or_404(visitor, user_id)
    form = await read_form(request, RolesForm)
    if not form.is_valid:
        return await _roles_page(visitor, member, form, 422)
    try:
        changed = await change_roles(visitor, user_id, form.data.roles, version_of(form))
    except ChangeRefused as refused:
        form.add_error("roles", rule_words(refused.rule))
        return await _roles_page(visitor, member, form, 422)
    except Conflict:
        return await _stale_roles_page(visitor, await member_or_404(visitor, user_id), form.data.roles)
    flash = (
        Flash(_("The roles of %(name)s are saved.", name=member.name))
        if changed
        else Flash(_("That was so already. Nothing has changed."), "info")
    )
    return see(request, "company_user", user_id=user_id, flash=flash)


@get("/account/users/{user_id:uuid}/budget", name="company_user_budget", guards=[ADMINISTRATORS])
async def budget_page(visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]) -> Page:
    """What a user may spend, and has spent."""
    member = await member_or_404(visitor, user_id)
    form = shown(
        LimitsForm,
        order_limit=amount_as_typed(member.order_limit),
        budget_amount=amount_as_typed(member.budget_amount),
        budget_period=member.budget_period,
        version=str(member.version),
    )
    return await _budget_page(member, form)


@post("/account/users/{user_id:uuid}/budget", name="company_user_budget_post", guards=[ADMINISTRATORS])
async def save_budget(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, user_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Says what a user may spend from now on; what is spent already counts."""
    member = await member_or_404(visitor, user_id)
    form = await read_form(request, LimitsForm)
    if not form.is_valid:
        return await _budget_page(member, form, 422)
    try:
        changed = await change_limits(
            visitor,
            user_id,
            order_limit=form.data.order_limit,
            amount=form.data.budget_amount,
            period=BudgetPeriod(form.data.budget_period),
            version=version_of(form),
        )
    except LimitsRefused as refused:
        currency = await currency_of_limits(visitor)
        for field in refused.fields:
            words = limit_words(field, refused.most, form.data.budget_period, currency)
            form.add_error(field, words)
        return await _budget_page(member, form, 422)
    except ChangeRefused as refused:
        form.add_error("", rule_words(refused.rule))
        return await _budget_page(member, form, 422)
    except Conflict:
        return _stale_budget_page(await member_or_404(visitor, user_id), form.data)
    flash = (
        Flash(_("The limits of %(name)s are saved.", name=member.name))
        if changed
        else Flash(_("That was so already. Nothing has changed."), "info")
    )
    return see(request, "company_user", user_id=user_id, flash=flash)


def _stored_roles(member: Member) -> FilledForm[RolesForm]:
    return shown(RolesForm, roles=member.roles, version=str(member.version))


async def _roles_page(
    visitor: Visitor, member: Member, form: FilledForm[RolesForm], status_code: int = 200
) -> Page:
    account = visitor.account
    roles = await roles_of(account.customer_id if account is not None else None)
    own = permissions_of_account(account) if account is not None else frozenset()
    may_grant = {role.id for role in grantable(roles, own)}
    return Page(
        "company_users/user_roles.html",
        status_code=status_code,
        member=member,
        form=form,
        roles=[role for role in roles if role.id in may_grant],
        # Shown, so that nobody believes that they are lost; only who may as much changes them.
        kept=role_names(roles, [one for one in member.roles if one not in may_grant]),
        is_oneself=is_oneself(visitor, member),
    )


async def _stale_roles_page(visitor: Visitor, member: Member, typed: list[str]) -> Page:
    account = visitor.account
    roles = await roles_of(account.customer_id if account is not None else None)
    names = {role.id: role.name for role in roles}
    return stale_page(
        "company_user_roles",
        {"roles": text("Roles")},
        {"roles": [role.id for role in roles if role.id in typed]},
        {"roles": [role.id for role in roles if role.id in member.roles]},
        member.version,
        {"roles": lambda role: names.get(role, role)},
        user_id=member.user_id,
    )


def _stale_budget_page(member: Member, typed: LimitsForm) -> Page:
    return stale_page(
        "company_user_budget",
        {
            "order_limit": text("Limit for each order"),
            "budget_amount": text("Budget"),
            "budget_period": text("Period of the budget"),
        },
        {
            "order_limit": amount_as_typed(typed.order_limit),
            "budget_amount": amount_as_typed(typed.budget_amount),
            "budget_period": typed.budget_period,
        },
        {
            "order_limit": amount_as_typed(member.order_limit),
            "budget_amount": amount_as_typed(member.budget_amount),
            "budget_period": member.budget_period,
        },
        member.version,
        {"budget_period": lambda period: _(dict(PERIODS)[period])},
        user_id=member.user_id,
    )


async def _budget_page(member: Member, form: FilledForm[LimitsForm], status_code: int = 200) -> Page:
    return Page(
        "company_users/user_budget.html",
        status_code=status_code,
        member=member,
        form=form,
        budget=await budget_of(member.membership_id),
        periods=[(value, _(name)) for value, name in PERIODS],
    )


routes = [roles_page, save_roles, budget_page, save_budget]
