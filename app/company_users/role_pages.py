"""The roles of a company: the built-in ones explained, its own made and changed; looking as one (pages.md)."""

import uuid
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import customers_with
from app.account.stale_edit import stale_page, version_of
from app.company_users.forms import DeleteRoleForm, LookForm, RoleForm, chosen_permissions, shown
from app.company_users.looking import look_as, stop_looking
from app.company_users.managing import ChangeRefused
from app.company_users.own_roles import (
    RoleInUse,
    RoleNameTaken,
    TooManyRoles,
    change_role,
    create_role,
    delete_role,
)
from app.company_users.roles import (
    MOST_OWN_ROLES,
    PERMISSION_NAMES,
    Role,
    grantable,
    role_options,
    roles_with_users,
)
from app.company_users.rule_words import rule_words
from app.customers.permissions import Permission, permissions_of_account, permitted
from app.customers.types import Extension
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Invalid, blank, read_form
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.visitor import CurrentVisitor, Visitor

ADMINISTRATORS = permitted(Permission.MANAGE_USERS)
# Roles are what an attacker with a stolen session would want first (security.md, Sign-in).
PROVEN_ADMINISTRATORS = permitted(Permission.MANAGE_USERS, again=True)


@get("/account/roles", name="company_roles", guards=[ADMINISTRATORS])
async def roles_page(visitor: CurrentVisitor) -> Page:
    """All roles with what one may do in them."""
    return await _list_page(visitor)


@get("/account/roles/new", name="new_company_role", guards=[PROVEN_ADMINISTRATORS])
async def new_role_page(visitor: CurrentVisitor) -> Page:
    """A new role, to be named."""
    return _role_page(visitor, None, blank(RoleForm))


