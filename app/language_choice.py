"""Choosing the language of the site."""

from typing import Annotated, Any

from litestar import Request, Response, post
from litestar.response import Redirect

from app.access import anyone
from app.applications import Application
from app.forms import Form, Text, WhereTo, read_form
from app.links import links_of, path_within
from app.pages import see_path
from app.visitor import CurrentVisitor
from tables import User

ONE_YEAR = 365 * 24 * 60 * 60


class LanguageForm(Form):
    """The switch in the footer of every page."""

    language: Annotated[str, Text(max_length=10, required=False)]
    next: Annotated[str, WhereTo()]


@post("/language", name="change_language", guards=[anyone])
async def change_language(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Redirect:
    """Shows the site in another language from now on; a signed-in person's mails follow."""
    form = await read_form(request, LanguageForm)
    application = visitor.application
    back = path_within(application, form.value("next")) or links_of(application).path("home")
    answer = see_path(request, back)
    language = form.value("language")
    if language not in application.languages:
        return answer
    if visitor.is_signed_in and visitor.account is not None:
        await User.update({User.preferred_language: language}).where(User.id == visitor.account.user_id)
    keep_language(answer, application, language)
    return answer


def keep_language(answer: Response[Any], application: Application, language: str) -> None:
    """Lets the browser keep a language, so that it stays when nobody is signed in."""
    answer.set_cookie(
        application.cookie_name("language"),
        language,
        path=application.cookie_path,
        max_age=ONE_YEAR,
        secure=application.is_secure,
        httponly=True,
        samesite="lax",
    )


routes = [change_language]
