"""Choosing whether prices are shown with or without tax."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.response import Redirect

from app.access import anyone
from app.forms import Form, Text, WhereTo, read_form
from app.links import links_of, path_within
from app.pages import see_path
from app.prices.display import MODES, choose_price_display
from app.visitor import CurrentVisitor

ONE_YEAR = 365 * 24 * 60 * 60


class PriceDisplayForm(Form):
    """The switch on every page of a shop."""

    mode: Annotated[str, Text(max_length=10, required=False)]
    next: Annotated[str, WhereTo()]


@post("/display-prices", name="change_price_display", guards=[anyone])
async def change_price_display(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Redirect:
    """Shows net or gross prices from now on: kept with the user, or for strangers in the browser."""
    form = await read_form(request, PriceDisplayForm)
    application = visitor.application
    back = path_within(application, form.value("next")) or links_of(application).path("home")
    answer = see_path(request, back)
    mode = form.value("mode")
    if mode not in MODES:
        return answer
    if visitor.is_signed_in and visitor.account is not None:
        await choose_price_display(visitor.account.user_id, mode)
        return answer
    answer.set_cookie(
        application.cookie_name("prices"),
        mode,
        path=application.cookie_path,
        max_age=ONE_YEAR,
        secure=application.is_secure,
        httponly=True,
        samesite="lax",
    )
    return answer


routes = [change_price_display]
