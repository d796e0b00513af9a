"""The list of customers: search, pages, and deciding on many at once."""

import pytest

from app.customers.search import PER_PAGE
from app.segments.custom import create_segment
from app.segments.members import assign
from tables.engine import DB
from tests import people
from tests.browser_like import Person, mails

pytestmark = pytest.mark.usefixtures("database")


async def company_with(email: str, name: str, **fields: str) -> people.Known:
    known = await people.company(email, company_name=name)
    for field, value in fields.items():
        await DB.execute(f"UPDATE companies SET {field} = $1 WHERE customer = $2", value, known.customer_id)
    return known


@pytest.mark.parametrize(
    "q",
    [
        "ALF-1",
        "alf-1",
        "futter",
        "FUTTERKISTE",
        "  alfreds   futterkiste ",
        "Zweigstelle",
        "maria@ALFKI.example",
        "alfki.ex",
        "maria anders",
        "DE136695976",
        "de 136 695 976",
        "136.695",
    ],
)
async def test_search_finds_number_name_e_mail_company_and_taxation_id(staff: Person, q: str) -> None:
    found = await company_with(
        "maria@alfki.example",
        "Alfreds Futterkiste",
        taxation_id="DE 136695976",
        company_name_2="Zweigstelle Süd",
    )
    await DB.execute("UPDATE customers SET number = 'ALF-1' WHERE id = $1", found.customer_id)
    await people.shopper("ines@example.com", first_name="Ines", last_name="Blum")
    page = await staff.get(f"/customers?q={q}")
    assert "1 customer found" in page.main
    assert "Alfreds Futterkiste" in page.main
    assert "Ines Blum" not in page.main


@pytest.mark.parametrize("q", ["%25", "_", "\\", "'", "🙂", "nobody", "x" * 300, "a%27%20OR%201=1--"])
async def test_signs_in_a_search_stand_for_themselves(staff: Person, q: str) -> None:
    await people.company()
    page = await staff.get(f"/customers?q={q}")
    assert page.status == 200
    assert "No customer fits this search." in page.main


async def test_what_no_database_stores_finds_nothing_and_breaks_nothing(staff: Person) -> None:
    await people.company()
    page = await staff.get("/customers?q=zzz%00%1b%ff")
    assert "No customer fits this search." in page.main
    assert (await staff.get("/customers/%00")).status == 404
    assert (await staff.get("/audit?action=zzz%00&customer=zzz%00")).status == 200


async def test_filters_by_type_status_and_approval(staff: Person) -> None:
    await people.shopper("i@example.com", first_name="Ines", last_name="Blum")
    await people.company("a@a.example", company_name="Active Ltd")
    await people.company("d@d.example", company_name="Disabled Ltd", customer_is_active=False)
    await people.pending_company("p@p.example", company_name="Pending Ltd")
    names = {"Ines Blum", "Active Ltd", "Disabled Ltd", "Pending Ltd"}

    async def shown(query: str) -> set[str]:
        page = await staff.get(f"/customers?{query}")
        return {name for name in names if name in page.main}

    assert await shown("") == names
    assert await shown("type=INDIVIDUAL") == {"Ines Blum"}
    assert await shown("status=inactive") == {"Disabled Ltd"}
    assert await shown("status=active&type=SMB") == {"Active Ltd", "Pending Ltd"}
    assert await shown("approval=pending") == {"Pending Ltd"}
    assert await shown("approval=pending&q=active") == set()
    assert await shown("type=nonsense&status=nonsense&approval=nonsense") == names


async def test_a_search_keeps_what_was_typed(staff: Person) -> None:
    page = await staff.get("/customers?q=futter&type=SMB&status=active&approval=approved")
    form = page.form(with_field="q")
    assert form.find(".//input[@name='q']").get("value") == "futter"
    chosen = {one.getparent().get("name"): one.get("value") for one in form.iterfind(".//option[@selected]")}
    assert chosen == {"type": "SMB", "status": "active", "approval": "approved"}


