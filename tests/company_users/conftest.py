"""What the tests of a company's people share with those of signing in."""

from tests.sign_in.conftest import user_name_mode

__all__ = ["user_name_mode"]
