"""Applications of a test's own, where those of the program are not what it is about."""

from collections.abc import Callable
from pathlib import Path

from tests.patron_process import PROJECT


class OwnApplications:
    """The file of applications that PATRON_CONFIG names during one test; at first it says what app/applications.toml
    says. After each change the next visit meets an application that is built anew."""

    def __init__(self, file: Path, restarted_with: Callable[..., None]) -> None:
        self._file = file
        self._restarted_with = restarted_with
        self._text = (PROJECT / "app" / "applications.toml").read_text(encoding="utf-8")

    def replace(self, old: str, new: str) -> None:
        """Says something else wherever the file says `old`, as it must."""
        assert old in self._text, f"the file of applications does not say {old}"
        self.write(self._text.replace(old, new))

    def write(self, text: str) -> None:
        """Says this and nothing else."""
        self._text = text
        self._file.write_text(text, encoding="utf-8")
        self._restarted_with(PATRON_CONFIG=str(self._file))
