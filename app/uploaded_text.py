"""Text files as people's programs write them: in one of a few encodings, with one of a few line ends."""

from codecs import BOM_UTF16_BE, BOM_UTF16_LE

from app.forms import without_controls


class NoText(ValueError):
    """What was uploaded is no text: a picture, or a workbook that was not saved as CSV."""


def uploaded_text(content: bytes) -> str:
    """The text of a file: UTF-8 with or without byte order mark, UTF-16 with one, else Windows-1252, which is
    what spreadsheet programs write on many desks. Raises NoText."""
    is_utf_16 = content.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
    for encoding in ("utf-16",) if is_utf_16 else ("utf-8-sig", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # No text has a NUL; what else cannot be shown is left out.
        if "\0" not in text:
            return without_controls(text)
    raise NoText


def with_plain_ends(text: str) -> str:
    """The text with a line feed behind each line, whatever ended it: Windows, Unix or an old Mac."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def lines_of_text(text: str) -> list[str]:
    """The lines, whatever ends them. Nothing else breaks a line."""
    return with_plain_ends(text).split("\n")
