"""The page that asks a signed-in person again who they are, before a sensitive change."""

from typing import Any

from litestar import Request, Response, get, post

from app.access import SignInNeeded, signed_in
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see_path
from app.sign_in.again import has_password, prove_by_password
from app.sign_in.finish_sign_in import after_sign_in
from app.sign_in.forms import AgainForm
from app.sign_in.passkeys import has_passkey
from app.visitor import CurrentVisitor, Visitor


@get("/sign-in/again", name="sign_in_again", guards=[signed_in])
async def sign_in_again_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """Asks for the password before something that only the owner of the account may do."""
    return await again_page(visitor, blank(AgainForm, next=request.query_params.get("next", "")))


@post("/sign-in/again", name="sign_in_again_post", guards=[signed_in])
async def sign_in_again(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Goes on to what the person wanted to do."""
    form = await read_form(request, AgainForm)
    if visitor.account is None or visitor.session is None:
        raise SignInNeeded
    if form.is_valid and not await prove_by_password(
        visitor.application, visitor.account, visitor.session.id, form.data.password, request.scope
    ):
        form.add_error("password", _("This is not your password. Please check it and try again."))
    if not form.is_valid:
        return await again_page(visitor, form, 422)
    return see_path(request, after_sign_in(visitor.application, form.data.next))


async def again_page(visitor: Visitor, form: FilledForm[AgainForm], status_code: int = 200) -> Page:
    """The page that asks for the password, or for a passkey from who has one."""
    if visitor.account is None:
        raise SignInNeeded
    return Page(
        "sign_in/again.html",
        status_code=status_code,
        form=form,
        login=visitor.account.login,
        has_password=await has_password(visitor.account.user_id),
        has_passkey=await has_passkey(visitor.account.user_id, visitor.application),
    )


routes = [sign_in_again_page, sign_in_again]
