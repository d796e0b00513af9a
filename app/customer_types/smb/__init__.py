"""Small and medium businesses: a company with zero, one or many users (domain.md 2)."""

from pathlib import Path

from app.customers.types import CustomerType, Extension
from app.languages import text
from app.registration.forms import CompanyRegistrationForm

customer_type = CustomerType(
    id="SMB",
    slug="smb",
    name=text("Business customer"),
    registration_title=text("Register your company"),
    registration_hint=text("For companies whose people buy together."),
    extensions=frozenset({Extension.GROUP, Extension.COMPANY, Extension.APPROVAL}),
    segment_id="IG_SMBCustomers",
    segment_name=text("SMB Customers"),
    logs_in_to=("SMBWebShop",),
    registration_form=CompanyRegistrationForm,
    approval_by_default=True,
    price_display="net",
    folder=Path(__file__).parent,
)
