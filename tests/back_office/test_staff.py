"""Adding staff members (`patron staff add`)."""

import pytest

from app.back_office.privileges import ALL_PRIVILEGES
from app.back_office.staff import StaffMemberRefused, add_staff_member
from tables import StaffMember, User
from tests.browser_like import mails, patron, visit

pytestmark = pytest.mark.usefixtures("database")

ANNA = {
    "email": "anna@example.com",
    "login": "anna",
    "first_name": "Anna",
    "last_name": "Admin",
}


@pytest.fixture(autouse=True)
def _the_addresses_are_known() -> None:
    patron()


async def test_a_staff_member_chooses_a_password_by_mail_and_signs_in() -> None:
    await add_staff_member(**ANNA)
    (mail,) = await mails()
    assert (mail.kind, mail.to) == ("staff_welcome", "anna@example.com")
    assert mail.link.startswith("http://localhost:8000/back-office/reset-password?token=")
    person = await visit("back-office")
    page = await person.get(mail.link)
    await person.fill(page, {"password": "a desk with a green lamp"})
    page = await person.sign_in("anna", "a desk with a green lamp")
    assert page.h1 == "Work list"


async def test_a_staff_member_with_a_password_needs_no_mail() -> None:
    await add_staff_member(**ANNA, password="a desk with a green lamp")
    assert await mails() == []
    page = await (await visit("back-office")).sign_in("anna", "a desk with a green lamp")
    assert page.h1 == "Work list"


async def test_a_staff_member_has_all_privileges_unless_said_otherwise() -> None:
    await add_staff_member(**ANNA)
    await add_staff_member(**{**ANNA, "login": "other", "email": "o@example.com"}, privileges=["mail"])
    found = await StaffMember.objects().order_by(StaffMember.created_at)
    assert [set(one.privileges) for one in found] == [set(ALL_PRIVILEGES), {"mail"}]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"login": "ANNA"}, "The login ANNA is taken."),
        ({"login": "x", "email": "nonsense"}, "nonsense is no e-mail address."),
        ({"login": " "}, "The login must not be empty."),
        ({"login": "x", "privileges": ["everything"]}, "There is no privilege everything."),
        ({"login": "x", "password": "short"}, "Please use at least 15 characters."),
        ({"login": "x", "password": "Anna Admin Anna Admin"}, "Please do not use your name"),
    ],
)
async def test_what_is_wrong_is_told_in_a_sentence(changes: dict[str, object], sentence: str) -> None:
    await add_staff_member(**ANNA)
    with pytest.raises(StaffMemberRefused, match=sentence):
        await add_staff_member(**{**ANNA, **changes})  # type: ignore[arg-type]  # names of the parameters
    assert await User.count() == 1
    assert await StaffMember.count() == 1


async def test_adding_is_in_the_audit_log() -> None:
    await add_staff_member(**ANNA)
    from tables.engine import DB

    assert await DB.fetch_value("SELECT action FROM audit_entries") == "staff member added"
