"""Customers, their users and what ties them together (domain.md 1, 2, 6)."""

from enum import StrEnum

from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Date,
    ForeignKey,
    Integer,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.columns.base import OnDelete
from piccolo.constraints import Unique
from piccolo.table import Table

from tables.keys import new_key
from tables.organisations import Organisation


class ApprovalStatus(StrEnum):
    """Where a customer stands in approval; never back to pending except by a corrected application."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class User(Table, tablename="users"):
    """A person with a login."""

    id = UUID(primary_key=True, default=new_key)
    login = Varchar(length=320)
    # Comparison ignores case and Unicode form (domain.md 3), so the rule stands on a column of its own. Unique by
    # an index of a migration: `unique` here would let whoever names a user wait while the login changes.
    login_canonical = Varchar(length=400)
    email = Varchar(length=320)
    email_canonical = Varchar(length=400, index=True)
    email_verified_at = Timestamptz(null=True, default=None)
    password_hash = Varchar(length=200, null=True, default=None)
    password_changed_at = Timestamptz(null=True, default=None)
    title = Varchar(length=40, default="")
    first_name = Varchar(length=100, default="")
    last_name = Varchar(length=100, default="")
    birthday = Date(null=True, default=None)
    phone = Varchar(length=40, default="")
    fax = Varchar(length=40, default="")
    preferred_language = Varchar(length=10, default="en")
    is_active = Boolean(default=True)
    # Raised on password change, reset, disable and role loss: sessions of an older epoch are over.
    session_epoch = Integer(default=0)
    last_signed_in_at = Timestamptz(null=True, default=None)
    # "net" or "gross" when the person has chosen; "" follows the customer type (domain.md 8).
    price_display = Varchar(length=5, default="")
    attributes = JSONB(default="{}")
    # When the person asked to be deleted and nothing that names them was kept (domain.md 13).
    anonymised_at = Timestamptz(null=True, default=None)
    version = Integer(default=1)
    created_at = Timestamptz()


class Customer(Table, tablename="customers"):
    """A buying entity and a container for users."""

    id = UUID(primary_key=True, default=new_key)
    # Unique as a user's `login_canonical` is: staff may change it.
    number = Varchar(length=40)
    customer_type = Varchar(length=40, index=True)
    approval_status = Varchar(length=10, choices=ApprovalStatus, default=ApprovalStatus.APPROVED, index=True)
    is_active = Boolean(default=True)
    # The application where the customer registered: mails link there.
    application = Varchar(length=40, default="")
    # What an individual calls itself or the company name, kept for search and lists only.
    search_name = Text(default="")
    attributes = JSONB(default="{}")
    # Segments New and Recurring (domain.md 7): the first order, and the first sign-in after it.
    first_order_at = Timestamptz(null=True, default=None)
    recurring_since = Timestamptz(null=True, default=None)
    # Where a business customer belongs in the tree of organisations, if it does.
    organisation = ForeignKey(Organisation, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    version = Integer(default=1)
    created_at = Timestamptz()


class Company(Table, tablename="companies"):
    """What the extension CompanyCustomer keeps of a customer."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, unique=True)
    company_name = Varchar(length=200)
    company_name_2 = Varchar(length=200, default="")
    taxation_id = Varchar(length=40, default="")
    taxation_id_country = Varchar(length=2, default="")
    # What an outside check said of the taxation id, and when: "" while nobody was asked.
    taxation_id_result = Varchar(length=20, default="")
    taxation_id_checked_at = Timestamptz(null=True, default=None)
    industry = Varchar(length=80, default="")
    description = Text(default="")
    # People with a verified e-mail of this domain may ask to join; "" for nobody.
    join_domain = Varchar(length=253, default="", index=True)
    # Whether an approver may approve requisitions of their own (domain.md 10).
    approves_own_requisitions = Boolean(default=False)


