"""Personal data requests in the back office: deadlines, entering, carrying out, declining (domain.md 13)."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, QueryParameter

from app.access import staff
from app.back_office.branch import branch_of, people_seen
from app.back_office.privileges import Privilege
from app.flash import Flash
from app.forms import Choice, FilledForm, Form, Text, blank, read_form
from app.languages import gettext as _
from app.languages import text
from app.pages import Page, see
from app.personal_data.carry_out import carry_out
from app.personal_data.deletion import IsLastAdministrator, IsStaff
from app.personal_data.forms import KINDS
from app.personal_data.people import Subject, subjects_known_as
from app.personal_data.requests import (
    DataRequest,
    ask,
    decline,
    finished_requests,
    open_requests,
    request_of_id,
)
from app.visitor import CurrentVisitor
from tables import DataRequestKind, DataRequestOrigin

MAY = staff(Privilege.PERSONAL_DATA)


class NewRequestForm(Form):
    """What staff enter for a person who has called or written. `user` chooses among several people."""

    person: Annotated[str, Text(max_length=320)]
    kind: Annotated[str, Choice(options=KINDS)]
    user: Annotated[str, Text(required=False, max_length=40)]


class DeclineForm(Form):
    """Why a request is declined; the person reads it."""

    comment: Annotated[str, Text(max_length=2000, multiline=True)]


class CarryOutForm(Form):
    """What becomes of a company that loses its last administrator; asked only then."""

    without_administrator: Annotated[
        str,
        Choice(
            options=(
                ("keep", text("The company stays as it is; we find another administrator")),
                ("disable", text("The company is deactivated; nobody can sign in for it")),
            ),
            required=False,
        ),
    ]


@get("/personal-data-requests", name="data_requests", guards=[MAY])
async def requests_page(
    visitor: CurrentVisitor, wanted: Annotated[str, QueryParameter(name="state")] = ""
) -> Page:
    """What staff have to do, the most urgent first; with state=finished what was done."""
    is_finished = wanted == "finished"
    return Page(
        "back_office/data_requests.html",
        state="finished" if is_finished else "open",
        requests=await (finished_requests if is_finished else open_requests)(branch_of(visitor)),
    )


@get("/personal-data-requests/new", name="new_data_request", guards=[MAY])
async def new_request_page() -> Page:
    """The form for a request that came by phone or letter."""
    return _new_page(blank(NewRequestForm))


@post("/personal-data-requests/new", name="new_data_request_post", guards=[MAY])
async def enter_request(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Enters a request and mails the person a link to confirm it; asks which one if several are meant."""
    form = await read_form(request, NewRequestForm)
    if not form.is_valid:
        return _new_page(form, status_code=422)
    known = await subjects_known_as(form.data.person)
    seen = await people_seen(visitor, [one.user_id for one in known])
    found = [one for one in known if one.user_id in seen]
    chosen = found if len(found) == 1 else [one for one in found if _key(one) == form.data.user]
    if not found:
        form.add_error(
            "person", _("We hold nothing about anybody with this e-mail, login or customer number.")
        )
    elif not chosen:
        form.add_error("user", _("Several people are meant. Please choose one."))
    if not form.is_valid or not chosen:
        return _new_page(form, found, 422)
    key = await ask(DataRequestKind(form.data.kind), chosen[0], DataRequestOrigin.STAFF, visitor=visitor)
    said = _("The person has been mailed a link to confirm the request.")
    return see(request, "data_request", request_id=key, flash=Flash(said))


@get("/personal-data-requests/{request_id:uuid}", name="data_request", guards=[MAY])
async def request_page(request_id: FromPath[uuid.UUID]) -> Page:
    """A request and what can be done about it; 404 once it is purged."""
    return _page(await _request_or_404(request_id))


@post("/personal-data-requests/{request_id:uuid}/carry-out", name="carry_out_data_request", guards=[MAY])
async def carry_out_request(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, request_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Makes the archive or deletes the data; 409 when the request is not confirmed or somebody was faster."""
    found = await _request_or_404(request_id)
    form = await read_form(request, CarryOutForm)
    if not form.is_valid:
        return _page(found, carry_out_form=form, companies=[""], status_code=422)
    companies: list[str] = []
    try:
        await carry_out(request_id, visitor, without_administrator=form.data.without_administrator)
    except IsStaff:
        form.add_error(
            "", _("This person is a staff member. Please end their work in the back office first.")
        )
    except IsLastAdministrator as alone:
        companies = list(alone.companies)
        form.add_error("without_administrator", _("Please choose one of the options."))
    else:
        is_export = found.kind is DataRequestKind.EXPORT
        done = _("The archive is made, and the person is told.") if is_export else _("The data is deleted.")
        return see(request, "data_request", request_id=request_id, flash=Flash(done))
    return _page(found, carry_out_form=form, companies=companies, status_code=422)


@post("/personal-data-requests/{request_id:uuid}/decline", name="decline_data_request", guards=[MAY])
async def decline_request(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, request_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Declines a request with a reason, which the person is mailed."""
    found = await _request_or_404(request_id)
    form = await read_form(request, DeclineForm)
    if not form.is_valid:
        return _page(found, form, status_code=422)
    await decline(request_id, form.data.comment, visitor)
    return see(request, "data_request", request_id=request_id, flash=Flash(_("The request is declined.")))


async def _request_or_404(request_id: uuid.UUID) -> DataRequest:
    found = await request_of_id(request_id)
    if found is None:
        raise NotFoundException
    return found


def _key(subject: Subject) -> str:
    return str(subject.user_id) if subject.user_id is not None else "guest"


def _new_page(
    form: FilledForm[NewRequestForm], found: list[Subject] | None = None, status_code: int = 200
) -> Page:
    people = [(_key(one), f"{one.name} ({one.email})") for one in found or ()]
    return Page(
        "back_office/new_data_request.html",
        status_code=status_code,
        form=form,
        people=people if len(people) > 1 else [],
    )


def _page(
    found: DataRequest,
    form: FilledForm[DeclineForm] | None = None,
    *,
    carry_out_form: FilledForm[CarryOutForm] | None = None,
    companies: list[str] | None = None,
    status_code: int = 200,
) -> Page:
    return Page(
        "back_office/data_request.html",
        status_code=status_code,
        found=found,
        form=form or blank(DeclineForm),
        carry_out_form=carry_out_form or blank(CarryOutForm),
        companies=companies or [],
    )


routes = [requests_page, new_request_page, enter_request, request_page, carry_out_request, decline_request]
