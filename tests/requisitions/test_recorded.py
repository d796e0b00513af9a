"""What the company's history tells of requisitions: in words and amounts of the reader, not of the program."""

import pytest

from tests.browser_like import Person
from tests.requisitions.asking import ask, company, id_of

pytestmark = pytest.mark.usefixtures("database")


async def history_after_an_approval(language: str) -> str:
    """A buyer has asked for two teas, and the approver has approved: what an administrator reads of it."""
    theirs = await company()
    requisition = id_of(await ask(await theirs.buyer.signed_in()))
    approver: Person = await theirs.approver.signed_in()
    page = await approver.get(f"/account/requisitions/{requisition}")
    await approver.fill(page, {}, form="review")
    admin = await theirs.admin.signed_in()
    await admin.post("/language", {"language": language})
    return (await admin.get("/account/users/history")).main


async def test_the_history_tells_of_a_requisition_in_words() -> None:
    history = await history_after_an_approval("en")
    assert "Status: Waits for approval → Approved" in history
    assert "Beyond the limits: limit for each order" in history
    assert "Total excl. VAT: €25.00" in history
    for raw in ("state:", "exceeds:", "net_total", "2500"):
        assert raw not in history


async def test_the_history_speaks_german() -> None:
    history = await history_after_an_approval(language="de")
    assert "Status: Wartet auf Freigabe → Freigegeben" in history
    assert "Über den Ausgabengrenzen: Grenze je Bestellung" in history
    assert "Summe ohne MwSt.: 25,00 €" in history
