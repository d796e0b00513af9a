"""What is checked and kept of companies: taxation ids by country, phone numbers, permissions (domain.md 6, 10)."""

import pytest

from app.customers.permissions import BUILT_IN_ROLES, Permission, permissions_of
from app.customers.phones import Phone, normalised_phone
from app.customers.taxation_ids import kept_taxation_id, taxation_id_problem
from app.customers.types import all_customer_types
from app.forms import Invalid


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("DE136695976", "DE"),
        ("de 136 695 976", "DE"),
        ("136695976", "DE"),
        ("ATU13585627", "AT"),
        ("ATU13585627", "DE"),
        ("EL094259216", "GR"),
        ("CHE-107.787.577 IVA", "CH"),
        ("GB980780684", "GB"),
        ("DE136695976", ""),
        # No rules are known for these: letters and digits will do.
        ("12-3456789", "US"),
        ("1234567", ""),
    ],
)
def test_a_taxation_id_of_the_right_form_is_accepted(typed, country):
    assert taxation_id_problem(typed, country) is None


@pytest.mark.parametrize(
    ("typed", "country"),
    [("DE12", "DE"), ("DE136695977", "DE"), ("nonsense", "DE"), ("FR00", ""), ("!?", "US"), ("12", "")],
)
def test_a_taxation_id_of_the_wrong_form_is_refused(typed, country):
    assert taxation_id_problem(typed, country) is not None


def test_a_taxation_id_is_kept_compact_with_the_country_it_was_checked_for():
    assert kept_taxation_id("de 136.695.976", "AT") == ("DE136695976", "DE")
    assert kept_taxation_id("12-3456789", "US") == ("123456789", "US")
    assert kept_taxation_id("", "DE") == ("", "")


def test_phone_numbers_are_kept_in_the_international_spelling():
    assert normalised_phone("030 1234567", "DE") == "+49 30 1234567"
    assert normalised_phone("+43 1 5123456", "DE") == "+43 1 5123456"


def test_a_phone_number_that_no_plan_knows_is_kept_as_typed():
    assert normalised_phone("030-0074321  (office)", "XX") == "030-0074321 (office)"


@pytest.mark.parametrize("typed", ["??", "12", "call me\n123", "<script>123</script>"])
def test_what_nobody_could_dial_is_refused(typed):
    with pytest.raises(Invalid):
        Phone().value(typed)


def test_permissions_come_from_all_roles_of_a_user():
    smb = all_customer_types()["SMB"]
    assert permissions_of(smb, ["buyer", "viewer"]) == {Permission.PURCHASE}
    assert permissions_of(smb, ["account_administrator"]) == frozenset(Permission)
    assert permissions_of(smb, ["unknown"]) == frozenset()
    assert BUILT_IN_ROLES["viewer"] == frozenset()


def test_the_single_user_of_an_individual_may_everything():
    assert permissions_of(all_customer_types()["INDIVIDUAL"], []) == frozenset(Permission)
