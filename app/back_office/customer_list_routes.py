"""The list of customers: search, and approving or rejecting many at once."""

from dataclasses import replace
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromQuery

from app.access import staff
from app.back_office.branch import branch_of, numbers_seen
from app.back_office.customer_tabs import name_of_type
from app.back_office.forms import BulkForm, SearchForm
from app.back_office.privileges import Privilege
from app.customers.approval import BulkDecision, approve_pending, reject_pending
from app.customers.search import CustomerSearch, find_customers, is_type_of_customers
from app.customers.types import all_customer_types
from app.errors import told_type_missing
from app.flash import Flash
from app.forms import FilledForm, asked_for, blank, read_form
from app.languages import gettext as _
from app.languages import ngettext, text
from app.links import path_within
from app.pages import Page, see, see_path
from app.segments.custom import names_of_segments
from app.segments.implicit import implicit_segments
from app.visitor import CurrentVisitor, Visitor
from tables import ApprovalStatus

STATUSES = (("active", text("Active")), ("inactive", text("Disabled")))
APPROVALS = (
    (ApprovalStatus.PENDING.value, text("Pending")),
    (ApprovalStatus.APPROVED.value, text("Approved")),
    (ApprovalStatus.REJECTED.value, text("Rejected")),
)


@get("/customers", name="customers", guards=[staff(Privilege.CUSTOMERS)])
async def customers(
    visitor: CurrentVisitor,
    q: FromQuery[str] = "",
    type: FromQuery[str] = "",
    status: FromQuery[str] = "",
    approval: FromQuery[str] = "",
    segment: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Page:
    """Customers that fit the search, 25 on a page."""
    search = replace(await _search(q, type, status, approval, segment), branch=branch_of(visitor))
    return await _list_page(search, page, blank(BulkForm))


@post("/customers/approve", name="approve_customers", guards=[staff(Privilege.CUSTOMERS)])
async def approve_customers(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Approves the ticked customers that are pending."""
    form = await read_form(request, BulkForm)
    if not form.is_valid:
        search = CustomerSearch(approval="pending", branch=branch_of(visitor))
        return await _list_page(search, 1, form, status_code=422)
    done = await approve_pending(await numbers_seen(visitor, form.data.number), visitor=visitor)
    told = ngettext(
        "%(n)s customer is approved and told so by mail.",
        "%(n)s customers are approved and told so by mail.",
        done.decided,
    )
    return _back_to_list(request, visitor, form.data.next, done, told)


@post("/customers/reject", name="reject_customers", guards=[staff(Privilege.CUSTOMERS)])
async def reject_customers(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Rejects the ticked customers that are pending, all with the same comment."""
    form = await read_form(request, BulkForm)
    if not form.is_valid:
        search = CustomerSearch(approval="pending", branch=branch_of(visitor))
        return await _list_page(search, 1, form, status_code=422)
    numbers = await numbers_seen(visitor, form.data.number)
    done = await reject_pending(numbers, comment=form.data.comment, visitor=visitor)
    told = ngettext(
        "%(n)s customer is rejected and told so by mail.",
        "%(n)s customers are rejected and told so by mail.",
        done.decided,
    )
    return _back_to_list(request, visitor, form.data.next, done, told)


def _back_to_list(
    request: Request[Any, Any, Any], visitor: Visitor, wanted: str, done: BulkDecision, told: str
) -> Response[Any]:
    said = [told] if done.decided else []
    if done.left:
        said.append(
            ngettext(
                "%(n)s customer is not pending and stays as it is: %(numbers)s.",
                "%(n)s customers are not pending and stay as they are: %(numbers)s.",
                len(done.left),
                numbers=", ".join(done.left[:10]) + (" …" if len(done.left) > 10 else ""),
            )
        )
    said += [told_type_missing(one) for one in done.missing_types]
    flash = Flash(" ".join(said), "warning" if done.left or done.missing_types else "success")
    path = path_within(visitor.application, wanted)
    return see_path(request, path, flash=flash) if path else see(request, "customers", flash=flash)


async def _list_page(
    search: CustomerSearch, page: int, form: FilledForm[BulkForm], status_code: int = 200
) -> Page:
    filters = {
        "q": search.q,
        "type": search.customer_type,
        "status": search.status,
        "approval": search.approval,
        "segment": search.segment,
    }
    implicit = {one.id for one in implicit_segments()}
    found = await find_customers(search, page)
    types = dict.fromkeys([*all_customer_types(), *filter(None, [search.customer_type])])
    return Page(
        "back_office/customers.html",
        status_code=status_code,
        found=found,
        form=form,
        search=blank(SearchForm, **filters),
        filters=filters,
        any_pending=any(one.approval_status == ApprovalStatus.PENDING for one in found.customers),
        types=[(one, name_of_type(one)) for one in types],
        type_names={
            one: name_of_type(one) for one in types | {one.customer_type: None for one in found.customers}
        },
        statuses=[(value, _(name)) for value, name in STATUSES],
        approvals=[(value, _(name)) for value, name in APPROVALS],
        segments=[(one, name) for one, name in (await names_of_segments()).items() if one not in implicit],
    )


async def _search(q: str, customer_type: str, status: str, approval: str, segment: str) -> CustomerSearch:
    """The search that was asked for; a filter that does not exist filters nothing, and nobody is in a segment
    that does not exist. Customers of a type that is not installed any more are found by it."""
    customer_type = asked_for(customer_type, 40)
    return CustomerSearch(
        q=asked_for(q),
        customer_type=customer_type if await is_type_of_customers(customer_type) else "",
        status=status if status in dict(STATUSES) else "",
        approval=approval if approval in dict(APPROVALS) else "",
        segment=asked_for(segment, 60),
    )


routes = [customers, approve_customers, reject_customers]
