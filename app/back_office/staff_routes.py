"""Staff members in the back office: list, add, what they may do, disable and enable, password mail."""

import uuid
from collections.abc import Iterable
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import staff
from app.back_office.all_privileges import LAST_OF_ALL, LastWithAllPrivileges
from app.back_office.branch import branch_of, organisation_choices
from app.back_office.privileges import NAMES, Privilege
from app.back_office.selling_fields import filled_with
from app.back_office.selling_lists import Row, ShownList, list_page
from app.back_office.staff import StaffLoginTaken, StaffMemberRefused, add_staff_member
from app.back_office.staff_access import (
    DisabledEverywhere,
    KnownStaffMember,
    MoreThanOwn,
    OwnAccess,
    StaffMemberMissing,
    change_privileges,
    disable_staff_member,
    enable_staff_member,
    mail_password_link,
    refuse_more_than_own,
    staff_member,
    staff_members,
)
from app.back_office.staff_branch import OutsideOwnBranch, begin_in_own_branch, limit_to_branch
from app.back_office.stale_form import stale_form
from app.customers.emails import Email
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Form, Several, Text, blank, read_form
from app.languages import datetime_text, language_choices
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.registration.forms import check_language
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB

STAFF = staff(Privilege.STAFF)
# Who sees a form of these can send it for 5 minutes: what a thief with an open session would do first is to make
# themself a colleague (security.md, Sign-in).
PROVEN_STAFF = staff(Privilege.STAFF, again=True)


class PrivilegesForm(Form):
    """What a staff member may do."""

    privileges: Annotated[list[str], Several()]
    version: Annotated[str, Text(required=False, max_length=2000)]


class NewStaffForm(Form):
    """A new staff member; the person chooses the password by mail (domain.md 5)."""

    first_name: Annotated[str, Text(max_length=100)]
    last_name: Annotated[str, Text(max_length=100)]
    email: Annotated[str, Email()]
    login: Annotated[str, Text(max_length=254)]
    preferred_language: Annotated[str, Text(max_length=10)]
    privileges: Annotated[list[str], Several(required=True)]


class BranchForm(Form):
    """The branch of the tree that a staff member sees; "" for all customers."""

    organisation: Annotated[str, Text(required=False, max_length=40)]
    version: Annotated[str, Text(required=False, max_length=2000)]


class SwitchForm(Form):
    """Disabling or enabling somebody as they were when the page was shown."""

    version: Annotated[str, Text(required=False, max_length=2000)]


@get("/staff", name="staff_members", guards=[STAFF])
async def members(visitor: CurrentVisitor) -> Page:
    """All staff members."""
    links = links_of(visitor.application)
    return list_page(
        ShownList(
            route="staff_members",
            heading=_("Staff members"),
            lead=_("Who may sign in to the back office, and what they may do there."),
            headings=[_("Name"), _("Login"), _("Privileges"), _("Last signed in"), _("Status")],
            rows=[
                Row(
                    href=links.path("staff_member", member=one.id),
                    cells=[
                        one.name,
                        one.login,
                        _("All") if one.has_all_privileges else _names(one.privileges) or "–",
                        datetime_text(one.last_signed_in_at) if one.last_signed_in_at else _("Never"),
                    ],
                    badge=(_("Active"), "success") if one.is_active else (_("Disabled"), "neutral"),
                )
                for one in await staff_members(branch_of(visitor))
            ],
            new="new_staff_member",
            new_text=_("Add a staff member"),
        )
    )


@get("/staff/new", name="new_staff_member", guards=[PROVEN_STAFF])
async def new(visitor: CurrentVisitor) -> Page:
    """The form of a new staff member."""
    return _new_page(visitor, blank(NewStaffForm, preferred_language=visitor.language))


