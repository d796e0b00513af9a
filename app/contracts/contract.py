"""A contract: its days, its target, and the price lists and catalog views that it brings (domain.md 12)."""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.applications import application_by_id, application_for_type
from tables.engine import DB


class ContractState(StrEnum):
    """Where a contract stands on a day."""

    FUTURE = "future"
    VALID = "valid"
    ENDED = "ended"


class ContractUnknown(LookupError):
    """There is no such contract (any more)."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A price list or catalog view that a contract brings."""

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """A contract as it is now. Its days are those of `time_zone`, both included; no end means until further
    notice. `target_revenue` is net, in minor units of `currency`, None where there is no target."""

    id: uuid.UUID
    number: str
    name: str
    customer_id: uuid.UUID
    customer_number: str
    customer_name: str
    kind: str
    starts_on: date
    ends_on: date | None
    comment: str
    target_revenue: int | None
    currency: str
    version: int
    time_zone: str
    today: date
    price_lists: tuple[Brought, ...] = field(default=())
    catalog_views: tuple[Brought, ...] = field(default=())

    @property
    def state(self) -> ContractState:
        """Where it stands today."""
        if self.starts_on > self.today:
            return ContractState.FUTURE
        if self.ends_on is not None and self.ends_on < self.today:
            return ContractState.ENDED
        return ContractState.VALID

    @property
    def days_left(self) -> int | None:
        """How many days of it are still to come after today; None without an end, or after it."""
        if self.ends_on is None or self.ends_on < self.today:
            return None
        return (self.ends_on - self.today).days

    @property
    def begins_at(self) -> datetime:
        """Its first moment, in UTC."""
        return _midnight(self.starts_on, self.time_zone)

    @property
    def ends_at(self) -> datetime | None:
        """The first moment after it, in UTC; None without an end."""
        return _midnight(self.ends_on + timedelta(days=1), self.time_zone) if self.ends_on else None


COLUMNS = """
    SELECT k.id, k.number, k.name, k.customer AS customer_id, c.number AS customer_number,
           c.search_name AS customer_name, k.kind, k.starts_on, k.ends_on, k.comment, k.target_revenue,
           k.currency, k.version, c.application, c.customer_type, now() AS at,
           ARRAY(SELECT l.id || ' ' || l.name FROM targets t JOIN price_lists l ON l.id = t.owner
                 WHERE t.contract = k.id AND t.kind = 'price_list' ORDER BY l.name, l.id) AS price_lists,
           ARRAY(SELECT v.id || ' ' || v.name FROM targets t JOIN catalog_views v ON v.id = t.owner
                 WHERE t.contract = k.id AND t.kind = 'catalog_view' ORDER BY v.name, v.id) AS catalog_views
    FROM contracts k JOIN customers c ON c.id = k.customer
"""


async def contract_of_id(contract_id: uuid.UUID) -> Contract:
    """One contract. Raises ContractUnknown."""
    row = await DB.fetch_row(f"{COLUMNS} WHERE k.id = $1", contract_id)
    if row is None:
        raise ContractUnknown(contract_id)
    return contract_of_row(row)


async def contract_of_customer(customer_id: uuid.UUID, contract_id: uuid.UUID) -> Contract | None:
    """A contract of that very customer; None for a missing one as for that of another customer."""
    row = await DB.fetch_row(f"{COLUMNS} WHERE k.customer = $1 AND k.id = $2", customer_id, contract_id)
    return contract_of_row(row) if row is not None else None


async def contracts_of_customer(customer_id: uuid.UUID) -> list[Contract]:
    """The contracts of a customer, those that began last first."""
    rows = await DB.fetch(
        f"{COLUMNS} WHERE k.customer = $1 ORDER BY k.starts_on DESC, k.number LIMIT 500", customer_id
    )
    return [contract_of_row(row) for row in rows]


def contract_of_row(row: dict[str, object]) -> Contract:
    """The contract that a row of COLUMNS describes."""
    found = dict(row)
    time_zone = time_zone_of(str(found.pop("application")), str(found.pop("customer_type")))
    at: datetime = found.pop("at")  # type: ignore[assignment]  # now() of the database
    for name in ("price_lists", "catalog_views"):
        found[name] = tuple(
            Brought(*one.split(" ", 1))
            for one in found[name]  # type: ignore[attr-defined]  # an array
        )
    return Contract(time_zone=time_zone, today=at.astimezone(ZoneInfo(time_zone)).date(), **found)  # type: ignore[arg-type]  # see COLUMNS


def time_zone_of(application_id: str, customer_type: str) -> str:
    """Where days of a customer begin: that of the application where it is at home, else UTC."""
    home = application_by_id(application_id) or application_for_type(customer_type)
    return home.time_zone if home is not None else "UTC"


def _midnight(day: date, time_zone: str) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)
