"""A signed-in person's requests about their own data (domain.md 13)."""

import uuid
from typing import Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.access import SignInNeeded, signed_in, signed_in_recently
from app.flash import Flash
from app.forms import FilledForm, blank, read_form
from app.languages import gettext as _
from app.pages import Page, see
from app.personal_data.carry_out import archive_to_fetch
from app.personal_data.forms import AskForm
from app.personal_data.people import subject_of_user
from app.personal_data.requests import ask, requests_of_user, withdraw
from app.sign_in.limits import count_key
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor, Visitor
from tables import DataRequestKind, DataRequestOrigin


@get("/account/privacy", name="account_privacy", guards=[signed_in])
async def privacy_page(visitor: CurrentVisitor) -> Page:
    """The requests of the person, and the form for a new one."""
    return await _page(visitor, blank(AskForm))


@post("/account/privacy", name="account_privacy_post", guards=[signed_in])
async def ask_for_data(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Notes the request and mails the link that confirms it."""
    form = await read_form(request, AskForm)
    if not form.is_valid:
        return await _page(visitor, form, 422)
    user_id = _user_id(visitor)
    await count_key(f"data-request:{user_id}", 10, 60)
    subject = await subject_of_user(user_id)
    if subject is None:
        raise SignInNeeded
    await ask(
        DataRequestKind(form.data.kind),
        subject,
        DataRequestOrigin.ACCOUNT,
        application=visitor.application,
        language=visitor.language,
        visitor=visitor,
        sending=sending_of(request, form),
    )
    said = _("We have sent you a mail. Please confirm your request by the link in it.")
    return see(request, "account_privacy", flash=Flash(said))


@post("/account/privacy/{request_id:uuid}/withdraw", name="withdraw_data_request", guards=[signed_in])
async def withdraw_request(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, request_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Takes an open request back; 404 when the person has none of that id."""
    if not await withdraw(request_id, _user_id(visitor), visitor):
        raise NotFoundException
    return see(request, "account_privacy", flash=Flash(_("Your request is withdrawn.")))


# Who sits down at somebody else's browser gets no copy of everything.
@get("/account/privacy/{request_id:uuid}/archive", name="own_data_archive", guards=[signed_in_recently])
async def own_archive(visitor: CurrentVisitor, request_id: FromPath[uuid.UUID]) -> Response[bytes]:
    """The archive of the person's own export; 404 for any other."""
    archive = await archive_to_fetch(request_id, user_id=_user_id(visitor))
    if archive is None:
        raise NotFoundException
    return zip_file(archive)


def zip_file(archive: bytes) -> Response[bytes]:
    """An archive to be saved and never to be kept by anything on the way."""
    headers = {
        "Content-Disposition": 'attachment; filename="personal-data.zip"',
        "Cache-Control": "no-store",
    }
    return Response(archive, media_type="application/zip", headers=headers)


def _user_id(visitor: Visitor) -> uuid.UUID:
    if visitor.account is None:
        raise SignInNeeded
    return visitor.account.user_id


async def _page(visitor: Visitor, form: FilledForm[AskForm], status_code: int = 200) -> Page:
    return Page(
        "account/privacy.html",
        status_code=status_code,
        form=form,
        requests=await requests_of_user(_user_id(visitor)),
        email=visitor.account.email if visitor.account is not None else "",
        purge_days=visitor.application.data_request_purge_days,
    )


routes = [privacy_page, ask_for_data, withdraw_request, own_archive]
