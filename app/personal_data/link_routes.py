"""Requests about personal data by people who are not signed in, and the links of the mails about requests."""

from typing import Any

from litestar import Request, Response, get, post

from app.access import anyone
from app.forms import FilledForm, blank, read_form
from app.pages import Page, see
from app.personal_data.account_routes import zip_file
from app.personal_data.carry_out import archive_to_fetch, needs_sign_in
from app.personal_data.forms import GuestForm, TokenForm
from app.personal_data.requests import (
    LinkState,
    ask_for_all_with_email,
    confirm,
    request_of_archive_token,
    request_of_id,
    state_of_link,
)
from app.registration.register import ANSWER_AFTER, answering_after
from app.sign_in.limits import count_client
from app.sign_in.sent_twice import sending_of
from app.visitor import CurrentVisitor, Visitor
from tables import DataRequestKind


@get("/personal-data-requests", name="personal_data_requests", guards=[anyone])
async def requests_page(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Page:
    """The page of a link to confirm, which changes nothing when opened; without a link the form for guests."""
    token = request.query_params.get("token", "")
    if not token:
        return _guest_page(blank(GuestForm))
    return await _link_page(token, visitor)


@post("/personal-data-requests", name="personal_data_requests_post", guards=[anyone])
async def ask_as_guest(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Mails a link to confirm to whoever has this e-mail; the answer is the same if nobody has it."""
    form = await read_form(request, GuestForm)
    token = (await read_form(request, TokenForm)).value("token") or request.query_params.get("token", "")
    if token:
        return await _confirm(request, visitor, token)
    await count_client(request.scope, "data-request")
    if not form.is_valid:
        return _guest_page(form, 422)
    async with answering_after(ANSWER_AFTER):
        await ask_for_all_with_email(
            form.data.email, DataRequestKind(form.data.kind), visitor, sending_of(request, form)
        )
    return see(request, "data_request_sent")


@get("/personal-data-requests/sent", name="data_request_sent", guards=[anyone])
async def request_sent() -> Page:
    """Says what happens next, whoever asked."""
    return Page("personal_data/sent.html")


@get("/personal-data-requests/confirmed", name="data_request_confirmed", guards=[anyone])
async def request_confirmed(visitor: CurrentVisitor) -> Page:
    """Says that the request is confirmed and that staff carry it out."""
    return Page("personal_data/confirmed.html", days=visitor.application.data_request_answer_days)


@get("/personal-data-requests/archive", name="data_archive", guards=[anyone])
async def archive_page(request: Request[Any, Any, Any]) -> Page:
    """The page of the link to an archive: a button, since mail scanners open links."""
    return await _archive_page(request.query_params.get("token", ""))


@post("/personal-data-requests/archive", name="data_archive_post", guards=[anyone])
async def fetch_archive(request: Request[Any, Any, Any]) -> Response[Any]:
    """The archive itself."""
    await count_client(request.scope, "data-archive")
    token = (await read_form(request, TokenForm)).value("token")
    request_id = request_of_archive_token(token)
    found = await request_of_id(request_id) if request_id is not None else None
    if found is None or await needs_sign_in(found):
        return await _archive_page(token)
    archive = await archive_to_fetch(found.id)
    return zip_file(archive) if archive is not None else await _archive_page(token)


async def _confirm(request: Request[Any, Any, Any], visitor: Visitor, token: str) -> Response[Any]:
    if await confirm(token, visitor.application):
        # An address without the token, so that it is told to nobody (security.md, Tokens in links).
        return see(request, "data_request_confirmed")
    return await _link_page(token, visitor)


def _guest_page(form: FilledForm[GuestForm], status_code: int = 200) -> Page:
    return Page("personal_data/ask.html", status_code=status_code, form=form)


async def _link_page(token: str, visitor: Visitor) -> Page:
    state, found = await state_of_link(token, visitor.application)
    return Page(
        f"personal_data/link_{state.value}.html",
        # A link that no longer works is gone (RFC 9110, 15.5.11).
        status_code=200 if state is LinkState.VALID else 410,
        token=token,
        asked=found,
    )


async def _archive_page(token: str) -> Page:
    request_id = request_of_archive_token(token)
    found = await request_of_id(request_id) if request_id is not None else None
    is_there = found is not None and found.has_archive
    return Page(
        "personal_data/fetch_archive.html",
        status_code=200 if is_there else 410,
        token=token,
        is_there=is_there,
        needs_sign_in=found is not None and is_there and await needs_sign_in(found),
    )


routes = [requests_page, ask_as_guest, request_sent, request_confirmed, archive_page, fetch_archive]
