"""How far lists count: a page of a long list must not cost what all of the list does."""

# So many pages beyond the one that is shown are counted, which is as far as anybody pages on.
PAGES_COUNTED = 20


def counted_rows(page: int, on_a_page: int) -> int:
    """How many rows are counted at most for a page: a list that has so many may have more."""
    return (page + PAGES_COUNTED) * on_a_page
