"""What an authenticator app shows to somebody who types it in at once."""

import time
from datetime import UTC, datetime, timedelta

import pyotp

STEP = 30  # seconds, as RFC 6238 proposes
# Seconds that it may take from reading a code to the answer of the program.
TYPED_WITHIN = 5


def code_of(secret: str, seconds: int = 0) -> str:
    """The code that is shown so many seconds from now. One step of difference is forgiven: a code of the step before,
    read at the very end of a step, would be too old on arrival. So a new step is waited for then."""
    left = STEP - time.time() % STEP
    if left < TYPED_WITHIN:
        time.sleep(left)
    return pyotp.TOTP(secret).at(datetime.now(UTC) + timedelta(seconds=seconds))
