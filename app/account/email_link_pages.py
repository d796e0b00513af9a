"""The pages of the links that confirm a change of the e-mail and take it back (domain.md 6).

Opening one changes nothing, since mail scanners open links (security.md, Tokens in links). They are for anyone:
who has the link has the mailbox, and often opens it in another browser.
"""

from typing import Any

from litestar import Request, Response, get, post

from app.access import anyone
from app.account.access_forms import TokenForm
from app.account.change_email import (
    Outcome,
    confirm_email_change,
    link_to_confirm,
    link_to_undo,
    undo_email_change,
)
from app.flash import Flash
from app.forms import read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.sign_in.limits import count_client
from app.sign_in.link_tokens import Link, TokenState
from app.sign_in.sessions import forget_session
from app.sign_in.taking_back import TakenBack
from app.visitor import CurrentVisitor

TAKEN = "taken"
CONFIRM, UNDO = "account/confirm_email.html", "account/undo_email_change.html"


@get("/confirm-email", name="confirm_email", guards=[anyone])
async def confirm_email_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of the link in the mail to the new address."""
    token = request.query_params.get("token", "")
    return _page(CONFIRM, await link_to_confirm(token, visitor.application), token)


@post("/confirm-email", name="confirm_email_post", guards=[anyone])
async def confirm_email(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Changes the e-mail, once per link."""
    token = await _token(request)
    outcome = await confirm_email_change(token, visitor.application)
    link = await link_to_confirm(token, visitor.application)
    if outcome is not Outcome.DONE or link is None:
        return _page(CONFIRM, link, token, has_failed=True, is_taken=outcome is Outcome.TAKEN)
    if visitor.account is not None and visitor.account.user_id != link.user_id:
        # Somebody else is signed in here: it is not the e-mail of their account.
        email = link.details["email"]
        said = Flash(_("%(email)s is confirmed as the e-mail address of another account.", email=email))
        return see(request, "home", flash=said)
    said = Flash(_("Your new e-mail address is confirmed."))
    return see(request, "email" if visitor.is_signed_in else "sign_in", flash=said)


@get("/undo-email-change", name="undo_email_change", guards=[anyone])
async def undo_email_change_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of the link in the notice to the old address."""
    token = request.query_params.get("token", "")
    return _page(UNDO, await link_to_undo(token, visitor.application), token)


@post("/undo-email-change", name="undo_email_change_post", guards=[anyone])
async def undo(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Brings the old address back, once per link, and leads on to a new password."""
    token = await _token(request)
    undone = await undo_email_change(token, visitor.application)
    if undone.outcome is not Outcome.DONE:
        link = await link_to_undo(token, visitor.application)
        return _page(UNDO, link, token, has_failed=True, is_taken=undone.outcome is Outcome.TAKEN)
    said = Flash(_undone_words(undone.taken_back))
    answer = see(request, "reset_password", token=undone.reset_token, flash=said)
    forget_session(answer, visitor.application)
    return answer


def _undone_words(taken_back: TakenBack) -> str:
    said = [
        _(
            "Your old e-mail address is back, and everybody is signed out. "
            "Whoever changed it knew your password: please choose a new one now."
        )
    ]
    if taken_back.authenticator_is_removed:
        said.append(_("The authenticator that was set up since then is removed, with its recovery codes."))
    if taken_back.own_authenticator_is_lost:
        said.append(
            _("The authenticator that you had before cannot be brought back: please set it up once more.")
        )
    if taken_back.recovery_codes_are_removed:
        said.append(_("The recovery codes that were made since then no longer work."))
    return " ".join(said)


async def _token(request: Request[Any, Any, Any]) -> str:
    await count_client(request.scope, "link")
    form = await read_form(request, TokenForm)
    return form.value("token") or request.query_params.get("token", "")


def _state(link: Link | None, *, has_failed: bool, is_taken: bool) -> str:
    if is_taken:
        return TAKEN
    state = link.state if link is not None else TokenState.INVALID
    # A link that would work and did not has been overtaken by something else.
    return (TokenState.INVALID if has_failed and state is TokenState.VALID else state).value


def _page(
    template: str, link: Link | None, token: str, *, has_failed: bool = False, is_taken: bool = False
) -> Page:
    state = _state(link, has_failed=has_failed, is_taken=is_taken)
    return Page(
        template,
        # A link that no longer works is gone (RFC 9110, 15.5.11).
        status_code=200 if state == TokenState.VALID.value else 410,
        state=state,
        token=token,
        email=link.details["email"] if link is not None else "",
    )


routes = [confirm_email_page, confirm_email, undo_email_change_page, undo]
