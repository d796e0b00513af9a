"""All tables of Patron."""

import os

from tables.audit import AuditEntry
from tables.catalog import CatalogView, CatalogViewRule, Category, Product, ViewRuleAction
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
from tables.marketing import ContentItem, Promotion, PromotionTarget, PromotionUse
from tables.orders import Basket, BasketLine, Order, OrderLine, OrderState, ShippingMethod, TaxRate
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
    "Address",
    "ApprovalRequest",
    "ApprovalStatus",
    "AttemptCounter",
    "AuditEntry",
    "Basket",
    "BasketLine",
    "CatalogView",
    "CatalogViewRule",
    "Category",
    "Company",
    "Consent",
    "ConsentKind",
    "ContentItem",
    "Customer",
    "DataRequestKind",
    "DataRequestOrigin",
    "DataRequestState",
    "DataVersion",
    "KnownDevice",
    "LinkToken",
    "Membership",
    "NumberSeries",
    "Order",
    "OrderLine",
    "OrderState",
    "OutboxMail",
    "Passkey",
    "PasskeyChallenge",
    "PersonalDataRequest",
    "PriceEntry",
    "PriceList",
    "Product",
    "Promotion",
    "PromotionTarget",
    "PromotionUse",
    "RecoveryCode",
    "ReminderRequest",
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
    "ViewRuleAction",
]
