"""The customers of a segment in the back office: search, assign, remove, and why somebody is in it."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery

from app.back_office.branch import branch_of, numbers_seen
from app.back_office.selling_lists import SearchForm, page_asked_for
from app.back_office.selling_segment_tabs import segment_page, stored_segment
from app.back_office.selling_segments import SEGMENTS
from app.flash import Flash
from app.forms import FilledForm, Form, Several, Text, asked_for, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext, text
from app.pages import Page, see
from app.segments.members import ON_A_PAGE, assign, members_of, remove, why_in
from app.visitor import CurrentVisitor, Visitor
from tables.engine import DB

ORIGINS = {
    "hand": text("assigned by hand"),
    "import": text("imported"),
    "rule": text("found by the rule"),
    "push": text("delivered by a service"),
    "organisation": text("customer group of its organisation"),
}


class AssignForm(Form):
    """Customers to put into the segment, by number."""

    numbers: Annotated[str, Text(multiline=True, max_length=50_000)]


class RemoveForm(Form):
    """Ticked customers to take out, by number."""

    number: Annotated[list[str], Several(required=True)]


@get("/segments/{segment_id:str}/customers", name="segment_members", guards=[SEGMENTS])
async def segment_members(
    visitor: CurrentVisitor, segment_id: FromPath[str], q: FromQuery[str] = "", page: FromQuery[int] = 1
) -> Page:
    """The members that fit the search."""
    return await _page(visitor, segment_id, blank(AssignForm), q=q, page=page)


@post("/segments/{segment_id:str}/customers/assign", name="assign_to_segment", guards=[SEGMENTS])
async def assign_customers(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, segment_id: FromPath[str]
) -> Response[Any]:
    """Puts customers into the segment; with an unknown number nobody."""
    await stored_segment(segment_id)
    form = await read_form(request, AssignForm)
    if not form.is_valid:
        return await _page(visitor, segment_id, form, status_code=422)
    numbers = list(dict.fromkeys(form.data.numbers.replace(",", " ").replace(";", " ").split()))
    seen = await numbers_seen(visitor, numbers)
    rows = await DB.fetch("SELECT id, number FROM customers WHERE number = ANY($1::text[])", seen)
    unknown = [one for one in numbers if one not in {row["number"] for row in rows}]
    if unknown:
        told = _("There is no customer %(numbers)s.", numbers=", ".join(unknown[:10]))
        form.add_error("numbers", told)
        return await _page(visitor, segment_id, form, status_code=422)
    count = await assign(segment_id, [row["id"] for row in rows], visitor=visitor)
    told = ngettext("%(n)s customer is put into it.", "%(n)s customers are put into it.", count)
    return see(request, "segment_members", segment_id=segment_id, flash=Flash(told))


@post("/segments/{segment_id:str}/customers/remove", name="remove_from_segment", guards=[SEGMENTS])
async def remove_customers(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, segment_id: FromPath[str]
) -> Response[Any]:
    """Takes the ticked customers out; whom the rule finds or a service delivers stays in."""
    await stored_segment(segment_id)
    form = await read_form(request, RemoveForm)
    if not form.is_valid:
        told = _("Please tick the customers that you want to take out.")
        return see(request, "segment_members", segment_id=segment_id, flash=Flash(told, "warning"))
    seen = await numbers_seen(visitor, form.data.number)
    rows = await DB.fetch("SELECT id FROM customers WHERE number = ANY($1::text[])", seen)
    count = await remove(segment_id, [row["id"] for row in rows], visitor=visitor)
    told = ngettext("%(n)s customer is taken out.", "%(n)s customers are taken out.", count)
    return see(
        request, "segment_members", segment_id=segment_id, flash=Flash(told, "success" if count else "info")
    )


@get("/segments/{segment_id:str}/customers/{number:str}", name="why_in_segment", guards=[SEGMENTS])
async def why(segment_id: FromPath[str], number: FromPath[str]) -> Page:
    """Why a customer is in the segment; 404 where it is not."""
    of = await stored_segment(segment_id)
    row = await DB.fetch_row("SELECT id, number, search_name FROM customers WHERE number = $1", number)
    reasons = await why_in(row["id"], segment_id) if row is not None else []
    if row is None or not reasons:
        raise NotFoundException
    return Page("back_office/selling/why_in_segment.html", of=of, customer=row, reasons=reasons)


async def _page(
    visitor: Visitor,
    segment_id: str,
    form: FilledForm[AssignForm],
    *,
    q: str = "",
    page: int = 1,
    status_code: int = 200,
) -> Page:
    of, wanted, number = await stored_segment(segment_id), asked_for(q), page_asked_for(page)
    found = await members_of(segment_id, wanted, number, branch_of(visitor))
    return segment_page(
        "segment_members.html",
        "segment_members",
        of,
        visitor,
        status_code=status_code,
        form=form,
        members=[(one, ", ".join(_(ORIGINS.get(origin, origin)) for origin in one.origins)) for one in found],
        search=blank(SearchForm, q=wanted),
        q=wanted,
        page=number,
        pages=number + (len(found) == ON_A_PAGE),
    )


routes = [segment_members, assign_customers, remove_customers, why]
