"""The routes of each kind of application; customer types add their own (app/litestar_apps.py)."""

from typing import Any

from litestar import Router

from app import health, language_choice, metrics, well_known
from app.account import (
    access_pages,
    address_pages,
    authenticator_pages,
    company_pages,
    email_link_pages,
    own_requisition_pages,
    passkey_pages,
    security_pages,
    switch_pages,
)
from app.account import routes as account
from app.back_office import routes as back_office
from app.back_office import selling_routes, why_price
from app.basket import routes as basket
from app.catalog import routes as catalog
from app.checkout import routes as checkout
from app.company_users import (
    granting_pages,
    invitation_import_pages,
    invitations_link_pages,
    invitations_pages,
    joining_own_pages,
    joining_pages,
    list_pages,
    member_pages,
    role_pages,
)
from app.contracts import buyer_pages as buyer_contracts
from app.customers.types import Extension
from app.newsletter import routes as newsletter
from app.order_templates import routes as order_templates
from app.orders import guest_routes as guest_orders
from app.orders import invoice_routes
from app.orders import routes as orders
from app.personal_data import account_routes as own_data
from app.personal_data import link_routes as data_requests
from app.prices import routes as prices
from app.quick_order import routes as quick_order
from app.registration import add_company_routes, correction_routes, verification_routes
from app.registration import routes as registration
from app.requisitions import routes as requisitions
from app.settings import settings
from app.sign_in import (
    again_routes,
    code_routes,
    passkey_routes,
    password_strength_routes,
    second_factor_routes,
)
from app.sign_in import routes as sign_in
from app.static_files import static_file
from app.terms import routes as terms
from app.uploaded_pictures import picture


def everywhere() -> list[Any]:
    """Routes of every application."""
    found = [static_file, *language_choice.routes, *health.routes, *metrics.routes]
    found += [*sign_in.routes, *second_factor_routes.routes, *again_routes.routes, *well_known.routes]
    found += [*password_strength_routes.routes, *passkey_routes.routes]
    if settings().development:
        from app.mail import mailbox

        found += mailbox.routes
    return found


def shop_routes() -> list[Any]:
    """Routes of every shop."""
    found: list[Any] = [
        picture,
        *catalog.routes,
        *registration.routes,
        *verification_routes.routes,
        *correction_routes.routes,
        *add_company_routes.account_routes,
        *joining_own_pages.routes,
    ]
    found += [*basket.routes, *checkout.routes, *orders.routes, *guest_orders.routes]
    found += [*invoice_routes.routes]
    found += [*code_routes.routes, Router("/account", route_handlers=security_routes())]
    found += [*access_pages.routes, *email_link_pages.routes]
    found += [*own_data.routes, *data_requests.routes, *newsletter.routes]
    return [*found, *account.routes, *address_pages.routes, *terms.routes, *prices.routes]


def extension_routes(extension: Extension) -> list[Any]:
    """Routes of shops that admit a customer type with this extension."""
    of_extension: dict[Extension, list[Any]] = {
        Extension.COMPANY: [*company_pages.routes, *buyer_contracts.routes],
        Extension.GROUP: [
            *switch_pages.routes,
            *list_pages.routes,
            *member_pages.routes,
            *granting_pages.routes,
            *role_pages.routes,
            *requisitions.routes,
            *quick_order.routes,
            *own_requisition_pages.routes,
            *order_templates.routes,
            *invitations_pages.routes,
            *invitations_link_pages.routes,
            *invitation_import_pages.routes,
            *joining_pages.routes,
            *add_company_routes.routes,
        ],
    }
    return of_extension.get(extension, [])


def back_office_routes() -> list[Any]:
    """Routes of the back office."""
    found = [*second_factor_routes.set_up_routes, *back_office.routes, *security_routes()]
    return [*found, *selling_routes.routes, *why_price.routes]


def security_routes() -> list[Any]:
    """Routes of what protects an account: under /account in shops; at the root for staff, who have no account."""
    return [*security_pages.routes, *authenticator_pages.routes, *passkey_pages.routes]
