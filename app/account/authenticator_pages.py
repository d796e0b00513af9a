"""The authenticator of an account: set up, remove, recovery codes; each after proving again who one is."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from app.access import signed_in, signed_in_recently
from app.account.security_pages import account_and_session
from app.flash import Flash
from app.forms import FilledForm, Form, Several, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.sign_in.forms import CodeForm
from app.sign_in.history import user_agent_of
from app.sign_in.limits import count_client, uncount_client
from app.sign_in.second_factor import (
    RECOVERY_CODES,
    confirm_authenticator,
    own_recovery_codes,
    picture_of_new_authenticator,
    recovery_codes_left,
    remove_authenticator,
    renew_recovery_codes,
)
from app.visitor import CurrentVisitor, Visitor


class ShownCodes(Form):
    """The codes of the page that shows them, on their way into a file."""

    code: Annotated[list[str], Several(at_most=RECOVERY_CODES, max_length=20)]


@get("/security/authenticator", name="authenticator", guards=[signed_in_recently])
async def authenticator_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Shows the picture to scan and asks for the first code."""
    return await _set_up_page(request, visitor, blank(CodeForm))


@post("/security/authenticator", name="authenticator_post", guards=[signed_in_recently])
async def set_up_authenticator(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Takes the authenticator into use and shows the recovery codes, once."""
    account, _session = account_and_session(visitor)
    form = await read_form(request, CodeForm)
    if not form.is_valid:
        return await _set_up_page(request, visitor, form, 422)
    await count_client(request.scope, "second-factor")
    codes = await confirm_authenticator(
        account.user_id, form.data.code, visitor.application, user_agent_of(request.scope)
    )
    if codes is None:
        form.add_error(
            "code", _("This code does not fit. Please scan the picture again and type the newest code.")
        )
        return await _set_up_page(request, visitor, form, 422)
    await uncount_client(request.scope, "second-factor")
    return Page("account/recovery_codes.html", codes=codes, is_new_factor=True)


@get("/security/authenticator/remove", name="remove_authenticator", guards=[signed_in_recently])
async def question_before_removing(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Asks before the authenticator is removed."""
    account, _session = account_and_session(visitor)
    return (
        Page("account/remove_authenticator.html") if account.has_second_factor else see(request, "security")
    )


@post("/security/authenticator/remove", name="remove_authenticator_post", guards=[signed_in_recently])
async def remove(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Redirect:
    """Removes the authenticator; twice is as good as once."""
    account, _session = account_and_session(visitor)
    await remove_authenticator(account.user_id, visitor.application, user_agent_of(request.scope))
    return see(request, "security", flash=Flash(_("The authenticator is removed.")))


@get("/security/recovery-codes", name="recovery_codes", guards=[signed_in_recently])
async def recovery_codes_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Says how many codes are left and offers new ones; the codes themselves are never shown again."""
    account, _session = account_and_session(visitor)
    if not account.has_second_factor:
        return see(request, "security")
    return Page("account/renew_recovery_codes.html", codes_left=await recovery_codes_left(account.user_id))


@post("/security/recovery-codes", name="recovery_codes_post", guards=[signed_in_recently])
async def new_recovery_codes(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Makes new recovery codes and shows them, once."""
    account, _session = account_and_session(visitor)
    codes = await renew_recovery_codes(account.user_id, visitor.application, user_agent_of(request.scope))
    if codes is None:
        return see(request, "security")
    return Page("account/recovery_codes.html", codes=codes, is_new_factor=False)


@post("/security/recovery-codes/file", name="recovery_codes_file", guards=[signed_in])
async def file_of_recovery_codes(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """The codes as a text file. The page that shows them sends them along, since only their hashes are stored:
    nobody learns anything here, and who took some time over reading them is not asked again who they are."""
    account, _session = account_and_session(visitor)
    form = await read_form(request, ShownCodes)
    codes = await own_recovery_codes(account.user_id, form.data.code) if form.is_valid else []
    if not codes:
        return see(request, "security")
    name = visitor.application.name
    lines = [_("Recovery codes for %(login)s at %(shop)s", login=account.login, shop=name), ""]
    lines += [*codes, "", _("Each code works once.")]
    return Response(
        "\r\n".join(lines) + "\r\n",
        media_type="text/plain",
        headers={"Content-Disposition": 'attachment; filename="recovery-codes.txt"'},
    )


async def _set_up_page(
    request: Request[Any, Any, Any], visitor: Visitor, form: FilledForm[CodeForm], status_code: int = 200
) -> Response[Any]:
    account, _session = account_and_session(visitor)
    shown = await picture_of_new_authenticator(account.user_id, account.login, visitor.application)
    if shown is None:  # one is in use already
        return see(request, "security")
    return Page(
        "account/authenticator.html",
        status_code=status_code,
        form=form,
        picture=shown.picture,
        secret=shown.secret,
    )


routes = [
    authenticator_page,
    set_up_authenticator,
    question_before_removing,
    remove,
    recovery_codes_page,
    new_recovery_codes,
    file_of_recovery_codes,
]
