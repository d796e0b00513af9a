"""The page of an invitation's link (pages.md): joining as somebody new, or with the login that one has."""

from typing import Annotated, Any

from litestar import Request, Response, get, post

from app.access import anyone
from app.account.switching import switch_customer
from app.applications import Application
from app.company_users.invitations_accepting import (
    InvitationRefused,
    InvitationState,
    Opened,
    SomebodyElse,
    accept_as_known_user,
    accept_as_new_user,
    opened,
    owner_of,
    problem_of_password,
)
from app.cross_site import give_up_open_forms
from app.customers.address_form import Name
from app.customers.creation import LoginTaken
from app.customers.emails import Login, canonical_email
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.registration.forms import without
from app.sign_in.limits import count_client
from app.sign_in.passwords import NewPassword
from app.visitor import CurrentVisitor, Visitor


class TokenForm(Form):
    """The button of somebody who is signed in."""

    token: Annotated[str, Text(max_length=400, required=False)]


class NewPersonForm(Form):
    """What somebody new is asked: the e-mail is that of the invitation."""

    token: Annotated[str, Text(max_length=400, required=False)]
    first_name: Name
    last_name: Name
    login: Annotated[str, Login()]
    password: Annotated[str, NewPassword()]


@get("/invitations", name="invitation", guards=[anyone])
async def invitation_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The invitation of a link. Opening it changes nothing."""
    token = request.query_params.get("token", "")
    invitation = await opened(token, visitor.application)
    if invitation is None or invitation.state is not InvitationState.OPEN:
        return _gone(invitation)
    form = blank(
        _form(visitor.application),
        token=token,
        first_name=invitation.first_name,
        last_name=invitation.last_name,
    )
    return await _page(visitor, invitation, token, form)


@post("/invitations", name="invitation_post", guards=[anyone])
async def accept_invitation(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Joins the company, once per invitation."""
    await count_client(request.scope, "invitation")
    typed = await read_form(request, TokenForm)
    token = typed.value("token") or request.query_params.get("token", "")
    invitation = await opened(token, visitor.application)
    if invitation is None or invitation.state is not InvitationState.OPEN:
        return _gone(invitation)
    try:
        if visitor.is_signed_in:
            return await _join_signed_in(request, visitor, invitation)
        return await _join_as_new(request, visitor, invitation, token)
    except InvitationRefused as refused:
        return _gone(invitation, refused.state)
    except SomebodyElse:
        return await _page(visitor, invitation, token, blank(_form(visitor.application)), 403)


async def _join_signed_in(
    request: Request[Any, Any, Any], visitor: Visitor, invitation: Opened
) -> Response[Any]:
    joined = await accept_as_known_user(invitation.id, visitor)
    # From now on they act for the company that they have just joined.
    await switch_customer(visitor, joined.customer_number)
    answer = see(request, "account", flash=Flash(_("You now act for %(company)s.", company=joined.company)))
    give_up_open_forms(answer, visitor.application)
    return answer


async def _join_as_new(
    request: Request[Any, Any, Any], visitor: Visitor, invitation: Opened, token: str
) -> Response[Any]:
    application = visitor.application
    form = await read_form(request, _form(application))
    if application.login_type == "email" and (await owner_of(invitation, application)).is_known:
        # A known person signs in first: nobody joins, or chooses a password, in their name.
        return await _page(visitor, invitation, token, form, 403)
    if form.is_valid:
        about = (form.data.first_name, form.data.last_name, form.data.login)
        problem = await problem_of_password(invitation, form.data.password, *about)
        if problem is not None:
            form.add_error("password", problem)
    if form.errors:
        return await _page(visitor, invitation, token, form, 422)
    data = form.data
    try:
        await accept_as_new_user(
            invitation,
            application,
            login=data.login if application.login_type == "username" else invitation.email,
            first_name=data.first_name,
            last_name=data.last_name,
            password=data.password,
        )
    except LoginTaken:
        if application.login_type == "username":
            form.add_error("login", _("This user name is taken. Please choose another one."))
        else:
            form.add_error("", _("Somebody else can still get this e-mail back as their login."))
        return await _page(visitor, invitation, token, form, 422)
    welcome = _("Welcome to %(company)s. Please sign in.", company=invitation.company)
    return see(request, "sign_in", flash=Flash(welcome))


def _form(application: Application) -> type[NewPersonForm]:
    return NewPersonForm if application.login_type == "username" else without(NewPersonForm, "login")


async def _page(
    visitor: Visitor,
    invitation: Opened,
    token: str,
    form: FilledForm[NewPersonForm],
    status_code: int = 200,
) -> Page:
    application = visitor.application
    owner = await owner_of(invitation, application)
    mine = (
        visitor.account is not None and canonical_email(visitor.account.email) == invitation.email_canonical
    )
    if visitor.is_signed_in:
        case = "join" if mine else "somebody_else"
    elif owner.is_known and application.login_type == "email":
        case = "sign_in"
    else:
        case = "new"
    return Page(
        "company_users/invitation.html",
        status_code=403 if case == "somebody_else" else status_code,
        invitation=invitation,
        case=case,
        form=form,
        token=token,
        known_sign_in=_sign_in(owner.application, application, token) if owner.is_known else "",
        known_application=owner.application,
    )


def _sign_in(wanted: Application | None, here: Application, token: str) -> str:
    """Where a known person signs in: here, or in the shop where they are at home; "" where they cannot."""
    if wanted is None:
        return ""
    links = links_of(wanted)
    if wanted is here:
        return links.path("sign_in", next=links.path("invitation", token=token))
    return links.url("sign_in", next=links.path("own_companies"))


def _gone(invitation: Opened | None, state: InvitationState | None = None) -> Page:
    found = state or (invitation.state if invitation is not None else InvitationState.INVALID)
    # A link that no longer works is gone (RFC 9110, 15.5.11).
    return Page(
        "company_users/invitation_gone.html", status_code=410, state=found.value, invitation=invitation
    )


routes = [invitation_page, accept_invitation]
