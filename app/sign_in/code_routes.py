"""The pages for signing in by a mailed code."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException

from app.access import anyone
from app.applications import Application
from app.forms import blank, read_form
from app.languages import gettext as _
from app.links import path_within
from app.pages import Page, see, see_path
from app.sign_in.codes import MINUTES, ask_for_code, person_with_code
from app.sign_in.finish_sign_in import after_sign_in, finish_sign_in
from app.sign_in.forms import AskForCodeForm, MailedCodeForm
from app.sign_in.limits import count_client
from app.visitor import CurrentVisitor

# Seconds. A little longer than the code works, so that the page can say that it is too old.
COOKIE_SECONDS = 2 * MINUTES * 60


@get("/sign-in/code", name="sign_in_by_code", guards=[anyone])
async def ask_for_code_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Asks for whom the code shall be; who is signed in already goes on at once."""
    _only_where_codes_are_used(visitor.application)
    wanted = request.query_params.get("next", "")
    if visitor.is_signed_in:
        return see_path(request, after_sign_in(visitor.application, wanted))
    return Page("sign_in/ask_for_code.html", form=blank(AskForCodeForm, next=wanted))


@post("/sign-in/code", name="sign_in_by_code_post", guards=[anyone])
async def send_code(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sends a code if there is somebody to send it to; the answer is the same if not."""
    application = visitor.application
    _only_where_codes_are_used(application)
    await count_client(request.scope, "reminder")
    form = await read_form(request, AskForCodeForm)
    if not form.is_valid:
        return Page("sign_in/ask_for_code.html", status_code=422, form=form)
    token = await ask_for_code(application, form.data.login, visitor.language, _token(request, application))
    answer = see(request, "enter_code", next=path_within(application, form.data.next))
    answer.set_cookie(
        application.cookie_name("code"),
        token,
        path=application.cookie_path,
        max_age=COOKIE_SECONDS,
        secure=application.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


@get("/sign-in/code/enter", name="enter_code", guards=[anyone])
async def enter_code_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Says that a mail is on its way, whoever asked, and asks for the code in it."""
    _only_where_codes_are_used(visitor.application)
    wanted = request.query_params.get("next", "")
    if visitor.is_signed_in:
        return see_path(request, after_sign_in(visitor.application, wanted))
    if not _token(request, visitor.application):
        return see(request, "sign_in_by_code", next=path_within(visitor.application, wanted))
    return Page("sign_in/enter_code.html", form=blank(MailedCodeForm, next=wanted), minutes=MINUTES)


@post("/sign-in/code/enter", name="enter_code_post", guards=[anyone])
async def sign_in_with_code(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Signs in whoever may, as the password does."""
    application = visitor.application
    _only_where_codes_are_used(application)
    form = await read_form(request, MailedCodeForm)
    person = None
    if form.is_valid:
        token = _token(request, application)
        person = await person_with_code(application, token, form.data.code, request.scope)
    if person is None:
        form.add_error(
            "code", _("This code is wrong or no longer works. Please check it, or ask for a new one.")
        )
        return Page("sign_in/enter_code.html", status_code=422, form=form, minutes=MINUTES)
    answer = await finish_sign_in(request, person, form.data.next)
    answer.delete_cookie(application.cookie_name("code"), path=application.cookie_path)
    return answer


def _token(request: Request[Any, Any, Any], application: Application) -> str:
    return request.cookies.get(application.cookie_name("code"), "")[:100]


def _only_where_codes_are_used(application: Application) -> None:
    if not application.sign_in_by_code:
        raise NotFoundException


routes = [ask_for_code_page, send_code, enter_code_page, sign_in_with_code]
