"""Customers that are probably one and the same: same taxation id, same name but for spelling and legal form, or
people with e-mails of the same domain, public mail hosts left out.

Each look-up has an index of its own, so that it takes no longer among a million customers.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.customers.mail_domains import PUBLIC_MAIL_HOSTS
from tables.engine import DB

ON_A_PAGE = 25
# Of one customer, and of one group in the list.
AT_MOST = 10


class Likeness(StrEnum):
    """What two customers have in common."""

    TAXATION_ID = "taxation_id"
    NAME = "name"
    DOMAIN = "domain"


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyDuplicate:
    """A customer that is like another one. `value` is what both have."""

    number: str
    name: str
    is_active: bool
    likeness: Likeness
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LikeCustomers:
    """Customers that have something in common, at most `AT_MOST` of them."""

    value: str
    customers: tuple[LikelyDuplicate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuplicatesFound:
    """A page of groups; `after` is where the next one begins, "" on the last."""

    groups: tuple[LikeCustomers, ...]
    after: str


# As the indexes companies_by_name_key and users_by_email_domain have them. The name without legal forms, signs and
# blanks, with umlauts and their transcriptions made the same.
NAME_KEY = (
    "regexp_replace(regexp_replace(regexp_replace(translate(lower(company_name), 'äöüßéèêáàçñøå',"
    " 'aouseeeaacnoa'), '([aou])e', '\\1', 'g'),"
    " '\\m(gmbh|mbh|ag|kg|ohg|ug|gbr|se|ltd|limited|inc|llc|co|company|sa|sas|sarl|srl|spa|bv|nv|plc|und|and|et)\\M',"
    " '', 'g'), '[^[:alnum:]]', '', 'g')"
)
_DOMAIN = "split_part(email_canonical, '@', 2)"
_SEEN = """($2::uuid IS NULL OR EXISTS (
    SELECT FROM organisations o WHERE o.id = c.organisation AND $2 = ANY(o.path)))"""
_CUSTOMER = "c.number, coalesce(nullif(c.search_name, ''), c.number) AS name, c.is_active"
_LIKE_TAXATION_ID = f"""
    SELECT {_CUSTOMER}, 'taxation_id' AS likeness, o.taxation_id AS value
    FROM companies o JOIN customers c ON c.id = o.customer
    WHERE o.taxation_id <> '' AND o.customer <> $1 AND {_SEEN}
      AND o.taxation_id = (SELECT taxation_id FROM companies WHERE customer = $1)
    ORDER BY c.number LIMIT {AT_MOST}
"""
_LIKE_NAME = f"""
    SELECT {_CUSTOMER}, 'name' AS likeness, o.company_name AS value
    FROM companies o JOIN customers c ON c.id = o.customer
    WHERE {NAME_KEY} <> '' AND o.customer <> $1 AND {_SEEN}
      AND {NAME_KEY} = (SELECT {NAME_KEY} FROM companies WHERE customer = $1)
    ORDER BY c.number LIMIT {AT_MOST}
"""
_DOMAINS_OF = f"""
    SELECT DISTINCT {_DOMAIN} FROM (
        SELECT "user" FROM memberships WHERE customer = $1 ORDER BY is_active DESC, id LIMIT 200) m
    JOIN users u ON u.id = m."user" WHERE NOT {_DOMAIN} = ANY($3::text[])
"""
_LIKE_DOMAIN = f"""
    SELECT DISTINCT ON (c.number) {_CUSTOMER}, 'domain' AS likeness, {_DOMAIN} AS value
    FROM users u JOIN memberships m ON m."user" = u.id JOIN customers c ON c.id = m.customer
    JOIN companies o ON o.customer = c.id
    WHERE {_DOMAIN} = ANY(ARRAY({_DOMAINS_OF})) AND {_DOMAIN} <> '' AND m.customer <> $1 AND {_SEEN}
    ORDER BY c.number LIMIT {AT_MOST}
