"""Standing in: an approver lets a colleague approve in their place for some days (domain.md 10)."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.audit import record
from app.customers.emails import canonical_email
from app.customers.permissions import Permission, permissions_of, visitor_may
from app.customers.types import customer_type_of
from app.languages import gettext as _
from app.mail.people import name_of_person
from app.requisitions.mails import mail_stand_in
from app.requisitions.requisition import account_in_group
from app.visitor import Visitor
from tables.engine import DB


class StandInRefused(ValueError):
    """Nobody can stand in like that; the message says why. `field` is where it was typed."""

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A colleague who approves in somebody's place, from the first to the last day in the shop's time zone."""

    user_id: uuid.UUID
    name: str
    email: str
    first_day: date
    last_day: date
    is_over: bool


_STAND_IN = """
    SELECT coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name, u.email,
           u.id AS user_id, m.stand_in_from, m.stand_in_until, m.stand_in_until <= now() AS is_over
    FROM memberships m JOIN memberships s ON s.id = m.stand_in AND s.customer = m.customer
    JOIN users u ON u.id = s."user"
    WHERE m.id = $1 AND m.stand_in_from IS NOT NULL AND m.stand_in_until IS NOT NULL
"""
_COLLEAGUES = """
    SELECT m.id, m."user" AS user_id, u.email, u.login, u.first_name, u.last_name, u.preferred_language
    FROM memberships m JOIN users u ON u.id = m."user"
    WHERE m.customer = $1 AND m.is_active AND u.is_active AND (u.email_canonical = $2 OR u.login_canonical = $2)
    ORDER BY m.id LIMIT 2
"""
_APPOINT = """
    UPDATE memberships SET stand_in = $2, stand_in_from = $3, stand_in_until = $4, version = version + 1
    WHERE id = $1
"""


def may_appoint(visitor: Visitor) -> bool:
    """Whether the person approves by their own roles: who stands in cannot hand it on."""
    account = visitor.account
    if account is None or not visitor.is_signed_in or not account.customer_type:
        return False
    own = permissions_of(customer_type_of(account.customer_type), account.roles, account.own_roles)
    # Who looks at the shop as another role sees no more than that role does.
    return Permission.APPROVE in own and visitor_may(visitor, Permission.APPROVE)


async def stand_in_of(visitor: Visitor) -> StandIn | None:
    """Who stands in for the person, or will, or did; None for nobody."""
    row = await DB.fetch_row(_STAND_IN, account_in_group(visitor).membership_id)
    if row is None:
        return None
    zone = ZoneInfo(visitor.application.time_zone)
    return StandIn(
        user_id=row["user_id"],
        name=row["name"],
        email=row["email"],
        first_day=row["stand_in_from"].astimezone(zone).date(),
        last_day=row["stand_in_until"].astimezone(zone).date() - timedelta(days=1),
        is_over=row["is_over"],
    )


async def appoint_stand_in(visitor: Visitor, email: str, first_day: date, last_day: date) -> str:
    """Lets a colleague stand in, from the first to the last day, both included, and mails them; their name.

    A day that is over counts as today. Somebody who stood in before does so no longer. Raises StandInRefused.
    """
    account = account_in_group(visitor)
    zone = ZoneInfo(visitor.application.time_zone)
    if last_day < first_day:
        raise StandInRefused(_("The last day is before the first one."), "last_day")
    async with DB.transaction():
        today = (await DB.fetch_value("SELECT now()")).astimezone(zone).date()
        if last_day < today:
            raise StandInRefused(_("This day is over already."), "last_day")
        if last_day > today + timedelta(days=2 * 366):
            raise StandInRefused(_("Please choose a day within the next two years."), "last_day")
        found = await DB.fetch(_COLLEAGUES, account.customer_id, canonical_email(email))
        if not found:
            raise StandInRefused(_("Nobody in your company has this e-mail address."), "email")
        if len(found) > 1:
            raise StandInRefused(
                _("Several colleagues have this e-mail; please enter the user name."), "email"
            )
        if found[0]["user_id"] == account.user_id:
            raise StandInRefused(_("You cannot stand in for yourself."), "email")
        await DB.execute(
            _APPOINT,
            account.membership_id,
            found[0]["id"],
            _midnight(max(first_day, today), zone),
            _midnight(last_day + timedelta(days=1), zone),
        )
        await record(
            "stand-in appointed",
            visitor=visitor,
            user_id=found[0]["user_id"],
            customer_id=account.customer_id,
            after={"from": first_day.isoformat(), "until": last_day.isoformat()},
        )
        await mail_stand_in(found[0], visitor.application, account, max(first_day, today), last_day)
    return name_of_person(found[0])


async def end_stand_in(visitor: Visitor) -> bool:
    """Takes it back: nobody stands in for the person any more. False where nobody did."""
    account = account_in_group(visitor)
    async with DB.transaction():
        before = await stand_in_of(visitor)
        if before is None:
            return False
        await DB.execute(_APPOINT, account.membership_id, None, None, None)
        await record(
            "stand-in ended",
            visitor=visitor,
            user_id=before.user_id,
            customer_id=account.customer_id,
            before={
                "from": before.first_day.isoformat(),
                "until": before.last_day.isoformat(),
            },
        )
    return True


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
