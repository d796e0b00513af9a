"""All tables of Patron."""

import os

from tables.audit import AuditEntry
from tables.catalog import CatalogView, CatalogViewRule, Category, Product, ViewRuleAction
from tables.companies import (
    CompanyRole,
    CustomerMerge,
    Invitation,
    JoinRequest,
    JoinRequestState,
    OrderTemplate,
    OrderTemplateLine,
    Requisition,
    RequisitionLine,
    RequisitionState,
    UserImport,
    UserImportLine,
    UserImportState,
)
from tables.contracts import AccountManager, Contract
from tables.customers import (
    Address,
    ApprovalRequest,
    ApprovalStatus,
    BudgetPeriod,
    Company,
    Consent,
    ConsentKind,
    Customer,
    Membership,
    NumberSeries,
    User,
)
from tables.departures import Departure
from tables.mail import OutboxMail
from tables.marketing import ContentItem, Promotion, PromotionTarget, PromotionUse
from tables.orders import Basket, BasketLine, Order, OrderLine, OrderState, ShippingMethod, TaxRate
from tables.organisations import Organisation
from tables.payments import Payment, PaymentState
from tables.personal_data import DataRequestKind, DataRequestOrigin, DataRequestState, PersonalDataRequest
from tables.prices import PriceEntry, PriceList
from tables.segments import Segment, SegmentationService, SegmentMember, Target, TargetKind
from tables.sign_in import (
    AttemptCounter,
    KnownDevice,
    LinkToken,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    ReminderRequest,
    SecondFactor,
    Session,
    SignInAttempt,
    SignInCode,
)
from tables.staff import StaffMember
from tables.versions import DataVersion

# Tables find their engine by this name (tables/engine.py); nothing has to be set to run a script.
os.environ.setdefault("PICCOLO_CONF", "tables.piccolo_conf")

__all__ = [
    "AccountManager",
    "Address",
    "ApprovalRequest",
    "ApprovalStatus",
    "AttemptCounter",
    "AuditEntry",
    "Basket",
    "BasketLine",
    "BudgetPeriod",
    "CatalogView",
    "CatalogViewRule",
    "Category",
    "Company",
    "CompanyRole",
    "Consent",
    "ConsentKind",
    "ContentItem",
    "Contract",
    "Customer",
    "CustomerMerge",
    "DataRequestKind",
    "DataRequestOrigin",
    "DataRequestState",
    "DataVersion",
    "Departure",
    "Invitation",
    "JoinRequest",
    "JoinRequestState",
    "KnownDevice",
    "LinkToken",
    "Membership",
    "NumberSeries",
    "Order",
    "OrderLine",
    "OrderState",
    "OrderTemplate",
    "OrderTemplateLine",
    "Organisation",
    "OutboxMail",
    "Passkey",
    "PasskeyChallenge",
    "Payment",
    "PaymentState",
    "PersonalDataRequest",
    "PriceEntry",
    "PriceList",
    "Product",
    "Promotion",
    "PromotionTarget",
    "PromotionUse",
    "RecoveryCode",
    "ReminderRequest",
    "Requisition",
    "RequisitionLine",
    "RequisitionState",
    "SecondFactor",
    "Segment",
    "SegmentMember",
    "SegmentationService",
    "Session",
    "ShippingMethod",
    "SignInAttempt",
    "SignInCode",
    "StaffMember",
    "Target",
    "TargetKind",
    "TaxRate",
    "User",
    "UserImport",
    "UserImportLine",
    "UserImportState",
    "ViewRuleAction",
]
