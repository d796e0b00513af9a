"""What binds companies of the demo shop: a small tree of organisations, a contract, an account manager."""

from datetime import date, datetime

from app.contracts.account_managers import add_account_manager
from app.contracts.edit_contract import ContractDetails, create_contract
from app.demo.prices import CONTRACT_COMPANY, CONTRACT_LIST
from app.demo.segments import SILVER
from app.organisations.tree import create_organisation, organisations, put_customer_into
from tables.engine import DB

CONTRACT_NUMBER = "QUICK-1"
EUROPE = "Northwind Europe"
# Name, customer group, and the companies in it by their numbers: all below the root.
REGIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Central Europe", "", ("ALFKI", "QUICK", "ERNSH", "FRANK", "LEHMS")),
    ("Northern Europe", SILVER, ("BERGS", "FOLKO", "VAFFE", "SIMOB")),
    ("Southern Europe", "", ("ROMEY", "REGGC", "FRANS")),
)


async def add_organisations() -> int:
    """Adds the tree with its companies, in the current transaction, unless there is any; how many nodes."""
    if await organisations():
        return 0
    root = await create_organisation(EUROPE, kind="Region")
    for name, group, companies in REGIONS:
        node = await create_organisation(name, kind="Branch", parent=root, customer_group=group)
        for row in await DB.fetch("SELECT id FROM customers WHERE number = ANY($1::text[])", list(companies)):
            await put_customer_into(row["id"], node)
    return 1 + len(REGIONS)


async def add_contract(now: datetime, staff_login: str) -> int:
    """Adds the contract, which brings the price list that was agreed on, and who looks after it, in the current
    transaction; how many contracts that were."""
    of = await DB.fetch_value("SELECT id FROM customers WHERE number = $1", CONTRACT_COMPANY)
    if of is None or await DB.fetch_value(
        "SELECT EXISTS (SELECT FROM contracts WHERE number = $1)", CONTRACT_NUMBER
    ):
        return 0
    details = ContractDetails(
        number=CONTRACT_NUMBER,
        name="QUICK-Stop frame contract",
        starts_on=date(now.year, 1, 1),
        ends_on=date(now.year + 1, 12, 31),
        target_revenue=100_000_00,
        comment="Agreed on with Horst Kloss: fixed prices for ten products.",
        price_lists=[CONTRACT_LIST],
    )
    await create_contract(of, details)
    manager = await DB.fetch_value(
        'SELECT s.id FROM staff_members s JOIN users u ON u.id = s."user" WHERE u.login_canonical = $1',
        staff_login,
    )
    if manager is not None:
        await add_account_manager(of, manager)
    return 1
