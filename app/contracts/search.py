"""The list of contracts as staff see it (domain.md 12)."""

import uuid
from dataclasses import dataclass

from app.contracts.contract import COLUMNS, Contract, contract_of_row
from tables.engine import DB

ON_A_PAGE = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSearch:
    """What is looked for. `state` is "" for all, else future, valid, ending (within 30 days) or ended."""

    q: str = ""
    state: str = ""
    customer_id: uuid.UUID | None = None
    # Only contracts of customers that this user looks after as account manager; None for all.
    managed_by: uuid.UUID | None = None
    # Only contracts of customers in this branch of the tree; None for all (domain.md 11).
    branch: uuid.UUID | None = None


@dataclass(frozen=True, slots=True)
class FoundContracts:
    """A page of contracts, and how many there are in all."""

    contracts: list[Contract]
    count: int


# The list shows what stands where by the day of UTC: an hour more or less does not matter in a filter.
_STATES = {
    "future": "k.starts_on > current_date",
    "valid": "k.starts_on <= current_date AND (k.ends_on IS NULL OR k.ends_on >= current_date)",
    "ending": "k.starts_on <= current_date AND k.ends_on BETWEEN current_date AND current_date + 30",
    "ended": "k.ends_on < current_date",
}
_WHERE = """
    WHERE ($1 = '' OR k.number ILIKE $2 OR k.name ILIKE $2 OR c.number ILIKE $2 OR c.search_name ILIKE $2)
      AND ($3::uuid IS NULL OR k.customer = $3)
      AND ($4::uuid IS NULL OR EXISTS (SELECT FROM account_managers m JOIN staff_members s ON s.id = m.staff_member
                                       WHERE m.customer = k.customer AND s."user" = $4))
      AND ($5::uuid IS NULL OR EXISTS (SELECT FROM organisations o
                                       WHERE o.id = c.organisation AND $5 = ANY(o.path)))
"""


async def find_contracts(search: ContractSearch, page: int = 1) -> FoundContracts:
    """Contracts that fit, those that end first before those without end; ON_A_PAGE on a page."""
    where = f"{_WHERE} AND {_STATES.get(search.state, 'true')}"  # one of the constants above
    literal = search.q.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    values = (search.q, f"%{literal}%", search.customer_id, search.managed_by, search.branch)
    count = await DB.fetch_value(
        f"SELECT count(*) FROM contracts k JOIN customers c ON c.id = k.customer {where}", *values
    )
    rows = await DB.fetch(
        f"{COLUMNS} {where} ORDER BY k.ends_on NULLS LAST, k.number LIMIT $6 OFFSET $7",
        *values,
        ON_A_PAGE,
        (max(page, 1) - 1) * ON_A_PAGE,
    )
    return FoundContracts([contract_of_row(row) for row in rows], count)
