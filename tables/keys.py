"""Keys of all tables: UUID version 7, so that new rows stand together in the index."""

import uuid

import uuid_utils.compat


def new_key() -> uuid.UUID:
    """A fresh UUID version 7 (RFC 9562): sorts by time of creation to the millisecond."""
    return uuid_utils.compat.uuid7()
