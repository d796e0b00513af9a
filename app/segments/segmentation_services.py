"""Segmentation services: who says which customers are in which custom segments (domain.md 7).

A service is configured for each application: a name, and whether it is active. The segments of all active
services count together. Every service keeps its members in the table of members under its own id, so that a
request learns the union by its first query, whatever services there are.

The shop's own tables are the standard one. Others come as installed packages with an entry point in the group
`patron.segmentation_services` that names an object of this form; they may find members at sign-in, or get them
pushed (app/segments/push.py).
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points
from typing import Protocol, runtime_checkable

import structlog

from app.applications import Application, all_applications
from app.languages import text
from app.segments.rule_members import are_there_rules, update_rule_segments_of
from tables.engine import DB
from tables.keys import new_key

log = structlog.get_logger()

ENTRY_POINT_GROUP = "patron.segmentation_services"
STANDARD = "standard"


class ServiceUnknown(LookupError):
    """No such segmentation service is installed."""


@runtime_checkable
class SegmentationService(Protocol):
    """What a segmentation service is."""

    @property
    def id(self) -> str:
        """What is stored with each member."""

    @property
    def name(self) -> str:
        """What it is called unless an application calls it otherwise: an English text, also the localisation key."""

    async def update(self, customer_id: uuid.UUID) -> None:
        """Brings the members that this service keeps up to date for one customer, in the current transaction.

        Called at sign-in and when something that may decide segments has changed. A service whose members are
        pushed has nothing to do.
        """


@dataclass(frozen=True, slots=True)
class StandardService:
    """The shop's own segments: by hand, by import and by rule."""

    id: str = STANDARD
    name: str = text("Segments of the shop")

    async def update(self, customer_id: uuid.UUID) -> None:
        """Finds out anew which rules hold for the customer."""
        await update_rule_segments_of(customer_id)


@dataclass(frozen=True, slots=True)
class ConfiguredService:
    """A service as one application is configured to use it."""

    service: SegmentationService
    name: str
    is_active: bool


@cache
def all_services() -> Mapping[str, SegmentationService]:
    """All services by id: the standard one, then installed ones sorted by name. Raises TypeError for what is none."""
    found: dict[str, SegmentationService] = {STANDARD: StandardService()}
    for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda one: one.name):
        service = point.load()
        if not isinstance(service, SegmentationService) or service.id in found:
            raise TypeError(f"{point.value} is no segmentation service, or another one has its id.")
        found[service.id] = service
    return found


async def services_of(application: Application) -> list[ConfiguredService]:
    """All installed services as an application uses them; only the standard one is active unless it says so."""
    rows = await DB.fetch(
        "SELECT service, name, is_active FROM segmentation_services WHERE application = $1", application.id
    )
    configured = {row["service"]: row for row in rows}
    return [
        ConfiguredService(
            service=service,
            name=configured[key]["name"] if key in configured else service.name,
            is_active=configured[key]["is_active"] if key in configured else key == STANDARD,
        )
        for key, service in all_services().items()
    ]


async def configure_service(application: Application, service_id: str, *, name: str, is_active: bool) -> None:
    """Says what a service is called in an application and whether its segments count there.

    What visitors see follows at their next request. Raises ServiceUnknown.
    """
    if service_id not in all_services():
        raise ServiceUnknown(service_id)
    await DB.execute(
        "INSERT INTO segmentation_services (id, application, service, name, is_active) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (application, service) DO UPDATE SET name = excluded.name, is_active = excluded.is_active",
        new_key(),
        application.id,
        service_id,
        name,
        is_active,
    )


async def is_any_service_active() -> bool:
    """Whether any shop listens to a service: without one, custom segments cannot be chosen as target groups."""
    shops = [one for one in all_applications() if not one.is_back_office]
    for shop in shops:
        if any(one.is_active for one in await services_of(shop)):
            return True
    return False


async def can_segments_change(versions: Mapping[str, int]) -> bool:
    """Whether `update_segments_of` has anything to find out at these versions (`visitor.versions`): a rule of the
    shop, or a service of others."""
    return len(all_services()) > 1 or await are_there_rules(versions)


async def update_segments_of(customer_id: uuid.UUID) -> None:
    """Brings a customer's segments up to date in all services, in the transaction of the caller if there is one.

    Called at sign-in and whenever something has changed that a rule may ask for (domain.md 7). A service that
    fails leaves its members as they were, and keeps nobody from signing in.
    """
    for service in all_services().values():
        if service.id == STANDARD:
            await service.update(customer_id)
            continue
        try:
            async with DB.transaction():
                await service.update(customer_id)
        except Exception:
            log.exception("segmentation service failed", service=service.id, customer=str(customer_id))
