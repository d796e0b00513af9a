"""What staff members may do, and who says so (domain.md 15).

Nobody grants more than they have, nobody takes their own right to look after the staff members, and somebody with
all privileges always stays (app/back_office/all_privileges.py).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit import record
from app.back_office.all_privileges import keeping_one_with_all_privileges, lock_staff_access
from app.back_office.privileges import ALL_PRIVILEGES, Privilege
from app.errors import Conflict
from app.sign_in.password_mails import send_password_mail
from app.sign_in.sessions import end_sessions_of
from app.visitor import Visitor
from tables.engine import DB


class StaffMemberMissing(LookupError):
    """There is no such staff member."""


class OwnAccess(Exception):
    """Nobody disables themselves or takes their own right to look after the staff members."""


class DisabledEverywhere(Exception):
    """The person is disabled as a user of a customer too, and is let in again there."""


class MoreThanOwn(Exception):
    """Nobody grants more than they have; `privileges` are those that were too many."""

    def __init__(self, privileges: Iterable[str]) -> None:
        self.privileges = sorted(privileges)
        super().__init__(", ".join(self.privileges))


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStaffMember:
    """A staff member as colleagues see them. Times are UTC."""

    id: uuid.UUID
    user_id: uuid.UUID
    name: str
    login: str
    email: str
    privileges: frozenset[str]
    is_active: bool
    has_second_factor: bool
    last_signed_in_at: datetime | None
    # The branch of the tree outside of which they see no customers; None and "" for who sees all.
    organisation: uuid.UUID | None
    organisation_name: str

    @property
    def has_all_privileges(self) -> bool:
        """Whether nothing of the back office is closed to them."""
        return self.privileges.issuperset(ALL_PRIVILEGES) and self.organisation is None

    @property
    def version(self) -> str:
        """What an edit began with: the state itself, since it is short."""
        return " ".join((str(self.is_active), str(self.organisation), *sorted(self.privileges)))


_MEMBERS = """
    SELECT s.id, u.id AS user_id, coalesce(nullif(trim(u.first_name || ' ' || u.last_name), ''), u.login) AS name,
           u.login, u.email, s.privileges, s.is_active AND u.is_active AS is_active, u.last_signed_in_at,
           EXISTS (SELECT FROM second_factors f WHERE f."user" = u.id AND f.confirmed_at IS NOT NULL)
               AS has_second_factor,
           o.id AS organisation, coalesce(o.name, '') AS organisation_name
    FROM staff_members s JOIN users u ON u.id = s."user" LEFT JOIN organisations o ON o.id = s.organisation
