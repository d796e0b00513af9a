"""Whether approvers decide on their own requisitions: a switch on the company's page; only where customers have
many users (domain.md 10)."""

from typing import Annotated, Any

from litestar import Request, Response, post

from app.account.routes import customer_of
from app.customers.companies import allow_own_requisitions
from app.customers.permissions import Permission, permitted
from app.flash import Flash
from app.forms import Flag, Form, read_form
from app.languages import gettext as _
from app.pages import see
from app.visitor import CurrentVisitor


class OwnRequisitionsForm(Form):
    """The switch."""

    own_requisitions: Annotated[bool, Flag()]


@post(
    "/account/company/own-requisitions",
    name="own_requisitions",
    guards=[permitted(Permission.MANAGE_COMPANY)],
)
async def save_own_requisitions(request: Request[Any, Any, Any], visitor: CurrentVisitor) -> Response[Any]:
    """Lets approvers decide on requisitions of their own, or no longer."""
    form = await read_form(request, OwnRequisitionsForm)
    customer = await customer_of(visitor)
    await allow_own_requisitions(customer.id, form.data.own_requisitions, visitor=visitor)
    if form.data.own_requisitions:
        said = _("Approvers may decide on their own requisitions now.")
    else:
        said = _("Requisitions of approvers are decided on by somebody else.")
    return see(request, "company", flash=Flash(said))


routes = [save_own_requisitions]
