"""The pages of the link that verifies an e-mail."""

from typing import Annotated, Any

from litestar import Request, Response, get, post

from app.access import anyone
from app.customers.emails import Email
from app.flash import Flash
from app.forms import FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.registration.register import ANSWER_AFTER, answering_after
from app.registration.verify_email import send_verification_mails_again, verify_email
from app.sign_in.limits import count_client
from app.sign_in.link_tokens import Purpose, TokenState, state_of
from app.sign_in.refused import user_of_refused
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor
from tables.customers import ApprovalStatus


class TokenForm(Form):
    """The button of a link's page."""

    token: Annotated[str, Text(max_length=400, required=False)]


class AgainForm(Form):
    """Asks for a new link: by e-mail, or by what the page of a refused sign-in carries."""

    email: Annotated[str, Email(required=False)]
    person: Annotated[str, Text(max_length=400, required=False)]


@get("/verify-email", name="verify_email", guards=[anyone])
async def verify_email_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of a link. Opening it changes nothing, since mail scanners open links too."""
    token = request.query_params.get("token", "")
    return _page(await state_of(token, Purpose.VERIFY_EMAIL, visitor.application), token)


@post("/verify-email", name="verify_email_post", guards=[anyone])
async def verify(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Verifies the e-mail, once per link; then an address without the token says what happens next."""
    form = await read_form(request, TokenForm)
    token = form.value("token") or request.query_params.get("token", "")
    customer = await verify_email(token, visitor.application)
    if customer is None:
        # Of two who press the button at once the second one finds a used link, not an invalid one.
        after = await state_of(token, Purpose.VERIFY_EMAIL, visitor.application)
        return _page(TokenState.INVALID if after is TokenState.VALID else after, token)
    if customer.approval_status == ApprovalStatus.PENDING:
        return see(request, "email_verified")
    return see(request, "sign_in", flash=Flash(_("Your e-mail address is confirmed. Please sign in.")))


@get("/verify-email/done", name="email_verified", guards=[anyone])
async def email_verified() -> Page:
    """Tells those who wait for approval what happens next."""
    return Page("registration/email_verified.html")


@post("/verify-email/again", name="resend_verification", guards=[anyone])
async def resend_verification(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Sends a new link if there is something to verify; the answer is the same if not."""
    await count_client(request.scope, "verification")
    form = await read_form(request, AgainForm)
    user_id = user_of_refused(form.value("person")) if form.value("person") else None
    if not form.is_valid or (user_id is None and not form.data.email):
        form.add_error("email", _("Please fill in this field."))
        return Page("registration/verify_email.html", status_code=422, form=form, state="again", token="")
    async with answering_after(ANSWER_AFTER):
        await send_verification_mails_again(
            visitor.application,
            sending=sending_of(request, form),
            user_id=user_id,
            email=form.data.email,
        )
    return see(request, "verification_sent")


@get("/verify-email/sent", name="verification_sent", guards=[anyone])
async def verification_sent() -> Page:
    """Says what happens next, whoever asked."""
    return Page("registration/verification_sent.html")


def _page(state: TokenState, token: str) -> Page:
    form: FilledForm[AgainForm] = blank(AgainForm)
    return Page(
        "registration/verify_email.html",
        # A link that no longer works is gone (RFC 9110, 15.5.11).
        status_code=200 if state is TokenState.VALID else 410,
        state=state.value,
        token=token,
        form=form,
    )


routes = [verify_email_page, verify, email_verified, resend_verification, verification_sent]
