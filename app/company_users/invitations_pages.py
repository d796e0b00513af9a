"""Inviting people, and the list of who was invited; for those who manage the company's users (pages.md)."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.amounts import amount_as_typed
from app.company_users.forms import LimitsForm
from app.company_users.invitations import Invitee, Outcome, invite, revoke, send_again
from app.company_users.invitations_list import SentInvitation, Shown, invitations_of
from app.company_users.invitations_pasting import AT_MOST, Pasted, pasted_people
from app.company_users.managing import ChangeRefused, LimitsRefused, limits_to_give
from app.company_users.proving_to_grant import asks_elsewhere, asks_password, prove_within
from app.company_users.roles import Role, grantable, role_names, role_options, roles_of
from app.company_users.rule_words import limit_words
from app.customers.emails import Email
from app.customers.limits import PERIODS
from app.customers.permissions import Permission, permissions_of_account, permitted
from app.flash import Flash
from app.forms import FilledForm, Secret, Several, Text, asked_for, blank, read_form
from app.languages import date_text, ngettext, text
from app.languages import gettext as _
from app.links import Links, links_of
from app.pages import Page, see
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor, Visitor

MANAGERS = [permitted(Permission.MANAGE_USERS)]
# A file may give any role, and cannot be kept while somebody proves who they are: they prove it beforehand.
PROVEN_MANAGERS = [permitted(Permission.MANAGE_USERS, again=True)]
# What a state is called, and the kind of its badge.
_STATES = {
    Shown.OPEN: (text("Waiting"), "info"),
    Shown.EXPIRED: (text("Expired"), "warning"),
    Shown.ACCEPTED: (text("Accepted"), "success"),
    Shown.REVOKED: (text("Taken back"), "neutral"),
}


class RightsForm(LimitsForm):
    """What invited people may do and spend, the language of the mail, and the proof that some roles need."""

    roles: Annotated[list[str], Several(required=True, at_most=60)]
    language: Annotated[str, Text(required=False, max_length=10)]
    current_password: Annotated[str, Secret(required=False)]


class InviteForm(RightsForm):
    """One person."""

    email: Annotated[str, Email()]
    first_name: Annotated[str, Text(required=False, max_length=100)]
    last_name: Annotated[str, Text(required=False, max_length=100)]


class InviteSeveralForm(RightsForm):
    """Many people, pasted."""

    people: Annotated[str, Text(max_length=50_000, multiline=True)]


@get("/account/users/new", name="new_member", guards=MANAGERS)
async def new_member(request: Request[Any, Any, Any]) -> Response[Any]:
    """A company's users come by invitation: nobody chooses a password for somebody else."""
    return see(request, "invite_user")


@get("/account/users/invite", name="invite_user", guards=MANAGERS)
async def invite_page(visitor: CurrentVisitor) -> Page:
    """The form for one person."""
    return await _page(visitor, "invite", await _blank(visitor, InviteForm))