"""
_LIKE = f"({_LIKE_TAXATION_ID}) UNION ALL ({_LIKE_NAME}) UNION ALL ({_LIKE_DOMAIN})"
# A page of values that more than one customer has, in the order of the index.
_GROUPS = {
    Likeness.TAXATION_ID: """
        SELECT taxation_id AS value FROM companies WHERE taxation_id <> '' AND taxation_id > $1
        GROUP BY taxation_id HAVING count(*) > 1 ORDER BY taxation_id LIMIT $2
    """,
    Likeness.NAME: f"""
        SELECT {NAME_KEY} AS value FROM companies WHERE {NAME_KEY} > $1
        GROUP BY {NAME_KEY} HAVING count(*) > 1 ORDER BY {NAME_KEY} LIMIT $2
    """,
    Likeness.DOMAIN: f"""
        SELECT d.value FROM (
            SELECT {_DOMAIN} AS value FROM users WHERE {_DOMAIN} > $1 AND NOT {_DOMAIN} = ANY($3::text[])
            GROUP BY {_DOMAIN} HAVING count(*) > 1 ORDER BY {_DOMAIN}) d
        WHERE (SELECT count(*) FROM (
                   SELECT DISTINCT m.customer FROM users u JOIN memberships m ON m."user" = u.id
                   JOIN companies o ON o.customer = m.customer WHERE {_DOMAIN} = d.value LIMIT 2) two) = 2
        ORDER BY d.value LIMIT $2
    """,
}
_IN_GROUPS = {
    Likeness.TAXATION_ID: "companies o WHERE o.taxation_id <> '' AND o.taxation_id = ANY($1::text[])",
    Likeness.NAME: f"companies o WHERE {NAME_KEY} = ANY($1::text[])",
    Likeness.DOMAIN: f"""
        (SELECT DISTINCT m.customer, {_DOMAIN} AS value FROM users u JOIN memberships m ON m."user" = u.id
         JOIN companies i ON i.customer = m.customer WHERE {_DOMAIN} = ANY($1::text[])) o WHERE true
    """,
}
_VALUES = {
    Likeness.TAXATION_ID: "o.taxation_id",
    Likeness.NAME: NAME_KEY,
    Likeness.DOMAIN: "o.value",
}


async def likely_duplicates_of(
    customer_id: uuid.UUID, branch: uuid.UUID | None = None
) -> list[LikelyDuplicate]:
    """Customers that are probably this one, the surest first; `branch` leaves out those outside of it. One query."""
    found = await DB.fetch(_LIKE, customer_id, branch, sorted(PUBLIC_MAIL_HOSTS))
    by_number: dict[str, LikelyDuplicate] = {}
    surest_first = [one.value for one in Likeness]
    for row in sorted(found, key=lambda one: surest_first.index(one["likeness"])):
        by_number.setdefault(row["number"], _duplicate(row))
    return list(by_number.values())[:AT_MOST]


async def likely_duplicates(
    likeness: Likeness, after: str = "", branch: uuid.UUID | None = None
) -> DuplicatesFound:
    """A page of customers that have something in common, by what they have; two queries."""
    hosts = [sorted(PUBLIC_MAIL_HOSTS)] if likeness is Likeness.DOMAIN else []
    values = [row["value"] for row in await DB.fetch(_GROUPS[likeness], after, ON_A_PAGE + 1, *hosts)]
    shown = values[:ON_A_PAGE]
    rows = await DB.fetch(
        # Only constants of this module are put in.
        f"SELECT * FROM (SELECT {_CUSTOMER}, '{likeness.value}' AS likeness, l.value,"
        " row_number() OVER (PARTITION BY l.value ORDER BY c.number) AS place"
        f" FROM (SELECT o.customer, {_VALUES[likeness]} AS value FROM {_IN_GROUPS[likeness]}) l"
        f" JOIN customers c ON c.id = l.customer WHERE {_SEEN}) numbered"
        f" WHERE place <= {AT_MOST} ORDER BY value, number",
        shown,
        branch,
    )
    groups = _grouped(shown, [_duplicate(row) for row in rows])
    return DuplicatesFound(groups=groups, after=shown[-1] if len(values) > ON_A_PAGE else "")


def _grouped(values: Sequence[str], found: Sequence[LikelyDuplicate]) -> tuple[LikeCustomers, ...]:
    groups = (
        LikeCustomers(value=value, customers=tuple(one for one in found if one.value == value))
        for value in values
    )
    # Of a group outside of the staff member's branch nothing, or one customer, is left.
    return tuple(one for one in groups if len(one.customers) > 1)


def _duplicate(row: dict[str, object]) -> LikelyDuplicate:
    return LikelyDuplicate(
        number=str(row["number"]),
        name=str(row["name"]),
        is_active=bool(row["is_active"]),
        likeness=Likeness(str(row["likeness"])),
        value=str(row["value"]),
    )
