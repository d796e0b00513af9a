"""Showing a second factor at sign-in, and setting one up."""

from typing import Any

from litestar import Request, Response, get, post

from app.access import AccessRefused, Refusal, setting_up_second_factor, showing_second_factor
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page
from app.sign_in.finish_sign_in import finish_sign_in
from app.sign_in.forms import CodeForm
from app.sign_in.history import Method, note_attempt, user_agent_of
from app.sign_in.limits import clear_account, count_client, is_account_locked, uncount_client
from app.sign_in.passkeys import has_passkey
from app.sign_in.second_factor import confirm_authenticator, is_second_factor, picture_of_new_authenticator
from app.sign_in.sessions import begin_session
from app.sign_in.sign_in import KnownPerson
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB


@get("/sign-in/second-factor", name="second_factor", guards=[showing_second_factor])
async def second_factor_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Asks for the code of the authenticator."""
    return await second_factor_form(visitor, blank(CodeForm, next=request.query_params.get("next", "")))


@post("/sign-in/second-factor", name="second_factor_post", guards=[showing_second_factor])
async def show_second_factor(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Completes the sign-in under a new session id."""
    form = await read_form(request, CodeForm)
    account = visitor.account
    if account is None or not form.is_valid:
        return await second_factor_form(visitor, form, 422)
    await count_client(request.scope, "second-factor")
    is_locked = await is_account_locked(account.user_id.hex, "second-factor")
    if is_locked or not await is_second_factor(account.user_id, form.data.code, visitor.application):
        outcome = "locked" if is_locked else "wrong code"
        await note_attempt(account.user_id, visitor.application, outcome, Method.SECOND_FACTOR, request.scope)
        form.add_error("code", _("This code is wrong or was used before. Please wait for the next one."))
        return await second_factor_form(visitor, form, 422)
    async with DB.transaction():
        await note_attempt(
            account.user_id, visitor.application, "signed in", Method.SECOND_FACTOR, request.scope
        )
        # The client's counter first, as everywhere (app/sign_in/limits.py).
        await uncount_client(request.scope, "second-factor")
        await clear_account(account.user_id.hex, "second-factor")
        return await finish_sign_in(request, KnownPerson(account, refusal=None), form.data.next)


@get("/sign-in/second-factor/set-up", name="set_up_second_factor", guards=[setting_up_second_factor])
async def set_up_second_factor_page(visitor: CurrentVisitor) -> Response[Any]:
    """Shows the picture to scan and asks for the first code."""
    return await _set_up_page(visitor, blank(CodeForm))


@post("/sign-in/second-factor/set-up", name="set_up_second_factor_post", guards=[setting_up_second_factor])
async def set_up_second_factor(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Takes the authenticator into use and shows the recovery codes, once."""
    form = await read_form(request, CodeForm)
    account = visitor.account
    if account is None or not form.is_valid:
        return await _set_up_page(visitor, form, 422)
    await count_client(request.scope, "second-factor")
    codes = await confirm_authenticator(
        account.user_id, form.data.code, visitor.application, user_agent_of(request.scope)
    )
    if codes is None:
        form.add_error(
            "code", _("This code does not fit. Please scan the picture again and type the newest code.")
        )
        return await _set_up_page(visitor, form, 422)
    async with DB.transaction():
        session = await begin_session(request, account, is_complete=True)
    answer = Page("sign_in/recovery_codes.html", codes=codes)
    session.keep_on(answer)
    return answer


async def second_factor_form(visitor: Visitor, form: FilledForm[CodeForm], status_code: int = 200) -> Page:
    """The page that asks for the code, or for a passkey from who has one."""
    account = visitor.account
    return Page(
        "sign_in/second_factor.html",
        status_code=status_code,
        form=form,
        has_passkey=account is not None and await has_passkey(account.user_id, visitor.application),
    )


async def _set_up_page(visitor: Visitor, form: FilledForm[CodeForm], status_code: int = 200) -> Response[Any]:
    if visitor.account is None:
        raise RuntimeError("the guard lets only known people in")
    shown = await picture_of_new_authenticator(
        visitor.account.user_id, visitor.account.login, visitor.application
    )
    if shown is None:  # just set up in another window
        raise AccessRefused(Refusal.SECOND_FACTOR_NEEDED)
    return Page(
        "sign_in/set_up_second_factor.html",
        status_code=status_code,
        form=form,
        picture=shown.picture,
        secret=shown.secret,
    )


routes = [second_factor_page, show_second_factor]
# Customers set theirs up in the account (app/account/authenticator_pages.py); staff may have to before anything else.
set_up_routes = [set_up_second_factor_page, set_up_second_factor]
