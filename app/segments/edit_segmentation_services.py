"""Segmentation services as staff configure them for each application (domain.md 7, 15)."""

from app.applications import Application
from app.audit import record
from app.errors import Conflict
from app.segments.segmentation_services import (
    ConfiguredService,
    ServiceUnknown,
    configure_service,
    services_of,
)
from app.visitor import Visitor
from tables.engine import DB

# Any number that nothing else locks: changes of services wait for each other.
_LOCK = 7_046_217_310_017


async def configured_service(application: Application, service_id: str) -> ConfiguredService:
    """A service as an application uses it now. Raises ServiceUnknown."""
    for one in await services_of(application):
        if one.service.id == service_id:
            return one
    raise ServiceUnknown(service_id)


def version_of_service(configured: ConfiguredService) -> str:
    """What an edit began with: the state itself, since it is short."""
    return f"{configured.is_active} {configured.name}"


async def change_service(
    application: Application,
    service_id: str,
    *,
    name: str,
    is_active: bool,
    version: str,
    visitor: Visitor | None = None,
) -> None:
    """Says what a service is called in an application and whether its segments count there, from the next
    request on.

    Raises ServiceUnknown, and Conflict when it is no longer as it was at `version`.
    """
    async with DB.transaction():
        await DB.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        before = await configured_service(application, service_id)
        if version_of_service(before) != version:
            raise Conflict
        await configure_service(application, service_id, name=name, is_active=is_active)
        of = {"application": application.id, "id": service_id}
        await record(
            "segmentation service changed",
            visitor=visitor,
            before={**of, "name": before.name, "is_active": before.is_active},
            after={**of, "name": name, "is_active": is_active},
        )
