"""The pages of the newsletter's links, and what a person has agreed to (domain.md 4, Consent)."""

from typing import Annotated, Any

from litestar import Request, Response, get, post

from app.access import SignInNeeded, anyone, signed_in
from app.customers.consents import consents_of
from app.flash import Flash
from app.forms import Flag, Form, Text, read_form
from app.languages import gettext as _
from app.newsletter.opt_in import (
    NewsletterState,
    confirm_newsletter,
    end_newsletter,
    newsletter_state,
    order_newsletter,
    user_of_unsubscribe_token,
)
from app.pages import Page, see
from app.sign_in.limits import count_key
from app.sign_in.link_tokens import Purpose, TokenState, state_of
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor


class NewsletterForm(Form):
    """Whether a person wants the newsletter."""

    newsletter: Annotated[bool, Flag()]


class TokenForm(Form):
    """The button of a link's page."""

    token: Annotated[str, Text(max_length=400, required=False)]


@get("/account/consents", name="consents", guards=[signed_in])
async def consents_page(visitor: CurrentVisitor) -> Page:
    """What the person agreed to and took back, the newest first."""
    if visitor.account is None:
        raise SignInNeeded
    return Page(
        "account/consents.html",
        state=(await newsletter_state(visitor.account.user_id)).value,
        email=visitor.account.email,
        consents=await consents_of(visitor.account.user_id),
    )


@post("/account/consents", name="consents_post", guards=[signed_in])
async def choose(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Orders the newsletter, which the person then confirms by mail, or ends it at once."""
    if visitor.account is None:
        raise SignInNeeded
    user_id = visitor.account.user_id
    form = await read_form(request, NewsletterForm)
    if not form.data.newsletter:
        await end_newsletter(user_id, visitor.application)
        return see(request, "consents", flash=Flash(_("You no longer receive the newsletter.")))
    if await newsletter_state(user_id) is NewsletterState.CONFIRMED:
        return see(request, "consents")
    await count_key(f"newsletter:{user_id}", 5, 60)
    await order_newsletter(user_id, visitor.application, sending_of(request, form))
    said = _("We have sent you a mail. Please confirm the newsletter by the link in it.")
    return see(request, "consents", flash=Flash(said))


@get("/newsletter/confirm", name="confirm_newsletter", guards=[anyone])
async def confirm_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of a link. Opening it changes nothing, since mail scanners open links too."""
    token = request.query_params.get("token", "")
    return _confirm_page(await state_of(token, Purpose.CONFIRM_NEWSLETTER, visitor.application), token)


@post("/newsletter/confirm", name="confirm_newsletter_post", guards=[anyone])
async def confirm(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Begins the newsletter, once per link."""
    token = (await read_form(request, TokenForm)).value("token") or request.query_params.get("token", "")
    if await confirm_newsletter(token, visitor.application):
        return see(request, "newsletter_confirmed")
    state = await state_of(token, Purpose.CONFIRM_NEWSLETTER, visitor.application)
    return _confirm_page(TokenState.INVALID if state is TokenState.VALID else state, token)


@get("/newsletter/confirmed", name="newsletter_confirmed", guards=[anyone])
async def newsletter_confirmed() -> Page:
    """Says that the newsletter is confirmed."""
    return Page("newsletter/confirmed.html")


@get("/newsletter/unsubscribe", name="unsubscribe", guards=[anyone])
async def unsubscribe_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of the link that ends the newsletter, with a button."""
    token = request.query_params.get("token", "")
    is_known = await user_of_unsubscribe_token(token, visitor.application) is not None
    return _unsubscribe_page("ask" if is_known else "invalid", token)


# Mail programs press this without a cookie and without a page of ours (RFC 8058): the token is the whole
# authority, so that neither the token against forged requests nor the origin is asked for (app/cross_site.py).
@post("/newsletter/unsubscribe", name="unsubscribe_post", guards=[anyone], exclude_from_csrf=True)
async def unsubscribe(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Ends the newsletter of the person whom the link names; no redirect, which mail programs do not follow."""
    token = request.query_params.get("token", "") or (await read_form(request, TokenForm)).value("token")
    user_id = await user_of_unsubscribe_token(token, visitor.application)
    if user_id is None:
        return _unsubscribe_page("invalid", "")
    await end_newsletter(user_id, visitor.application)
    return _unsubscribe_page("ended", "")


def _confirm_page(state: TokenState, token: str) -> Page:
    status = 200 if state is TokenState.VALID else 410
    return Page("newsletter/confirm.html", status_code=status, state=state.value, token=token)


def _unsubscribe_page(state: str, token: str) -> Page:
    status = 410 if state == "invalid" else 200
    return Page("newsletter/unsubscribe.html", status_code=status, state=state, token=token)


routes = [
    consents_page,
    choose,
    confirm_page,
    confirm,
    newsletter_confirmed,
    unsubscribe_page,
    unsubscribe,
]
