"""Using a passkey: instead of the password, as the second factor, and to prove anew who one is.

Each is a form with one button. A script asks for a challenge, lets the device sign it, and sends the form.
"""

from typing import Any

from litestar import Request, Response, post

from app.access import Refusal, SignInNeeded, anyone, showing_second_factor, signed_in
from app.applications import Application
from app.forms import blank, read_form
from app.languages import gettext as _
from app.pages import Page, see_path
from app.sign_in.again import note_proof
from app.sign_in.again_routes import again_page
from app.sign_in.finish_sign_in import after_sign_in, finish_sign_in, note_way_in
from app.sign_in.forms import AgainForm, CodeForm, PasskeyForm, SignInForm
from app.sign_in.history import Method, note_attempt
from app.sign_in.limits import count_client, uncount_client
from app.sign_in.passkey_challenges import MINUTES, Challenge, Purpose
from app.sign_in.passkey_proof import options_to_prove, proof_by_passkey
from app.sign_in.second_factor_routes import second_factor_form
from app.sign_in.sign_in import KnownPerson, person_of_user
from app.visitor import CurrentVisitor
from tables.engine import DB

# Challenges cost a row each.
CHALLENGES_OF_CLIENT = 60


@post("/sign-in/passkey/options", name="passkey_options", guards=[anyone], status_code=200)
async def options_to_sign_in(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[str]:
    """What the browser is asked for to sign in, as JSON."""
    await count_client(request.scope, "passkey-options", CHALLENGES_OF_CLIENT)
    return asked(visitor.application, *await options_to_prove(visitor.application, Purpose.SIGN_IN))


@post("/sign-in/passkey", name="passkey_sign_in", guards=[anyone])
async def sign_in_with_passkey(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Signs in whoever may; a passkey that has verified its person has shown the second factor as well."""
    await count_client(request.scope, "sign-in")
    application = visitor.application
    form = await read_form(request, PasskeyForm)
    sent = form.data.credential if form.is_valid else ""
    proof = await proof_by_passkey(
        application, Purpose.SIGN_IN, challenge_key(request, application), sent, request.scope
    )
    person = (
        await person_of_user(application, proof.user_id, second_factor_shown=proof.is_verified)
        if proof is not None
        else None
    )
    if person is None:
        page = blank(SignInForm, next=form.value("next"))
        page.add_error("", _("We could not verify this passkey. Please try again, or sign in another way."))
        return Page("sign_in/sign_in.html", status_code=422, form=page)
    async with DB.transaction():
        await note_way_in(person, application, Method.PASSKEY, request.scope)
        return await finish_sign_in(request, person, form.value("next"))


@post(
    "/sign-in/second-factor/passkey/options",
    name="second_factor_passkey_options",
    guards=[showing_second_factor],
    status_code=200,
)
async def options_for_second_factor(
    request: Request[Any, Any, Any], visitor: CurrentVisitor
) -> Response[str]:
    """What the browser is asked for to show the second factor, as JSON."""
    await count_client(request.scope, "passkey-options", CHALLENGES_OF_CLIENT)
    if visitor.account is None:
        raise SignInNeeded
    application, user_id = visitor.application, visitor.account.user_id
    return asked(application, *await options_to_prove(application, Purpose.SECOND_FACTOR, user_id))


@post("/sign-in/second-factor/passkey", name="second_factor_passkey", guards=[showing_second_factor])
async def show_passkey(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Completes the sign-in by a passkey in place of the authenticator."""
    await count_client(request.scope, "second-factor")
    account, application = visitor.account, visitor.application
    form = await read_form(request, PasskeyForm)
    # Who has to set up a second factor first has none that a passkey could stand in for.
    if account is None or visitor.refusal is not Refusal.SECOND_FACTOR_NEEDED:
        raise SignInNeeded
    proof = await proof_by_passkey(
        application,
        Purpose.SECOND_FACTOR,
        challenge_key(request, application),
        form.data.credential if form.is_valid else "",
        request.scope,
        account.user_id,
    )
    if proof is None:
        page = blank(CodeForm, next=form.value("next"))
        page.add_error(
            "", _("We could not verify this passkey. Please try again, or use your authenticator.")
        )
        return await second_factor_form(visitor, page, 422)
    person = KnownPerson(account, refusal=None)
    async with DB.transaction():
        await uncount_client(request.scope, "second-factor")
        await note_attempt(account.user_id, application, "signed in", Method.PASSKEY, request.scope)
        return await finish_sign_in(request, person, form.value("next"))


@post("/sign-in/again/passkey/options", name="again_passkey_options", guards=[signed_in], status_code=200)
async def options_for_again(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[str]:
    """What the browser is asked for to prove anew who the person is, as JSON."""
    await count_client(request.scope, "passkey-options", CHALLENGES_OF_CLIENT)
    if visitor.account is None:
        raise SignInNeeded
    application, user_id = visitor.application, visitor.account.user_id
    return asked(application, *await options_to_prove(application, Purpose.AGAIN, user_id))


@post("/sign-in/again/passkey", name="again_passkey", guards=[signed_in])
async def prove_by_passkey(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Goes on to what the person wanted to do."""
    await count_client(request.scope, "sign-in")
    account, application = visitor.account, visitor.application
    form = await read_form(request, PasskeyForm)
    if account is None or visitor.session is None:
        raise SignInNeeded
    proof = await proof_by_passkey(
        application,
        Purpose.AGAIN,
        challenge_key(request, application),
        form.data.credential if form.is_valid else "",
        request.scope,
        account.user_id,
    )
    if proof is None:
        page = blank(AgainForm, next=form.value("next"))
        page.add_error("", _("We could not verify this passkey. Please try again, or sign in another way."))
        return await again_page(visitor, page, 422)
    async with DB.transaction():
        await note_proof(application, account, visitor.session.id, Method.PASSKEY, request.scope)
        await uncount_client(request.scope, "sign-in")
    return see_path(request, after_sign_in(application, form.value("next")))


def asked(application: Application, challenge: Challenge, options: str) -> Response[str]:
    """The options as JSON; the cookie binds their challenge to this browser."""
    answer = Response(options, media_type="application/json")
    answer.set_cookie(
        application.cookie_name("passkey"),
        challenge.id.hex,
        path=application.cookie_path,
        max_age=MINUTES * 60,
        secure=application.is_secure,
        httponly=True,
        samesite="strict",
    )
    return answer


def challenge_key(request: Request[Any, Any, Any], application: Application) -> str:
    """What the browser keeps of its challenge, "" if nothing."""
    return request.cookies.get(application.cookie_name("passkey"), "")


routes = [
    options_to_sign_in,
    sign_in_with_passkey,
    options_for_second_factor,
    show_passkey,
    options_for_again,
    prove_by_passkey,
]
