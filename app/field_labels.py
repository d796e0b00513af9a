"""What fields are called where their label does not stand beside them: in the summary of a form's errors."""

from app.languages import text

FIELD_LABELS = {
    "title": text("Title"),
    "first_name": text("First name"),
    "last_name": text("Last name"),
    "birthday": text("Birthday"),
    "phone": text("Phone"),
    "fax": text("Fax"),
    "preferred_language": text("Preferred language"),
    "department": text("Department"),
    "position": text("Position"),
    "business_partner_number": text("Business partner number"),
    "preferred_payment": text("Preferred payment"),
    "email": text("E-mail"),
    "password": text("Password"),
    "company_name": text("Company name"),
    "company_name_2": text("Second company name"),
    "taxation_id": text("Taxation id"),
    "industry": text("Industry"),
    "description": text("Description"),
    "street": text("Street and number"),
    "street_2": text("Floor, building or care of"),
    "postal_code": text("Postal code"),
    "city": text("City"),
    "region": text("Region"),
    "country": text("Country"),
}
# Of groups of fields that are those of an address.
PREFIXES = ("address_", "billing_", "shipping_")


def field_label(name: str) -> str:
    """The English label of a field, "" for one whose messages speak for themselves (a checkbox, a type's own)."""
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return FIELD_LABELS.get(name, "")