@post("/account/roles/new", name="new_company_role_post", guards=[PROVEN_ADMINISTRATORS])
async def save_new_role(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes a role of the company."""
    form = await read_form(request, RoleForm)
    if form.is_valid:
        await _try(form, lambda: create_role(visitor, form.data.name, chosen_permissions(form.data)))
    if not form.is_valid:
        return _role_page(visitor, None, form, 422)
    return see(request, "company_roles", flash=Flash(_("The role is saved.")))


@get("/account/roles/{role_id:uuid}", name="company_role", guards=[PROVEN_ADMINISTRATORS])
async def role_page(visitor: CurrentVisitor, role_id: FromPath[uuid.UUID]) -> Page:
    """A role of the company, ready to be changed."""
    role = await _own_role(visitor, role_id)
    form = shown(
        RoleForm,
        name=role.own_name,
        permissions=[one.value for one in role.permissions],
        version=str(role.version),
    )
    return _role_page(visitor, role, form)


@post("/account/roles/{role_id:uuid}", name="company_role_post", guards=[PROVEN_ADMINISTRATORS])
async def save_role(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, role_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Changes a role of the company, for all who have it."""
    role = await _own_role(visitor, role_id)
    form = await read_form(request, RoleForm)
    try:
        if form.is_valid:
            await _try(
                form,
                lambda: change_role(
                    visitor, role_id, form.data.name, chosen_permissions(form.data), version_of(form)
                ),
            )
    except Conflict:
        return _stale_page(await _own_role(visitor, role_id), form.data)
    if not form.is_valid:
        return _role_page(visitor, role, form, 422)
    return see(request, "company_roles", flash=Flash(_("The role is saved.")))


@get("/account/roles/{role_id:uuid}/delete", name="delete_company_role", guards=[PROVEN_ADMINISTRATORS])
async def delete_role_page(visitor: CurrentVisitor, role_id: FromPath[uuid.UUID]) -> Page:
    """Asks before a role is deleted, and what those get who have it."""
    role = await _own_role(visitor, role_id)
    return await _delete_page(visitor, role, shown(DeleteRoleForm, version=str(role.version)))


@post("/account/roles/{role_id:uuid}/delete", name="delete_company_role_post", guards=[PROVEN_ADMINISTRATORS])
async def delete_a_role(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, role_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Deletes a role of the company."""
    role = await _own_role(visitor, role_id)
    form = await read_form(request, DeleteRoleForm)
    if form.is_valid:
        await _try(form, lambda: delete_role(visitor, role_id, form.data.replacement, version_of(form)))
    if not form.is_valid:
        return await _delete_page(visitor, role, form, 422)
    return see(
        request, "company_roles", flash=Flash(_("The role “%(role)s” is deleted.", role=role.own_name))
    )


@post("/account/roles/look", name="look_as_role", guards=[ADMINISTRATORS])
async def look(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Shows the shop as somebody with a role of the company sees it."""
    form = await read_form(request, LookForm)
    role = await look_as(visitor, form.data.role) if form.is_valid else None
    if role is None:
        return await _list_page(visitor, problem=_("This role exists no more. Please choose again."))
    return see(request, "account")


@post("/account/roles/stop-looking", name="stop_looking", guards=[customers_with(Extension.GROUP)])
async def stop(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Shows the shop as oneself again."""
    await stop_looking(visitor)
    return see(request, "account", flash=Flash(_("You see the shop as yourself again.")))


async def _try(form: FilledForm[Any], change: Any) -> None:
    """Does the change, or notes in the form what stands against it. Raises Conflict."""
    try:
        await change()
    except Invalid as invalid:
        form.add_error("permissions", str(invalid))
    except RoleNameTaken:
        form.add_error("name", _("Your company has a role of that name already."))
    except TooManyRoles:
        form.add_error("", _("A company has at most %(n)s roles of its own.", n=MOST_OWN_ROLES))
    except RoleInUse:
        form.add_error("replacement", _("Please choose a role that takes its place."))
    except ChangeRefused as refused:
        form.add_error("", rule_words(refused.rule))


def _customer_id(visitor: Visitor) -> uuid.UUID | None:
    return visitor.account.customer_id if visitor.account is not None else None


def _may(visitor: Visitor) -> frozenset[Permission]:
    return permissions_of_account(visitor.account) if visitor.account is not None else frozenset()


async def _own_role(visitor: Visitor, role_id: uuid.UUID) -> Role:
    """A role that the company has made. Raises NotFoundException for another company's as for a missing one."""
    for role in await roles_with_users(_customer_id(visitor)):
        if role.id == str(role_id) and not role.is_built_in:
            return role
    raise NotFoundException


async def _list_page(visitor: Visitor, *, problem: str = "") -> Page:
    roles = await roles_with_users(_customer_id(visitor))
    return Page(
        "company_users/roles.html",
        status_code=422 if problem else 200,
        roles=roles,
        may_make_more=sum(not role.is_built_in for role in roles) < MOST_OWN_ROLES,
        most=MOST_OWN_ROLES,
        changeable={role.id for role in grantable(roles, _may(visitor)) if not role.is_built_in},
        problem=problem,
    )


def _role_page(
    visitor: Visitor, role: Role | None, form: FilledForm[RoleForm], status_code: int = 200
) -> Page:
    return Page(
        "company_users/role.html",
        status_code=status_code,
        role=role,
        form=form,
        permissions=[(one.value, _(name)) for one, name in PERMISSION_NAMES.items() if one in _may(visitor)],
    )


def _stale_page(role: Role, typed: RoleForm) -> Page:
    return stale_page(
        "company_role",
        {"name": text("Name of the role"), "permissions": text("What one may do in this role")},
        {
            "name": typed.name,
            "permissions": [one.value for one in PERMISSION_NAMES if one.value in typed.permissions],
        },
        {
            "name": role.own_name,
            "permissions": [one.value for one in PERMISSION_NAMES if one in role.permissions],
        },
        role.version,
        {"permissions": lambda one: _(PERMISSION_NAMES[Permission(one)])},
        role_id=role.id,
    )


async def _delete_page(
    visitor: Visitor, role: Role, form: FilledForm[DeleteRoleForm], status_code: int = 200
) -> Page:
    roles = await roles_with_users(_customer_id(visitor))
    others = [one for one in grantable(roles, _may(visitor)) if one.id != role.id]
    return Page(
        "company_users/delete_role.html",
        status_code=status_code,
        role=role,
        form=form,
        replacements=role_options(others),
    )


routes = [
    roles_page,
    new_role_page,
    save_new_role,
    role_page,
    save_role,
    delete_role_page,
    delete_a_role,
    look,
    stop,
]