class BudgetPeriod(StrEnum):
    """For which time a budget counts, in the shop's time zone."""

    NONE = ""
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half_year"
    YEAR = "year"


class Membership(Table, tablename="memberships"):
    """Ties one user to one customer."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    roles = Array(base_column=Varchar(length=60), default=list)
    is_active = Boolean(default=True)
    department = Varchar(length=100, default="")
    position = Varchar(length=100, default="")
    business_partner_number = Varchar(length=60, default="")
    # Minor units, net, in the currency of the application; empty means unlimited (domain.md 10).
    order_limit = BigInt(null=True, default=None)
    budget_amount = BigInt(null=True, default=None)
    budget_period = Varchar(length=10, default="", choices=BudgetPeriod)
    # Who approves in this approver's place, and for which time.
    stand_in: "ForeignKey[Membership]" = ForeignKey(
        "self", null=True, default=None, on_delete=OnDelete.set_null, index=True
    )
    stand_in_from = Timestamptz(null=True, default=None)
    stand_in_until = Timestamptz(null=True, default=None)
    # The id of a way of payment; "" while the person prefers none. The checkout begins with it.
    preferred_payment = Varchar(length=60, default="")
    # Ids of addresses that the person prefers to those that the customer prefers. Without foreign keys: they count
    # while the person may use the address, wherever they are moved and whatever is merged or brought back.
    preferred_billing = UUID(null=True, default=None)
    preferred_shipping = UUID(null=True, default=None)
    version = Integer(default=1)
    created_at = Timestamptz()

    one_membership_per_customer = Unique([user, customer])


class Address(Table, tablename="addresses"):
    """An address of a customer; personal when it names a membership, else shared."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    membership = ForeignKey(Membership, null=True, default=None, on_delete=OnDelete.cascade, index=True)
    company_name = Varchar(length=200, default="")
    first_name = Varchar(length=100, default="")
    last_name = Varchar(length=100, default="")
    street = Varchar(length=200)
    street_2 = Varchar(length=200, default="")
    postal_code = Varchar(length=20, default="")
    city = Varchar(length=100, default="")
    region = Varchar(length=100, default="")
    country = Varchar(length=2)
    phone = Varchar(length=40, default="")
    is_preferred_billing = Boolean(default=False)
    is_preferred_shipping = Boolean(default=False)
    version = Integer(default=1)
    created_at = Timestamptz()


class ApprovalRequest(Table, tablename="approval_requests"):
    """One application of a customer to be admitted; a corrected application opens a new one."""

    id = UUID(primary_key=True, default=new_key)
    customer = ForeignKey(Customer, null=False, on_delete=OnDelete.cascade, index=True)
    opened_at = Timestamptz()
    decided_at = Timestamptz(null=True, default=None)
    decision = Varchar(length=10, null=True, default=None, choices=ApprovalStatus)
    decided_by = ForeignKey(User, null=True, default=None, on_delete=OnDelete.set_null, index=True)
    comment = Text(default="")


class ConsentKind(StrEnum):
    """What a person agrees to."""

    TERMS = "terms"
    PRIVACY = "privacy"
    NEWSLETTER = "newsletter"


class Consent(Table, tablename="consents"):
    """History of what a person agreed to or took back; the newest row of a kind counts."""

    id = UUID(primary_key=True, default=new_key)
    user = ForeignKey(User, null=False, on_delete=OnDelete.cascade, index=True)
    kind = Varchar(length=20, choices=ConsentKind)
    is_given = Boolean()
    document_version = Varchar(length=40, default="")
    application = Varchar(length=40, default="")
    # What the links in newsletters name that end it; null where no newsletter is wanted. Random, unlike the id.
    unsubscribe_key = UUID(null=True, default=None)
    recorded_at = Timestamptz()


class NumberSeries(Table, tablename="number_series"):
    """The last number given out of each series; taken by one UPDATE … RETURNING."""

    name = Varchar(length=40, primary_key=True)
    last_number = BigInt(default=0)