@post("/account/users/invite", name="invite_user_post", guards=MANAGERS)
async def invite_one(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Invites one person."""
    form = await read_form(request, InviteForm)
    if not form.is_valid or not await prove_within(request, visitor, form):
        return await _page(visitor, "invite", form, 422)
    data = form.data
    invitee = _invitee(visitor, data, data.email, data.first_name, data.last_name)
    try:
        outcome = (await invite(visitor, [invitee], sending_of(request, form)))[0]
    except ChangeRefused as refused:
        return await _page(visitor, "invite", _with_refusal(visitor, form, refused), 422)
    if outcome is Outcome.INVITED:
        return see(
            request, "invitations", flash=Flash(_("%(email)s is invited by mail.", email=invitee.email))
        )
    form.add_error("email", _outcome_text(outcome))
    return await _page(visitor, "invite", form, 422)


@get("/account/users/invite/several", name="invite_users", guards=MANAGERS)
async def invite_several_page(visitor: CurrentVisitor) -> Page:
    """The form for many people."""
    return await _page(visitor, "several", await _blank(visitor, InviteSeveralForm))


@post("/account/users/invite/several", name="invite_users_post", guards=MANAGERS)
async def invite_several(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Invites all, or tells by entry what is wrong and invites nobody."""
    form = await read_form(request, InviteSeveralForm)
    pasted = pasted_people(form.value("people"))
    # Of too many only the first were read.
    wrong = [one for one in pasted if one.problem] if len(pasted) <= AT_MOST else []
    if form.is_valid and (wrong or not pasted or len(pasted) > AT_MOST):
        form.add_error("people", _people_problem(pasted, wrong))
    if form.errors or not await prove_within(request, visitor, form):
        return await _page(visitor, "several", form, 422, wrong)
    people = [_invitee(visitor, form.data, one.email, one.first_name, one.last_name) for one in pasted]
    try:
        outcomes = await invite(visitor, people, sending_of(request, form))
    except ChangeRefused as refused:
        return await _page(visitor, "several", _with_refusal(visitor, form, refused), 422)
    return see(request, "invitations", flash=Flash(_summary(people, outcomes)))


@get("/account/users/invitations", name="invitations", guards=MANAGERS)
async def invitations_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Who was invited and what became of it: `state`, `q`, `page`."""
    asked = request.query_params
    state = asked.get("state", "")
    search = asked_for(asked.get("q", ""))
    state = state if state in set(Shown) else ""
    number = asked.get("page", "1")
    roles, links = await roles_of(_customer(visitor)), links_of(visitor.application)
    found = await invitations_of(
        _customer(visitor), roles, state=state, search=search, page=int(number) if _is_number(number) else 1
    )
    return Page(
        "company_users/invitations.html",
        found=found,
        state=state,
        search=search,
        rows=[(one.can_be_sent, _texts(one, roles, links)) for one in found.invitations],
        states=[(value.value, _(name)) for value, (name, _kind) in _STATES.items()],
    )


def _texts(one: SentInvitation, roles: Sequence[Role], links: Links) -> tuple[str, ...]:
    """What the row of an invitation says, in the order of its holes; worked out here, where it takes less time."""
    name, kind = _STATES[one.state]
    may_no_longer = _("Whoever invited may no longer do so: the link works when you send it again.")
    texts = (
        one.email,
        one.name,
        ", ".join(role_names(roles, one.roles)) or "–",
        one.inviter or "–",
        date_text(one.sent_at),
        kind,
        _(name),
        _("until %(day)s", day=date_text(one.expires_at)) if one.state is Shown.OPEN else "",
        may_no_longer if one.can_be_sent and one.inviter_is_gone else "",
    )
    if not one.can_be_sent:
        return texts
    send_again = links.path("resend_invitation", invitation=one.id)
    take_back = links.path("revoke_invitation", invitation=one.id)
    return (*texts, send_again, one.email, take_back, one.email)


@post("/account/users/invitations/{invitation:uuid}/resend", name="resend_invitation", guards=MANAGERS)
async def resend(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, invitation: FromPath[uuid.UUID]
) -> Response[Any]:
    """Sends the mail of an invitation again, in the name of whoever presses the button."""
    try:
        email = await send_again(visitor, invitation)
    except LookupError:
        raise NotFoundException from None
    except ChangeRefused:
        flash = Flash(_("You cannot send this invitation: it gives more than you may grant."), "danger")
        return see(request, "invitations", flash=flash)
    if email is None:
        return see(request, "invitations", flash=Flash(_("The mail was sent a moment ago.")))
    return see(request, "invitations", flash=Flash(_("%(email)s is invited by mail.", email=email)))


@post("/account/users/invitations/{invitation:uuid}/revoke", name="revoke_invitation", guards=MANAGERS)
async def take_back(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, invitation: FromPath[uuid.UUID]
) -> Response[Any]:
    """Takes an invitation back."""
    try:
        email = await revoke(visitor, invitation)
    except LookupError:
        raise NotFoundException from None
    return see(
        request, "invitations", flash=Flash(_("The invitation of %(email)s is taken back.", email=email))
    )


def language_of(visitor: Visitor, wanted: str) -> str:
    """The language of a mail to somebody who has not chosen one: the wanted one where the shop speaks it."""
    return wanted if wanted in visitor.application.languages else visitor.language


def grantable_roles(visitor: Visitor, roles: Sequence[Role]) -> list[Role]:
    """The roles that the visitor may give to others."""
    may = permissions_of_account(visitor.account) if visitor.account is not None else frozenset()
    return grantable(roles, may)


def _customer(visitor: Visitor) -> uuid.UUID | None:
    return visitor.account.customer_id if visitor.account is not None else None


async def _blank(visitor: Visitor, form: type[Any]) -> FilledForm[Any]:
    # Who is limited begins with what they may give.
    most = await limits_to_give(visitor)
    return blank(
        form,
        roles="buyer",
        language=visitor.language,
        order_limit=amount_as_typed(most.order_limit),
        budget_amount=amount_as_typed(most.budget_amount),
        budget_period=most.budget_period,
    )


async def _page(
    visitor: Visitor,
    name: str,
    form: FilledForm[Any],
    status_code: int = 200,
    wrong: Sequence[Pasted] = (),
) -> Page:
    roles = grantable_roles(visitor, await roles_of(_customer(visitor)))
    return Page(
        f"company_users/{name}.html",
        status_code=status_code,
        form=form,
        roles=roles,
        role_options=role_options(roles),
        periods=PERIODS,
        wrong=wrong,
        currency=visitor.application.currency,
        most=await limits_to_give(visitor),
        asks_password=asks_password(form),
        asks_elsewhere=await asks_elsewhere(visitor, form),
    )


def _invitee(visitor: Visitor, data: RightsForm, email: str, first_name: str, last_name: str) -> Invitee:
    return Invitee(
        email=email,
        first_name=first_name,
        last_name=last_name,
        language=language_of(visitor, data.language),
        roles=tuple(data.roles),
        order_limit=data.order_limit,
        budget_amount=data.budget_amount,
        budget_period=data.budget_period,
    )


def _with_refusal(visitor: Visitor, form: FilledForm[Any], refused: ChangeRefused) -> FilledForm[Any]:
    if isinstance(refused, LimitsRefused):
        for field in refused.fields:
            words = limit_words(
                field, refused.most, form.value("budget_period"), visitor.application.currency
            )
            form.add_error(field, words)
        return form
    form.add_error("roles", _("Please choose roles that you may grant: nobody grants more than they have."))
    return form


def _people_problem(pasted: Sequence[Pasted], wrong: Sequence[Pasted]) -> str:
    if wrong:
        return ngettext(
            "One entry is no e-mail address.", "%(n)s entries are no e-mail addresses.", len(wrong)
        )
    if not pasted:
        return _("Please fill in this field.")
    return _("Please paste at most %(n)s people at a time, or upload a file.", n=AT_MOST)


def _outcome_text(outcome: Outcome) -> str:
    if outcome is Outcome.ALREADY_MEMBER:
        return _("This person acts for your company already.")
    return _("This person is invited already. You can send the invitation again.")


def _summary(people: Sequence[Invitee], outcomes: Sequence[Outcome]) -> str:
    invited = sum(one is Outcome.INVITED for one in outcomes)
    said = ngettext("One person is invited by mail.", "%(n)s people are invited by mail.", invited)
    known = [
        one.email
        for one, outcome in zip(people, outcomes, strict=True)
        if outcome in (Outcome.ALREADY_MEMBER, Outcome.ALREADY_INVITED)
    ]
    if not known:
        return said
    some = ", ".join(known[:5]) + (" …" if len(known) > 5 else "")
    known_already = _("Known already, and not invited again: %(people)s.", people=some)
    return f"{said} {known_already}"


def _is_number(typed: str) -> bool:
    return typed.isascii() and typed.isdigit() and len(typed) < 7


routes = [
    new_member,
    invite_page,
    invite_one,
    invite_several_page,
    invite_several,
    invitations_page,
    resend,
    take_back,
]
