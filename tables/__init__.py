"""All tables of Patron."""

import os

from tables.audit import AuditEntry
from tables.catalog import Category
from tables.customers import (
    Address,
    ApprovalRequest,
    ApprovalStatus,
    Company,
    Consent,
    ConsentKind,
    Customer,
    Membership,
    NumberSeries,
    User,
)
from tables.mail import OutboxMail
from tables.sign_in import (
    AttemptCounter,
    LinkToken,
    RecoveryCode,
    ReminderRequest,
    SecondFactor,
    Session,
    SignInAttempt,
)
from tables.staff import StaffMember
from tables.versions import DataVersion

# Tables find their engine by this name (tables/engine.py); nothing has to be set to run a script.
os.environ.setdefault("PICCOLO_CONF", "tables.piccolo_conf")

__all__ = [
    "Address",
    "ApprovalRequest",
    "ApprovalStatus",
    "AttemptCounter",
    "AuditEntry",
    "Category",
    "Company",
    "Consent",
    "ConsentKind",
    "Customer",
    "DataVersion",
    "LinkToken",
    "Membership",
    "NumberSeries",
    "OutboxMail",
    "RecoveryCode",
    "ReminderRequest",
    "SecondFactor",
    "Session",
    "SignInAttempt",
    "StaffMember",
    "User",
]
