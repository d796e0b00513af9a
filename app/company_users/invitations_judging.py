"""Whether an invitation still gives no more than its inviter has (domain.md 10).

So it is asked when somebody accepts it, and for the list of those that were sent. The inviter may have left, or
have lost or been limited in what they granted since.
"""

from collections.abc import Collection, Mapping
from typing import Any

from app.company_users.granting import grants
from app.company_users.roles import Role
from app.customers.limits import Limits, limits_of


def inviter_still_grants(row: Mapping[str, Any], roles: Collection[Role]) -> bool:
    """Whether the inviter may act, may invite and has what is given, limits included.

    `row` has what the invitation gives as its columns are called, and the inviter's with `inviter_` before;
    `roles` are those of the company.
    """
    own = {name: row[f"inviter_{name}"] for name in Limits.__slots__}
    return bool(row["inviter_is_active"]) and grants(
        roles,
        row["inviter_roles"] or (),
        Limits(**own),
        row["roles"],
        limits_of(row),
    )