@post("/staff/new", name="add_staff_member", guards=[PROVEN_STAFF])
async def add(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Adds a staff member and mails them a link to choose a password."""
    form = await read_form(request, NewStaffForm)
    check_language(form, visitor.application)
    if not form.is_valid:
        return _new_page(visitor, form, 422)
    data = form.data
    try:
        refuse_more_than_own(data.privileges, visitor)
        async with DB.transaction():
            added = await add_staff_member(
                email=data.email,
                login=data.login,
                first_name=data.first_name,
                last_name=data.last_name,
                privileges=data.privileges,
                preferred_language=data.preferred_language,
                visitor=visitor,
            )
            await begin_in_own_branch(added, visitor)
    except MoreThanOwn as error:
        form.add_error("privileges", _too_many(error))
        return _new_page(visitor, form, 422)
    except StaffLoginTaken:
        form.add_error("login", _("Another user has this login."))
        return _new_page(visitor, form, 422)
    except StaffMemberRefused:
        form.add_error("login", _("This cannot be."))
        return _new_page(visitor, form, 422)
    name = f"{data.first_name} {data.last_name}"
    told = _("%(name)s is added and gets a mail to choose a password.", name=name)
    return see(request, "staff_members", flash=Flash(told))


@get("/staff/{member:uuid}", name="staff_member", guards=[PROVEN_STAFF])
async def member(visitor: CurrentVisitor, member: FromPath[uuid.UUID]) -> Page:
    """A staff member; 404 where there is none."""
    of = await _stored(member)
    return await _page(visitor, of, filled_with(PrivilegesForm, _as_typed(of)))


@post("/staff/{member:uuid}", name="change_privileges", guards=[PROVEN_STAFF])
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, member: FromPath[uuid.UUID]
) -> Response[Any]:
    """Says what the staff member may do."""
    of = await _stored(member)
    form = await read_form(request, PrivilegesForm)
    if not form.is_valid:
        return await _page(visitor, of, form, 422)
    try:
        changed = await change_privileges(
            member, form.data.privileges, version=form.data.version, visitor=visitor
        )
    except Conflict:
        now = await _stored(member)
        names = {one.value: _(name) for one, name in NAMES.items()}
        return await _page(visitor, now, stale_form(PrivilegesForm, form, _as_typed(now), names), 409)
    except (MoreThanOwn, OwnAccess, LastWithAllPrivileges) as error:
        form.add_error("privileges", _told(error))
        return await _page(visitor, of, form, 422)
    flash = Flash(_("The privileges are changed.")) if changed else _nothing_changed()
    return see(request, "staff_member", member=member, flash=flash)


@post("/staff/{member:uuid}/branch", name="limit_staff_member", guards=[PROVEN_STAFF])
async def limit(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, member: FromPath[uuid.UUID]
) -> Response[Any]:
    """Lets the staff member see the customers of a branch only, or all."""
    await _stored(member)
    form = await read_form(request, BranchForm)
    typed = form.value("organisation")
    flash = Flash(_("You cannot let others see more than you see yourself."), "warning")
    if not typed or typed in dict(await organisation_choices(visitor)):
        try:
            branch = uuid.UUID(typed) if typed else None
            changed = await limit_to_branch(member, branch, version=form.value("version"), visitor=visitor)
            flash = Flash(_("What the staff member sees is saved.")) if changed else _nothing_changed()
        except Conflict:
            return _changed_meanwhile(request, member)
        except LastWithAllPrivileges as error:
            flash = Flash(_told(error), "warning")
        except OutsideOwnBranch:
            pass
    return see(request, "staff_member", member=member, flash=flash)


@post("/staff/{member:uuid}/disable", name="disable_staff_member", guards=[PROVEN_STAFF])
async def disable(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, member: FromPath[uuid.UUID]
) -> Response[Any]:
    """Keeps the staff member out."""
    of = await _stored(member)
    form = await read_form(request, SwitchForm)
    if not of.is_active:
        return see(request, "staff_member", member=member, flash=_nothing_changed())
    try:
        await disable_staff_member(member, version=form.value("version"), visitor=visitor)
    except Conflict:
        return _changed_meanwhile(request, member)
    except (OwnAccess, LastWithAllPrivileges) as error:
        return see(request, "staff_member", member=member, flash=Flash(_told(error), "warning"))
    told = _("%(name)s is disabled and signed out.", name=of.name)
    return see(request, "staff_member", member=member, flash=Flash(told))


@post("/staff/{member:uuid}/enable", name="enable_staff_member", guards=[PROVEN_STAFF])
async def enable(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, member: FromPath[uuid.UUID]
) -> Response[Any]:
    """Lets the staff member in again."""
    of = await _stored(member)
    form = await read_form(request, SwitchForm)
    if of.is_active:
        return see(request, "staff_member", member=member, flash=_nothing_changed())
    try:
        await enable_staff_member(member, version=form.value("version"), visitor=visitor)
    except Conflict:
        return _changed_meanwhile(request, member)
    except (MoreThanOwn, DisabledEverywhere) as error:
        return see(request, "staff_member", member=member, flash=Flash(_told(error), "warning"))
    told = _("%(name)s is enabled and gets a mail to choose a password.", name=of.name)
    return see(request, "staff_member", member=member, flash=Flash(told))


@post("/staff/{member:uuid}/password-mail", name="mail_staff_password", guards=[STAFF])
async def password_mail(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, member: FromPath[uuid.UUID]
) -> Response[Any]:
    """Mails the staff member a link to choose a password."""
    of = await _stored(member)
    if await mail_password_link(member, visitor=visitor):
        flash = Flash(_("A password mail goes to %(name)s.", name=of.name))
    else:
        flash = Flash(_("There is no enabled user to send a password mail to."), "warning")
    return see(request, "staff_member", member=member, flash=flash)


async def _stored(member: uuid.UUID) -> KnownStaffMember:
    try:
        return await staff_member(member)
    except StaffMemberMissing:
        raise NotFoundException from None


def _as_typed(of: KnownStaffMember) -> dict[str, str | list[str]]:
    return {"privileges": sorted(of.privileges), "version": of.version}


def _told(error: MoreThanOwn | OwnAccess | LastWithAllPrivileges | DisabledEverywhere) -> str:
    match error:
        case DisabledEverywhere():
            return _(
                "This person is disabled everywhere. Enable them among the users of their customer first."
            )
        case MoreThanOwn():
            return _too_many(error)
        case OwnAccess():
            return _("You cannot take this from yourself. Ask a colleague who looks after the staff members.")
        case LastWithAllPrivileges():
            return _(LAST_OF_ALL)


def _too_many(error: MoreThanOwn) -> str:
    return _("You cannot grant what you may not do yourself: %(names)s.", names=_names(error.privileges))


def _names(privileges: Iterable[str]) -> str:
    return ", ".join(_(name) for one, name in NAMES.items() if one in set(privileges))


def _nothing_changed() -> Flash:
    return Flash(_("That was so already. Nothing has changed."), "info")


def _changed_meanwhile(request: Request[Any, Any, Any], member: uuid.UUID) -> Response[Any]:
    told = _("Meanwhile the staff member has changed, so nothing was done. Please decide anew.")
    return see(request, "staff_member", member=member, flash=Flash(told, "warning"))


def _new_page(visitor: Visitor, form: FilledForm[NewStaffForm], status_code: int = 200) -> Page:
    return Page(
        "back_office/new_staff_member.html",
        status_code=status_code,
        form=form,
        privileges=_grantable(visitor),
        languages_to_choose=language_choices(visitor.application.languages),
    )


async def _page(
    visitor: Visitor, of: KnownStaffMember, form: FilledForm[PrivilegesForm], status_code: int = 200
) -> Page:
    return Page(
        "back_office/staff_member.html",
        status_code=status_code,
        form=form,
        of=of,
        privileges=_grantable(visitor, of.privileges),
        branches=[
            *([("", _("All customers"))] if branch_of(visitor) is None else []),
            *await organisation_choices(visitor),
        ],
        branch_form=blank(BranchForm, organisation=str(of.organisation or "")),
        is_own=visitor.account is not None and visitor.account.user_id == of.user_id,
    )


def _grantable(visitor: Visitor, held: Iterable[str] = ()) -> list[tuple[str, str]]:
    """(privilege, name) of what the visitor can give, and what the staff member has already."""
    return [(one.value, _(name)) for one, name in NAMES.items() if visitor.may(one) or one in held]


routes = [members, new, add, member, change, limit, disable, enable, password_mail]
