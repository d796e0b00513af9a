"""Sign in and out; forgotten passwords and user names."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from app.access import anyone
from app.applications import Application
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see, see_path
from app.sign_in.finish_sign_in import after_sign_in, finish_sign_in
from app.sign_in.forms import ForgottenForm, ResetForm, SignInForm
from app.sign_in.limits import count_client
from app.sign_in.link_tokens import Link, TokenState
from app.sign_in.reminders import ask_for_reminder
from app.sign_in.reset import link_to_reset, owner_of_link, problem_of_new_password, reset_password
from app.sign_in.sent_twice import sending_of
from app.sign_in.sessions import end_session, forget_session
from app.sign_in.sign_in import person_with_password
from app.visitor import CurrentVisitor


@get("/sign-in", name="sign_in", guards=[anyone])
async def sign_in_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """The sign-in page; who is signed in already goes on at once."""
    wanted = request.query_params.get("next", "")
    if visitor.is_signed_in:
        return see_path(request, after_sign_in(visitor.application, wanted))
    return Page("sign_in/sign_in.html", form=blank(SignInForm, next=wanted))


@post("/sign-in", name="sign_in_post", guards=[anyone])
async def sign_in(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Signs in whoever may; tells others why not, once their password was right."""
    form = await read_form(request, SignInForm)
    if not form.is_valid:
        return Page("sign_in/sign_in.html", status_code=422, form=form)
    person = await person_with_password(
        visitor.application, form.data.login, form.data.password, request.scope
    )
    if person is None:
        form.add_error("", _wrong_password(visitor.application))
        return Page("sign_in/sign_in.html", status_code=422, form=form)
    return await finish_sign_in(request, person, form.data.next)


@post("/sign-out", name="sign_out", guards=[anyone])
async def sign_out(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Redirect:
    """Ends the session, here and in the table."""
    if visitor.session is not None:
        await end_session(visitor.session.id)
    answer = see(request, "home", flash=Flash(_("You are signed out.")))
    forget_session(answer, visitor.application)
    return answer


@get("/forgotten-password", name="forgotten_password", guards=[anyone])
async def forgotten_password_page() -> Page:
    """Asks for the e-mail that a link to a new password goes to."""
    return Page("sign_in/forgotten_password.html", form=blank(ForgottenForm))


@post("/forgotten-password", name="forgotten_password_post", guards=[anyone])
async def forgotten_password(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sends a reminder if there is somebody to remind; the answer is the same if not."""
    return await _remind(request, visitor, "sign_in/forgotten_password.html", wants_user_name=False)


@get("/forgotten-user-name", name="forgotten_user_name", guards=[anyone])
async def forgotten_user_name_page(visitor: CurrentVisitor) -> Page:
    """Asks for the e-mail whose user names are wanted; 404 where the e-mail is the login."""
    _only_with_user_names(visitor.application)
    return Page("sign_in/forgotten_user_name.html", form=blank(ForgottenForm))


@post("/forgotten-user-name", name="forgotten_user_name_post", guards=[anyone])
async def forgotten_user_name(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Mails the user names of an e-mail if there are any; the answer is the same if not."""
    _only_with_user_names(visitor.application)
    return await _remind(request, visitor, "sign_in/forgotten_user_name.html", wants_user_name=True)


@get("/reminder-sent", name="reminder_sent", guards=[anyone])
async def reminder_sent() -> Page:
    """Says what happens next, whoever asked."""
    return Page("sign_in/reminder_sent.html")


@get("/reset-password", name="reset_password", guards=[anyone])
async def reset_password_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of a link to a new password. Opening it changes nothing."""
    token = request.query_params.get("token", "")
    return await _reset_page(await link_to_reset(token, visitor.application), blank(ResetForm, token=token))


@post("/reset-password", name="reset_password_post", guards=[anyone])
async def choose_new_password(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sets the new password, once per link, and asks to sign in with it."""
    await count_client(request.scope, "reset")
    form = await read_form(request, ResetForm)
    token = form.value("token") or request.query_params.get("token", "")
    link = await link_to_reset(token, visitor.application)
    if link is None or link.state is not TokenState.VALID:
        return await _reset_page(link, form)
    if form.is_valid:
        problem = await problem_of_new_password(link.user_id, form.data.password, visitor.application)
        if problem is not None:
            form.add_error("password", problem)
    if not form.is_valid:
        return await _reset_page(link, blank(ResetForm, token=token) if not form.errors else form, 422)
    if not await reset_password(token, form.data.password, visitor.application):
        return await _reset_page(await link_to_reset(token, visitor.application), form)
    answer = see(
        request,
        "sign_in",
        flash=Flash(_("Your new password is set. You are signed out everywhere; please sign in with it.")),
    )
    forget_session(answer, visitor.application)
    return answer


async def _remind(
    request: Request[Any, Any, Any],
    visitor: CurrentVisitor,
    template: str,
    *,
    wants_user_name: bool,
) -> Response[Any]:
    await count_client(request.scope, "reminder")
    form = await read_form(request, ForgottenForm)
    if not form.is_valid:
        return Page(template, status_code=422, form=form)
    await ask_for_reminder(
        visitor.application,
        form.data.email,
        visitor.language,
        sending_of(request, form),
        wants_user_name=wants_user_name,
    )
    return see(request, "reminder_sent")


async def _reset_page(link: Link | None, form: FilledForm[ResetForm], status_code: int | None = None) -> Page:
    state = link.state if link is not None else TokenState.INVALID
    is_valid = state is TokenState.VALID
    login, shortest = await owner_of_link(link)
    return Page(
        "sign_in/reset_password.html",
        # A link that no longer works is gone (RFC 9110, 15.5.11), whatever was typed.
        status_code=status_code or (200 if is_valid else 410),
        form=form,
        state=state.value,
        login=login,
        shortest=shortest,
    )


def _only_with_user_names(application: Application) -> None:
    if application.login_type != "username":
        raise NotFoundException


def _wrong_password(application: Application) -> str:
    if application.login_type == "username":
        return _("User name and password do not match. Please check both and try again.")
    return _("E-mail and password do not match. Please check both and try again.")


routes = [
    sign_in_page,
    sign_in,
    sign_out,
    forgotten_password_page,
    forgotten_password,
    forgotten_user_name_page,
    forgotten_user_name,
    reminder_sent,
    reset_password_page,
    choose_new_password,
]
