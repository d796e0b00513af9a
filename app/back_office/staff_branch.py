"""Limiting a staff member to a branch of the tree of organisations (domain.md 11)."""

import uuid

from app.audit import record
from app.back_office.all_privileges import keeping_one_with_all_privileges
from app.back_office.branch import branch_of
from app.back_office.staff_access import locked_staff_member
from app.visitor import Visitor
from tables.engine import DB


class OutsideOwnBranch(Exception):
    """Nobody lets others see more than they see themselves."""


async def limit_to_branch(
    member_id: uuid.UUID, organisation: uuid.UUID | None, *, version: str, visitor: Visitor
) -> bool:
    """Lets a staff member see the customers of a branch only, from their next request on; None for all customers.
    False where it was so already.

    Who is limited to a branch can choose from it only. Raises StaffMemberMissing, Conflict (somebody was faster
    than `version`), OutsideOwnBranch, LastWithAllPrivileges.
    """
    async with DB.transaction():
        member = await locked_staff_member(member_id, version)
        if not await _may_choose(organisation, visitor):
            raise OutsideOwnBranch
        if member.organisation == organisation:
            return False
        async with keeping_one_with_all_privileges(member.user_id):
            await DB.execute(
                "UPDATE staff_members SET organisation = $2 WHERE id = $1", member_id, organisation
            )
        await record(
            "staff member limited to organisation",
            visitor=visitor,
            user_id=member.user_id,
            before={"organisation": member.organisation_name},
            after={"organisation": await _name(organisation)},
        )
    return True


async def begin_in_own_branch(user_id: uuid.UUID, visitor: Visitor) -> None:
    """Limits a new staff member like the one who adds them, in the current transaction."""
    branch = branch_of(visitor)
    if branch is not None:
        await DB.execute('UPDATE staff_members SET organisation = $2 WHERE "user" = $1', user_id, branch)


async def _may_choose(organisation: uuid.UUID | None, visitor: Visitor) -> bool:
    branch = branch_of(visitor)
    if organisation is None:
        return branch is None
    return bool(
        await DB.fetch_value(
            "SELECT true FROM organisations WHERE id = $1 AND ($2::uuid IS NULL OR $2 = ANY(path)) FOR KEY SHARE",
            organisation,
            branch,
        )
    )


async def _name(organisation: uuid.UUID | None) -> str:
    return await DB.fetch_value("SELECT name FROM organisations WHERE id = $1", organisation) or ""
