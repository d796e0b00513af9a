"""What of a user follows when they are moved to another customer, and what stays (domain.md 9, 10).

What is the user's own goes along: orders, requisitions, baskets, personal addresses, order templates that are not
shared. What is the company's stays. FOLLOWS and STAYS name every column of the database that points to a customer,
a user or a membership; a test fails for one that is in neither.
"""

from collections.abc import Mapping, Sequence

# By column, in the order in which they run. :place is the membership at the new customer; it is the same one
# unless the user was there already.
FOLLOWS: Mapping[str, Sequence[str]] = {
    "orders.customer": (
        # The new customer's budgets and contracts do not count them (app/orders/counted.py).
        """UPDATE orders SET customer = :new, placed_for = coalesce(placed_for, :old), version = version + 1
           WHERE "user" = :user AND customer = :old""",
        # Limits for each customer go on to count what the customer's orders have used.
        """UPDATE promotion_uses SET used_by = :new::text WHERE used_by = :old::text
           AND order_number IN (SELECT number FROM orders WHERE "user" = :user AND customer = :new)""",
    ),
    "requisitions.customer": (
        # Nobody at the new customer was asked, and the old one is not to pay.
        """UPDATE requisitions SET state = 'withdrawn', decided_at = now(), version = version + 1
           WHERE "user" = :user AND customer = :old AND state = 'pending'""",
        'UPDATE requisitions SET customer = :new WHERE "user" = :user AND customer = :old',
    ),
    "requisitions.membership": (
        "UPDATE requisitions SET membership = :place WHERE membership = :membership",
    ),
    "baskets.customer": (
        """DELETE FROM baskets b WHERE b."user" = :user AND b.customer = :old AND EXISTS (
               SELECT FROM baskets o WHERE o."user" = :user AND o.customer = :new
                                       AND o.application = b.application)""",
        # The addresses that the checkout has asked for are those of the old customer.
        """UPDATE baskets SET customer = :new, checkout = '{}' WHERE "user" = :user AND customer = :old""",
    ),
    "order_templates.customer": (
        """UPDATE order_templates SET customer = :new
           WHERE "user" = :user AND customer = :old AND NOT is_shared""",
        'UPDATE order_templates SET "user" = NULL WHERE "user" = :user AND customer = :old AND is_shared',
    ),
    "addresses.customer": (
        "UPDATE addresses SET customer = :new, membership = :place WHERE membership = :membership",
    ),
    "personal_data_requests.customer": (
        'UPDATE personal_data_requests SET customer = :new WHERE "user" = :user AND customer = :old',
    ),
    "link_tokens.customer": (
        """UPDATE link_tokens SET revoked_at = coalesce(revoked_at, now())
           WHERE "user" = :user AND customer = :old""",
    ),
    "join_requests.customer": (
        # Whoever asked to join the new customer is there now.
        """UPDATE join_requests SET state = 'accepted', decided_at = now()
           WHERE "user" = :user AND customer = :new AND state = 'pending'""",
    ),
    "memberships.stand_in": (
        """UPDATE memberships SET stand_in = NULL, stand_in_from = NULL, stand_in_until = NULL
           WHERE stand_in = :membership""",
    ),
    # An invitation whose inviter has left does not work any more.
    "invitations.invited_by": (
        "UPDATE invitations SET invited_by = NULL WHERE invited_by = :membership AND customer = :old",
    ),
    "user_imports.started_by": (
        "UPDATE user_imports SET started_by = NULL WHERE started_by = :membership AND customer = :old",
    ),
    "memberships.customer": (
        "DELETE FROM memberships WHERE id = :membership AND id <> :place",
        # What the old customer called the person's work, and who stands in, ends with it; so do limits, for which
        # app/customers/moving.py says what begins. Of addresses that the person prefers their own have come along.
        """UPDATE memberships m SET customer = :new, department = '', position = '', business_partner_number = '',
               stand_in = NULL, stand_in_from = NULL, stand_in_until = NULL,
               preferred_billing = (SELECT a.id FROM addresses a
                                    WHERE a.id = m.preferred_billing AND a.membership = m.id),
               preferred_shipping = (SELECT a.id FROM addresses a
                                     WHERE a.id = m.preferred_shipping AND a.membership = m.id),
               version = version + 1
           WHERE id = :membership AND id = :place""",
    ),
    "sessions.membership": (),  # end_sessions_of: what the person may do changes
}
_OF_PERSON = "the person's own, whichever customer they act for"
_OF_COMPANY = "the company's, which the user leaves"
_WHO_DID = "who did something, which stays so"
_FOLLOWS_CUSTOMER = "the row goes along by its customer or membership"
STAYS: Mapping[str, str] = {
    "account_managers.customer": _OF_COMPANY,
    "addresses.membership": _FOLLOWS_CUSTOMER,
    "approval_requests.customer": _OF_COMPANY,
    "approval_requests.decided_by": _WHO_DID,
    "baskets.user": _FOLLOWS_CUSTOMER,
    "departures.customer": "other customers that the user has left; the orders there can still follow",
    "departures.removed_by": _WHO_DID,
    "departures.user": _OF_PERSON,
    "companies.customer": _OF_COMPANY,
    "company_roles.customer": _OF_COMPANY,
    "consents.user": _OF_PERSON,
    "contracts.customer": _OF_COMPANY,
    "customer_merges.kept": _OF_COMPANY,
    "invitations.customer": _OF_COMPANY,
    "join_requests.decided_by": _WHO_DID,
    "join_requests.user": _FOLLOWS_CUSTOMER,
    "known_devices.user": _OF_PERSON,
    "link_tokens.user": _OF_PERSON,
    "listed_members.membership": "the database keeps it as memberships and users are",
    "memberships.user": _FOLLOWS_CUSTOMER,
    "order_templates.user": _FOLLOWS_CUSTOMER,
    "orders.user": _FOLLOWS_CUSTOMER,
    "passkey_challenges.user": _OF_PERSON,
    "passkeys.user": _OF_PERSON,
    "personal_data_requests.user": _FOLLOWS_CUSTOMER,
    "recovery_codes.user": _OF_PERSON,
    "requisitions.decided_by": _WHO_DID,
    "requisitions.user": _FOLLOWS_CUSTOMER,
    "second_factors.user": _OF_PERSON,
    "segment_members.customer": "segments are the customer's: the user has those of the new one at once",
    "sessions.user": _OF_PERSON,
    "sign_in_attempts.user": _OF_PERSON,
    "sign_in_codes.user": _OF_PERSON,
    "staff_members.user": _OF_PERSON,
    "targets.customer": _OF_COMPANY,
    "user_imports.customer": _OF_COMPANY,
}
