"""Segmentation services in the back office: what each shop calls them, and whether their segments count there."""

from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from app.applications import Application, all_applications
from app.back_office.branch import branch_of_request
from app.back_office.branch_reach import of_whole_shop
from app.back_office.selling_fields import filled_with
from app.back_office.selling_lists import Row, ShownList, list_page
from app.back_office.selling_segments import SEGMENTS
from app.back_office.stale_form import stale_form
from app.errors import Conflict
from app.flash import Flash
from app.forms import FilledForm, Flag, Form, Text, read_form
from app.languages import gettext as _
from app.links import links_of
from app.pages import Page, see
from app.segments.edit_segmentation_services import change_service, configured_service, version_of_service
from app.segments.segmentation_services import ConfiguredService, ServiceUnknown, services_of
from app.visitor import CurrentVisitor


class ServiceForm(Form):
    """A service in one shop."""

    name: Annotated[str, Text(max_length=100)]
    is_active: Annotated[bool, Flag()]
    version: Annotated[str, Text(required=False)]


@get("/segmentation-services", name="segmentation_services", guards=[SEGMENTS])
async def services(visitor: CurrentVisitor) -> Page:
    """All installed services, shop by shop."""
    links = links_of(visitor.application)
    return list_page(
        ShownList(
            route="segmentation_services",
            heading=_("Segmentation services"),
            lead=_(
                "Who says which customers are in which segments. The segments of all active services of a shop"
                " count together; without any, custom segments cannot be chosen as target groups."
            ),
            headings=[_("Name"), _("Id"), _("Shop"), _("Status")],
            rows=[
                Row(
                    href=links.path("segmentation_service", shop=shop.id, service=one.service.id),
                    cells=[_(one.name), one.service.id, shop.name],
                    badge=(_("Active"), "success") if one.is_active else (_("Switched off"), "neutral"),
                )
                for shop in _shops()
                for one in await services_of(shop)
            ],
        )
    )


@get("/segmentation-services/{shop:str}/{service:str}", name="segmentation_service", guards=[SEGMENTS])
async def service(shop: FromPath[str], service: FromPath[str]) -> Page:
    """The form of a service in a shop; 404 where there is none."""
    of, configured = await _stored(shop, service)
    return _page(of, configured, filled_with(ServiceForm, _as_typed(configured)))


@post(
    "/segmentation-services/{shop:str}/{service:str}",
    name="change_segmentation_service",
    guards=[SEGMENTS, of_whole_shop],
)
async def change(
    request: Request[Any, Any, Any], visitor: CurrentVisitor, shop: FromPath[str], service: FromPath[str]
) -> Response[Any]:
    """Changes a service in a shop."""
    of, configured = await _stored(shop, service)
    form = await read_form(request, ServiceForm)
    if not form.is_valid:
        return _page(of, configured, form, 422)
    data = form.data
    # Unless it was changed the name stays the service's own, which every reader sees in their language.
    name = configured.name if data.name == _(configured.name) else data.name
    try:
        await change_service(
            of, service, name=name, is_active=data.is_active, version=data.version, visitor=visitor
        )
    except Conflict:
        of, configured = await _stored(shop, service)
        return _page(of, configured, stale_form(ServiceForm, form, _as_typed(configured)), 409)
    return see(request, "segmentation_services", flash=Flash(_("The segmentation service is changed.")))


def _shops() -> list[Application]:
    return [one for one in all_applications() if not one.is_back_office]


async def _stored(shop: str, service: str) -> tuple[Application, ConfiguredService]:
    of = next((one for one in _shops() if one.id == shop), None)
    if of is None:
        raise NotFoundException
    try:
        return of, await configured_service(of, service)
    except ServiceUnknown:
        raise NotFoundException from None


def _as_typed(configured: ConfiguredService) -> dict[str, str]:
    return {
        "name": _(configured.name),
        "is_active": "on" if configured.is_active else "",
        "version": version_of_service(configured),
    }


def _page(
    of: Application, configured: ConfiguredService, form: FilledForm[ServiceForm], status_code: int = 200
) -> Page:
    return Page(
        "back_office/selling/segmentation.html",
        status_code=status_code,
        form=form,
        of=of,
        service=configured.service.id,
        may_change=branch_of_request() is None,
        name=_(configured.name),
    )


routes = [services, service, change]
