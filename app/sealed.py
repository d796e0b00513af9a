"""Keys that seal what only Patron may read, made from its secret keys: one kind for each purpose."""

import hashlib
from base64 import urlsafe_b64encode
from typing import Any

from app.settings import settings


def fernet_for(purpose: str) -> Any:
    """Seals with the newest secret key and opens with all of them; what is sealed for one purpose opens for no other.

    A `cryptography.fernet.MultiFernet`, imported late: few people need it, and it takes its time and memory.
    """
    from cryptography.fernet import Fernet, MultiFernet

    keys = [
        urlsafe_b64encode(hashlib.sha256(f"patron.{purpose}:{key}".encode()).digest())
        for key in settings().secret_keys
    ]
    return MultiFernet([Fernet(key) for key in keys])
