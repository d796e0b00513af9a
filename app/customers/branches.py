"""What lies in a branch of the tree of organisations, as parts of statements (domain.md 11).

The arguments are names of columns and parameters of the statement, never what somebody has typed.
"""


def customer_in_branch(customer: str, branch: str) -> str:
    """Whether the customer belongs to the organisation `branch` or to one below it."""
    return (
        "EXISTS (SELECT FROM customers bc JOIN organisations bo ON bo.id = bc.organisation"
        f" WHERE bc.id = {customer} AND {branch} = ANY(bo.path))"
    )


def person_in_branch(user: str, branch: str) -> str:
    """Whether somebody acts for customers of the branch only: what concerns a person as a whole is not for those
    who see a part of it."""
    of = f'FROM memberships bm WHERE bm."user" = {user}'
    inside = customer_in_branch("bm.customer", branch)
    return f"(EXISTS (SELECT {of}) AND NOT EXISTS (SELECT {of} AND NOT {inside}))"
