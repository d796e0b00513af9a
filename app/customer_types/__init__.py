"""One folder per customer type, each self-contained; found by `app.customers.types`."""
