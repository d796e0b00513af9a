"""Looking at the shop as another role: an administrator sees what somebody with that role sees (domain.md 10).

Nobody may more by it, and nothing is changed meanwhile, so that nobody places an order or edits something while
they believe that they only look.
"""

from app.access import NotPermitted, OnlyLooking
from app.company_users.roles import Role, roles_of
from app.links import links_of
from app.visitor import Visitor
from tables.engine import DB

# What can still be sent: each of these ends the looking.
_ENDS_IT = ("stop_looking", "sign_out", "switch_customer")


async def look_as(visitor: Visitor, role_id: str) -> Role | None:
    """Lets the visitor see the shop as this role of their company from the next request on, in this session.

    The role, or None for one that the company has not.
    """
    if visitor.account is None or visitor.session is None:
        raise NotPermitted
    role = next((one for one in await roles_of(visitor.account.customer_id) if one.id == role_id), None)
    if role is not None:
        await DB.execute("UPDATE sessions SET view_as_role = $2 WHERE id = $1", visitor.session.id, role.id)
    return role


async def stop_looking(visitor: Visitor) -> None:
    """Lets the visitor see the shop as themself again."""
    if visitor.session is not None:
        await DB.execute("UPDATE sessions SET view_as_role = '' WHERE id = $1", visitor.session.id)


def refuse_while_looking(visitor: Visitor, path: str) -> None:
    """Asked of every changing request before its route. `path` includes the application's prefix.

    Raises OnlyLooking.
    """
    account = visitor.account
    if account is None or not visitor.is_signed_in or not account.view_as_role:
        return
    links = links_of(visitor.application)
    if path not in {links.path(name) for name in _ENDS_IT}:
        raise OnlyLooking
