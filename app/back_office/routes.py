"""The work list, the mail outbox and the audit log; and all routes of the back office together."""

import uuid
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery, QueryParameter

from app.access import signed_in, staff
from app.back_office import (
    contract_routes,
    customer_contract_routes,
    customer_list_routes,
    customer_routes,
    customer_tab_routes,
    customer_user_routes,
    data_request_routes,
    merge_routes,
    move_user_routes,
    new_customer_routes,
    newsletter_routes,
    organisation_routes,
    staff_routes,
)
from app.back_office.audit_list import PER_PAGE as AUDIT_PER_PAGE
from app.back_office.audit_list import audit_lines, audited_actions
from app.back_office.branch import branch_of
from app.back_office.contract_access import only_of, sees_contracts
from app.back_office.forms import AuditForm
from app.back_office.outbox_list import PER_PAGE as MAILS_PER_PAGE
from app.back_office.outbox_list import STATES, State, mails, send_again
from app.back_office.privileges import Privilege
from app.back_office.work_list import work_list
from app.flash import Flash
from app.forms import asked_for, blank
from app.languages import gettext as _
from app.pages import Page, see
from app.visitor import CurrentVisitor


# Every staff member has a work list; it shows what their privileges let them do something about.
@get("/", name="home", guards=[signed_in])
async def home(visitor: CurrentVisitor) -> Page:
    """What waits for staff."""
    return Page(
        "back_office/work_list.html",
        work=await work_list(branch_of(visitor), only_of(visitor)),
        sees_contracts=sees_contracts(visitor),
        may={privilege.value: visitor.may(privilege) for privilege in Privilege},
    )


@get("/mail", name="outbox", guards=[staff(Privilege.MAIL)])
async def outbox(
    visitor: CurrentVisitor,
    wanted: Annotated[str, QueryParameter(name="state")] = "",
    before: FromQuery[uuid.UUID | None] = None,
) -> Page:
    """Mails that wait, were sent or given up."""
    chosen: State = next((one for one in STATES if one == wanted), "failed")
    found = await mails(chosen, before, branch_of(visitor))
    return Page(
        "back_office/outbox.html",
        state=chosen,
        mails=found[:MAILS_PER_PAGE],
        older_than=found[MAILS_PER_PAGE - 1].id if len(found) > MAILS_PER_PAGE else None,
    )


@post("/mail/{mail_id:uuid}/retry", name="retry_mail", guards=[staff(Privilege.MAIL)])
async def retry(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, mail_id: FromPath[uuid.UUID]
) -> Response[Any]:
    """Sends a given-up mail again; 404 when it is none."""
    if not await send_again(mail_id, visitor):
        raise NotFoundException
    return see(request, "outbox", state="waiting", flash=Flash(_("The mail is tried again now.")))


@get("/audit", name="audit", guards=[staff(Privilege.AUDIT)])
async def audit(
    visitor: CurrentVisitor,
    action: FromQuery[str] = "",
    customer: FromQuery[str] = "",
    before: FromQuery[uuid.UUID | None] = None,
) -> Page:
    """The audit log, the newest entries first."""
    filters = {"action": asked_for(action, 60), "customer": asked_for(customer, 40)}
    found = await audit_lines(
        action=filters["action"],
        customer_number=filters["customer"],
        before=before,
        branch=branch_of(visitor),
    )
    return Page(
        "back_office/audit.html",
        entries=found[:AUDIT_PER_PAGE],
        older_than=found[AUDIT_PER_PAGE - 1].id if len(found) > AUDIT_PER_PAGE else None,
        actions=[(one, _(one)) for one in await audited_actions()],
        search=blank(AuditForm, **filters),
        filters=filters,
    )


routes: list[Any] = [
    home,
    outbox,
    retry,
    audit,
    *contract_routes.routes,
    *organisation_routes.routes,
    *customer_contract_routes.routes,
    *customer_list_routes.routes,
    *new_customer_routes.routes,
    *customer_routes.routes,
    *data_request_routes.routes,
    *newsletter_routes.routes,
    *customer_user_routes.routes,
    *move_user_routes.routes,
    *merge_routes.routes,
    *customer_tab_routes.routes,
    *staff_routes.routes,
]