"""


async def staff_members(branch: uuid.UUID | None = None) -> list[KnownStaffMember]:
    """All staff members, or those who are limited to a branch, by name; the disabled ones last."""
    where = "WHERE $1::uuid IS NULL OR $1 = ANY(o.path)"
    rows = await DB.fetch(f"{_MEMBERS} {where} ORDER BY is_active DESC, name, s.id", branch)
    return [_known(row) for row in rows]


async def staff_member(member_id: uuid.UUID) -> KnownStaffMember:
    """One staff member. Raises StaffMemberMissing."""
    row = await DB.fetch_row(f"{_MEMBERS} WHERE s.id = $1", member_id)
    if row is None:
        raise StaffMemberMissing(str(member_id))
    return _known(row)


def refuse_more_than_own(privileges: Iterable[str], visitor: Visitor) -> None:
    """Raises MoreThanOwn where somebody grants what they may not do themselves."""
    too_many = [one for one in privileges if not visitor.may(one)]
    if too_many:
        raise MoreThanOwn(too_many)


async def change_privileges(
    member_id: uuid.UUID, privileges: Iterable[str], *, version: str, visitor: Visitor
) -> bool:
    """Says what a staff member may do from their next request on; False when it was so already.

    Whoever loses something is signed out. Raises StaffMemberMissing, Conflict (somebody was faster than
    `version`), MoreThanOwn, OwnAccess, LastWithAllPrivileges.
    """
    wanted = frozenset(privileges) & frozenset(ALL_PRIVILEGES)
    async with DB.transaction():
        member = await locked_staff_member(member_id, version)
        added, taken = wanted - member.privileges, member.privileges - wanted
        refuse_more_than_own(added, visitor)
        if _is_own(member, visitor) and Privilege.STAFF in taken:
            raise OwnAccess
        if not added and not taken:
            return False
        async with keeping_one_with_all_privileges(member.user_id):
            await DB.execute(
                "UPDATE staff_members SET privileges = $2 WHERE id = $1",
                member_id,
                [one.value for one in ALL_PRIVILEGES if one in wanted],
            )
        if taken and not _is_own(member, visitor):
            await end_sessions_of(member.user_id)
        await record(
            "privileges changed",
            visitor=visitor,
            user_id=member.user_id,
            before={"privileges": sorted(member.privileges)},
            after={"privileges": sorted(wanted)},
        )
    return True


async def disable_staff_member(member_id: uuid.UUID, *, version: str, visitor: Visitor) -> None:
    """Keeps a staff member out of the back office from now on, and signs them out.

    Raises StaffMemberMissing, Conflict, OwnAccess, LastWithAllPrivileges.
    """
    async with DB.transaction():
        member = await locked_staff_member(member_id, version)
        if _is_own(member, visitor):
            raise OwnAccess
        async with keeping_one_with_all_privileges(member.user_id):
            await DB.execute("UPDATE staff_members SET is_active = false WHERE id = $1", member_id)
        await end_sessions_of(member.user_id)
        await _note_switch(member, "staff member disabled", visitor, to=False)


async def enable_staff_member(member_id: uuid.UUID, *, version: str, visitor: Visitor) -> None:
    """Lets a staff member in again; a mail asks to choose a password (domain.md 5, trigger 2).

    Nobody brings back privileges that they do not have. Raises StaffMemberMissing, Conflict, MoreThanOwn,
    DisabledEverywhere.
    """
    async with DB.transaction():
        member = await locked_staff_member(member_id, version)
        refuse_more_than_own(member.privileges, visitor)
        if not await DB.fetch_value("SELECT is_active FROM users WHERE id = $1", member.user_id):
            raise DisabledEverywhere
        await DB.execute("UPDATE staff_members SET is_active = true WHERE id = $1", member_id)
        await send_password_mail(member.user_id, "enabled")
        await _note_switch(member, "staff member enabled", visitor, to=True)


async def mail_password_link(member_id: uuid.UUID, *, visitor: Visitor) -> bool:
    """Mails an active staff member a link to choose a password; False for a disabled one.

    Raises StaffMemberMissing.
    """
    async with DB.transaction():
        member = await staff_member(member_id)
        if not member.is_active or not await send_password_mail(member.user_id, "staff"):
            return False
        await record("password mail sent", visitor=visitor, user_id=member.user_id)
    return True


async def locked_staff_member(member_id: uuid.UUID, version: str) -> KnownStaffMember:
    """A staff member whose access nobody else changes until the current transaction ends. Raises
    StaffMemberMissing, Conflict."""
    await lock_staff_access()
    member = await staff_member(member_id)
    if member.version != version:
        raise Conflict
    return member


async def _note_switch(member: KnownStaffMember, action: str, visitor: Visitor, *, to: bool) -> None:
    await record(
        action,
        visitor=visitor,
        user_id=member.user_id,
        before={"is_active": member.is_active},
        after={"is_active": to},
    )


def _is_own(member: KnownStaffMember, visitor: Visitor) -> bool:
    return visitor.account is not None and visitor.account.user_id == member.user_id


def _known(row: dict[str, Any]) -> KnownStaffMember:
    return KnownStaffMember(**{**row, "privileges": frozenset(row["privileges"])})
