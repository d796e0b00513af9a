"""The pages where a signed-in person changes their e-mail and their password (domain.md 6)."""

from typing import Any, TypeVar

from litestar import Request, Response, get, post

from app.access import Account, AuthenticationNeeded, SignInNeeded, recently_authenticated, signed_in
from app.account.access_forms import EmailForm, PasswordForm
from app.account.change_email import ask_for_email_change, pending_email, withdraw_email_change
from app.account.change_password import change_password
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.sign_in.again import has_password, prove_by_password
from app.sign_in.passwords import shortest_password
from app.sign_in.reset import problem_of_new_password
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor, Visitor

Asked = TypeVar("Asked", EmailForm, PasswordForm)


@get("/account/email", name="email", guards=[signed_in])
async def email_page(visitor: CurrentVisitor) -> Page:
    """The e-mail, ready to be changed, and the change that waits for its confirmation."""
    await _ask_again_without_password(visitor)
    return await _email_page(visitor, blank(EmailForm))


@post("/account/email", name="email_post", guards=[signed_in])
async def change_email(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sends a link to the new address; the answer is the same whether it is somebody else's or not."""
    await _ask_again_without_password(visitor)
    form = await read_form(request, EmailForm)
    if form.is_valid and form.data.email == _account(visitor).email:
        form.add_error("email", _("This is your e-mail address already."))
    await _check_current_password(request, visitor, form)
    if not form.is_valid:
        return await _email_page(visitor, form, 422)
    await ask_for_email_change(visitor, form.data.email, sending_of(request, form))
    return see(
        request,
        "email",
        flash=Flash(_("Almost done: please open the link in the mail that we have sent to the new address.")),
    )


@post("/account/email/withdraw", name="withdraw_email", guards=[signed_in])
async def withdraw_email(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Lets the link to the new address stop working. Nothing to be proved: the account stays as it is."""
    await withdraw_email_change(visitor)
    return see(request, "email", flash=Flash(_("Your e-mail address stays as it is.")))


@get("/account/password", name="password", guards=[signed_in])
async def password_page(visitor: CurrentVisitor) -> Page:
    """Asks for the current password and a new one."""
    await _ask_again_without_password(visitor)
    return await _password_page(visitor, blank(PasswordForm))


@post("/account/password", name="password_post", guards=[signed_in])
async def save_password(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sets the new password; only this browser stays signed in."""
    await _ask_again_without_password(visitor)
    form = await read_form(request, PasswordForm)
    if form.is_valid:
        problem = await problem_of_new_password(
            _account(visitor).user_id, form.data.password, visitor.application
        )
        if problem is not None:
            form.add_error("password", problem)
    await _check_current_password(request, visitor, form)
    if not form.is_valid:
        return await _password_page(visitor, form, 422)
    session = await change_password(visitor, form.data.password, request.headers.get("user-agent", ""))
    answer = see(
        request,
        "password",
        flash=Flash(_("Your new password is set. Everywhere else you are signed out now.")),
    )
    session.keep_on(answer)
    return answer


async def _ask_again_without_password(visitor: Visitor) -> None:
    """Who has no password proves by other means, within 5 minutes, who they are (security.md, Sign-in)."""
    if not recently_authenticated(visitor) and not await has_password(_account(visitor).user_id):
        raise AuthenticationNeeded


async def _check_current_password(
    request: Request[Any, Any, Any], visitor: Visitor, form: FilledForm[Asked]
) -> None:
    """Notes an error unless the current password is right. It is looked at only once all else is, so that a
    slip in the new one uses up no try."""
    account = _account(visitor)
    if not await has_password(account.user_id):
        return
    sent = await request.form()
    typed = sent.get("current_password")
    if not isinstance(typed, str) or not typed:
        form.add_error("current_password", _("Please fill in this field."))
    elif (
        form.is_valid
        and visitor.session is not None
        and not await prove_by_password(
            visitor.application, account, visitor.session.id, typed, request.scope
        )
    ):
        form.add_error("current_password", _("This is not your password. Please check it and try again."))


async def _email_page(visitor: Visitor, form: FilledForm[EmailForm], status_code: int = 200) -> Page:
    return Page(
        "account/email.html",
        status_code=status_code,
        form=form,
        email=_account(visitor).email,
        pending=await pending_email(visitor),
        asks_password=await has_password(_account(visitor).user_id),
    )


async def _password_page(visitor: Visitor, form: FilledForm[PasswordForm], status_code: int = 200) -> Page:
    account = _account(visitor)
    return Page(
        "account/password.html",
        status_code=status_code,
        form=form,
        login=account.login,
        shortest=shortest_password(has_second_factor=account.has_second_factor),
        asks_password=await has_password(account.user_id),
    )


def _account(visitor: Visitor) -> Account:
    if visitor.account is None:
        raise SignInNeeded
    return visitor.account


routes = [email_page, change_email, withdraw_email, password_page, save_password]
