"""Which orders count as what their customer has ordered: towards budgets and contracts (domain.md 10, 12)."""

# Of an order o, as a part of a statement. What is cancelled or returned was not ordered in the end. What came along
# with a user who was moved to the customer was ordered by another one, at its prices and out of its money: the order
# is the customer's from then on (domain.md 9), but is nothing that it has agreed to buy, or lets its users spend.
COUNTS_FOR_ITS_CUSTOMER = """
    o.state NOT IN ('cancelled', 'returned') AND (o.placed_for IS NULL OR o.placed_for = o.customer)
"""
