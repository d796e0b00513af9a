"""Who is in a custom segment, as parts of statements: whom a row says so of that is in force, and, of segments that
are customer groups, whom an organisation gives the group. That wins over the customer's own groups (domain.md 11).

One rule in the two forms that statements need, side by side so that they stay one, and a third for one customer whose
segments are known: `with_group_of_organisation` (app/segments/audience.py). `{segment}` is a parameter or column of
the statement, never what somebody has typed; SQL speaks of the customer `c`.
"""

IN_FORCE = "(sm.expires_at IS NULL OR sm.expires_at > now())"


def nearest_group(path: str) -> str:
    """The customer group of the organisation with this path, or of the nearest above it that has one; else null."""
    return (
        f"(SELECT above.customer_group FROM organisations above WHERE above.id = ANY({path})"
        " AND above.customer_group <> '' ORDER BY cardinality(above.path) DESC LIMIT 1)"
    )


# The group that the customer's organisation gives; null without any.
GROUP_OF_CUSTOMER = f"(SELECT {nearest_group('co.path')} FROM organisations co WHERE co.id = c.organisation)"


def is_in_segment(segment: str, *, among_all: bool = False) -> str:
    """Whether the customer is in the segment, found out customer by customer: for few customers and many members.

    With `among_all` a statement looks through all customers: which organisations give the group, and which another
    one, is then found out once for all of them.
    """
    is_group = f"EXISTS (SELECT FROM segments g WHERE g.id = {segment} AND g.is_customer_group)"
    own = (
        "EXISTS (SELECT FROM segment_members sm"
        f" WHERE sm.customer = c.id AND sm.segment = {segment} AND {IN_FORCE})"
    )
    given = (
        f"WHEN c.organisation IN ({_organisations_with_group('=', segment)}) THEN true"
        f" WHEN c.organisation IN ({_organisations_with_group('<>', segment)}) THEN false ELSE {own}"
        if among_all
        else f"ELSE coalesce({GROUP_OF_CUSTOMER} = {segment}, {own})"
    )
    return f"(CASE WHEN c.organisation IS NULL OR NOT {is_group} THEN {own} {given} END)"


def is_among_members(segment: str, *, is_group: bool) -> str:
    """The same, found out by reading the members: for many customers and few members.

    `is_group`: the segment is a customer group (`is_customer_group`). Of all others rows say everything, which is
    found much faster.
    """
    own = f"SELECT sm.customer FROM segment_members sm WHERE sm.segment = {segment} AND {IN_FORCE}"
    if not is_group:
        return f"c.id IN ({own})"
    # Of the members only, and not of all customers, it is asked whether their organisation gives them another group.
    own_that_counts = (
        f"SELECT mc.id FROM customers mc WHERE mc.id IN ({own}) AND (mc.organisation IS NULL"
        f" OR mc.organisation NOT IN ({_organisations_with_group('<>', segment)}))"
    )
    given = (
        f"SELECT oc.id FROM customers oc WHERE oc.organisation IN ({_organisations_with_group('=', segment)})"
    )
    return f"c.id IN ({own_that_counts} UNION ALL {given})"


def _organisations_with_group(compared: str, segment: str) -> str:
    return f"SELECT go.id FROM organisations go WHERE {nearest_group('go.path')} {compared} {segment}"
