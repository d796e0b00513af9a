"""Individual customers: exactly one user, who is the customer (domain.md 2)."""

from pathlib import Path

from app.customers.types import CustomerType, Extension
from app.languages import text
from app.registration.forms import RegistrationForm

customer_type = CustomerType(
    id="INDIVIDUAL",
    slug="individual",
    name=text("Individual customer"),
    registration_title=text("Create your account"),
    registration_hint=text("For everybody who shops for themselves."),
    extensions=frozenset({Extension.INDIVIDUAL, Extension.APPROVAL}),
    segment_id="IG_IndividualCustomers",
    segment_name=text("Individual Customers"),
    logs_in_to=("B2CWebShop",),
    registration_form=RegistrationForm,
    folder=Path(__file__).parent,
)
