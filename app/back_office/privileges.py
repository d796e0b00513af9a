"""Privileges: what a staff member may do in the back office (domain.md 1, 15)."""

from enum import StrEnum

from app.languages import text


class Privilege(StrEnum):
    """One area of the back office; stored with the staff member."""

    CUSTOMERS = "customers"
    SEGMENTS = "segments"
    CATALOG = "catalog"
    PRICES = "prices"
    MARKETING = "marketing"
    ORDERS = "orders"
    CONTRACTS = "contracts"
    ORGANISATIONS = "organisations"
    MAIL = "mail"
    PERSONAL_DATA = "personal_data"
    AUDIT = "audit"
    STAFF = "staff"


# What each is called, in English; translated where it is shown.
NAMES = {
    Privilege.CUSTOMERS: text("Customers"),
    Privilege.SEGMENTS: text("Segments"),
    Privilege.CATALOG: text("Catalog"),
    Privilege.PRICES: text("Price lists"),
    Privilege.MARKETING: text("Promotions and content"),
    Privilege.ORDERS: text("Orders"),
    Privilege.CONTRACTS: text("Contracts of all customers"),
    Privilege.ORGANISATIONS: text("Organisations"),
    Privilege.MAIL: text("Mails"),
    Privilege.PERSONAL_DATA: text("Personal data"),
    Privilege.AUDIT: text("Audit log"),
    Privilege.STAFF: text("Staff members"),
}

ALL_PRIVILEGES: tuple[Privilege, ...] = tuple(Privilege)
