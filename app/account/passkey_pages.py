"""A user's passkeys: adding, renaming and removing them, each only for who just proved who they are.

Shops have these pages under /account, the back office at its root.
"""

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import Account, SignInNeeded, signed_in_recently
from app.flash import Flash
from app.forms import FilledForm, Form, Secret, Text, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.sign_in.limits import count_client
from app.sign_in.passkey_routes import CHALLENGES_OF_CLIENT, asked, challenge_key
from app.sign_in.passkeys import (
    LONGEST_NAME,
    StoredPasskey,
    add_passkey,
    options_to_add,
    passkey_of,
    passkeys_of,
    remove_passkey,
    rename_passkey,
)
from app.visitor import CurrentVisitor, Visitor


class NameForm(Form):
    """What a passkey is called."""

    name: Annotated[str, Text(max_length=LONGEST_NAME)]


class NewPasskeyForm(NameForm):
    """A new passkey; a script puts in what the device has made."""

    credential: Annotated[str, Secret(required=False)]


@get("/security/passkeys/new", name="new_passkey", guards=[signed_in_recently])
async def new_passkey_page(visitor: CurrentVisitor) -> Page:
    """Asks what the new passkey shall be called."""
    number = len(await passkeys_of(_account(visitor).user_id)) + 1
    return _new_page(blank(NewPasskeyForm, name=_("Passkey %(number)s", number=number)))


@post(
    "/security/passkeys/options",
    name="new_passkey_options",
    guards=[signed_in_recently],
    status_code=200,
)
async def new_passkey_options(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[str]:
    """What the browser is asked for to make a passkey, as JSON."""
    await count_client(request.scope, "passkey-options", CHALLENGES_OF_CLIENT)
    return asked(visitor.application, *await options_to_add(_account(visitor), visitor.application))


@post("/security/passkeys/new", name="new_passkey_post", guards=[signed_in_recently])
async def save_new_passkey(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Adds the passkey that the device has made."""
    form = await read_form(request, NewPasskeyForm)
    if not form.is_valid:
        return _new_page(form, 422)
    is_added = await add_passkey(
        _account(visitor),
        visitor.application,
        challenge_key(request, visitor.application),
        form.data.credential,
        form.data.name,
        request.headers.get("user-agent", ""),
    )
    if not is_added:
        form.add_error("", _("We could not add this passkey. Please try again, or use another device."))
        return _new_page(form, 422)
    return see(request, "security", flash=Flash(_("Your passkey is added. You can sign in with it now.")))


@get("/security/passkeys/{passkey_id:uuid}", name="passkey", guards=[signed_in_recently])
async def passkey_page(visitor: CurrentVisitor, passkey_id: FromPath[UUID]) -> Page:
    """One passkey, to be renamed or removed."""
    passkey = await _own(visitor, passkey_id)
    return Page("account/security/passkey.html", passkey=passkey, form=blank(NameForm, name=passkey.name))


@post("/security/passkeys/{passkey_id:uuid}", name="passkey_post", guards=[signed_in_recently])
async def save_passkey(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, passkey_id: FromPath[UUID]
) -> Response[Any]:
    """Gives the passkey another name."""
    passkey = await _own(visitor, passkey_id)
    form = await read_form(request, NameForm)
    if not form.is_valid:
        return Page("account/security/passkey.html", status_code=422, passkey=passkey, form=form)
    await rename_passkey(_account(visitor).user_id, passkey_id, form.data.name)
    return see(request, "security", flash=Flash(_("The passkey has its new name.")))


@post(
    "/security/passkeys/{passkey_id:uuid}/remove",
    name="remove_passkey",
    guards=[signed_in_recently],
)
async def remove(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, passkey_id: FromPath[UUID]
) -> Response[Any]:
    """Removes the passkey; nothing else ends."""
    agent = request.headers.get("user-agent", "")
    if not await remove_passkey(_account(visitor).user_id, passkey_id, visitor.application, agent):
        raise NotFoundException
    return see(request, "security", flash=Flash(_("The passkey is removed. It no longer signs you in.")))


def _new_page(form: FilledForm[NewPasskeyForm], status_code: int = 200) -> Page:
    return Page("account/security/new_passkey.html", status_code=status_code, form=form)


async def _own(visitor: Visitor, passkey_id: UUID) -> StoredPasskey:
    passkey = await passkey_of(_account(visitor).user_id, passkey_id)
    if passkey is None:
        raise NotFoundException
    return passkey


def _account(visitor: Visitor) -> Account:
    if visitor.account is None:
        raise SignInNeeded
    return visitor.account


routes = [
    new_passkey_page,
    new_passkey_options,
    save_new_passkey,
    passkey_page,
    save_passkey,
    remove,
]