async def test_the_list_has_pages_of_25(staff: Person) -> None:
    for n in range(PER_PAGE + 5):
        await people.company(f"c{n}@n.example", company_name=f"Company {n:02}")
    first = await staff.get("/customers?type=SMB")
    assert "30 customers found" in first.main
    assert "Company 29" in first.main
    assert "Company 04" not in first.main
    second = await staff.get(next(one for one in first.links if "page=2" in one))
    assert "Company 04" in second.main
    assert "Company 29" not in second.main
    # Beyond the last page stands the last one.
    assert "Company 04" in (await staff.get("/customers?page=99999999999")).main
    assert "Company 29" in (await staff.get("/customers?page=-3")).main
    assert (await staff.get("/customers?page=x")).status == 400


async def test_pending_customers_are_listed_the_longest_waiting_first(staff: Person) -> None:
    for n in range(3):
        await people.pending_company(f"{n}@n.example", company_name=f"Company {n}")
    await DB.execute(
        "UPDATE approval_requests SET opened_at = now() - interval '9 days' WHERE customer ="
        " (SELECT id FROM customers WHERE search_name = 'Company 2')"
    )
    text = (await staff.get("/customers?approval=pending")).main
    assert text.index("Company 2") < text.index("Company 0") < text.index("Company 1")


async def test_staff_approve_many_at_once(staff: Person) -> None:
    known = [await people.pending_company(f"{n}@n.example") for n in range(3)]
    await staff.get("/customers?approval=pending")
    page = await staff.post("/customers/approve", {"number": [one.number for one in known[:2]]})
    assert page.status == 200
    assert "2 customers are approved and told so by mail." in page.main
    assert sorted(one.to for one in await mails("approved")) == ["0@n.example", "1@n.example"]
    assert "1 customer found" in (await staff.get("/customers?approval=pending")).main


async def test_staff_reject_many_at_once_with_one_comment(staff: Person) -> None:
    known = [await people.pending_company(f"{n}@n.example") for n in range(2)]
    fields = {"number": [one.number for one in known], "comment": "We deliver to restaurants only."}
    page = await staff.post("/customers/reject", fields)
    assert "2 customers are rejected and told so by mail." in page.main
    assert all("We deliver to restaurants only." in one.text for one in await mails("rejected"))
    assert len(await mails("rejected")) == 2


async def test_bulk_actions_tell_which_customers_were_not_pending(staff: Person) -> None:
    pending = await people.pending_company()
    approved = await people.company()
    page = await staff.post("/customers/reject", {"number": [pending.number, approved.number]})
    assert "1 customer is rejected and told so by mail." in page.main
    assert f"1 customer is not pending and stays as it is: {approved.number}." in page.main
    statuses = await DB.fetch("SELECT number, approval_status FROM customers")
    assert {row["number"]: row["approval_status"] for row in statuses} == {
        pending.number: "rejected",
        approved.number: "approved",
    }


async def test_bulk_actions_need_a_choice_and_keep_the_comment(staff: Person) -> None:
    await people.pending_company()
    page = await staff.post("/customers/reject", {"comment": "Sorry"})
    assert page.status == 422
    assert page.errors == {"number": "Please choose at least one."}
    assert "Sorry" in page.html


async def test_bulk_actions_lead_back_to_the_list_and_nowhere_else(staff: Person) -> None:
    known = [await people.pending_company(f"{n}@n.example") for n in range(2)]
    fields = {"number": known[0].number, "next": "/back-office/customers?approval=pending"}
    assert (await staff.post("/customers/approve", fields)).path == fields["next"]
    fields = {"number": known[1].number, "next": "//evil.example"}
    assert (await staff.post("/customers/approve", fields)).path == "/back-office/customers"


async def test_the_form_of_the_list_posts_the_ticked_customers(staff: Person) -> None:
    known = await people.pending_company()
    page = await staff.get("/customers")
    page = await staff.fill(page, {"number": known.number}, form="number")
    assert "1 customer is approved" in page.main


async def test_customers_are_found_by_their_segment(staff: Person) -> None:
    gold, _other = await people.company(), await people.company("o@o.example", company_name="Other")
    await create_segment("GOLD", "Gold")
    await assign("GOLD", [gold.customer_id])
    page = await staff.get("/customers?segment=GOLD")
    assert gold.number in page.main
    assert "Other" not in page.main
    assert page.typed("segment") == "GOLD"
    await DB.execute("UPDATE segment_members SET expires_at = now()")
    for segment in ("GOLD", "NOPE"):
        assert gold.number not in (await staff.get(f"/customers?segment={segment}")).main
    assert (await staff.get("/customers?segment=%00")).status == 200
