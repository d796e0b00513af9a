"""The tree, the contract and the account manager of the demo shop."""

import pytest

from app.contracts.account_managers import account_managers_of
from app.contracts.contract import ContractState, contracts_of_customer
from app.contracts.progress import progress_of
from app.demo.agreements import CONTRACT_NUMBER
from app.organisations.tree import organisations
from tables.engine import DB

pytestmark = pytest.mark.usefixtures("demo_shop")


async def test_a_small_tree_holds_some_of_the_companies() -> None:
    tree = await organisations()
    assert [(one.name, one.depth) for one in tree] == [
        ("Northwind Europe", 0),
        ("Central Europe", 1),
        ("Northern Europe", 1),
        ("Southern Europe", 1),
    ]
    assert sum(one.customers for one in tree) == 12


async def test_a_company_has_a_contract_that_brings_its_prices_and_somebody_who_looks_after_it() -> None:
    quick = await DB.fetch_value("SELECT id FROM customers WHERE number = 'QUICK'")
    (contract,) = await contracts_of_customer(quick)
    assert (contract.number, contract.state) == (CONTRACT_NUMBER, ContractState.VALID)
    assert [one.name for one in contract.price_lists] == ["QUICK-Stop"]
    assert (await progress_of([contract]))[contract.id].target == 100_000_00
    assert [one.email for one in await account_managers_of(quick)] == ["admin@example.com"]
