"""Words of the catalog: how names and searches are made comparable, and how far apart two words are.

The embedded PostgreSQL has no trigram extension: pieces of three letters are made here, kept with the product
and found by an index.
"""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+")
# What German readers write for an umlaut where they have none; others leave out the dots.
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
# Letters that do not fall apart into a letter and a sign.
_PLAIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
MOST_WORDS = 6
# More typing errors than any word may have.
FAR = 1000


def words_of(text: str) -> list[str]:
    """The words of a text without case and accents: "Crème brûlée" gives creme and brulee."""
    return _WORD.findall(_plain(text))


def search_text(texts: Iterable[str]) -> str:
    """What full-text search looks at: every word once, also with umlauts spelt out, the first texts first."""
    found: dict[str, None] = {}
    for text in texts:
        folded = unicodedata.normalize("NFC", text).casefold()
        found |= dict.fromkeys(words_of(text))
        found |= dict.fromkeys(_WORD.findall(_plain(folded.translate(_SPELT_OUT))))
    return " ".join(found)


def sku_words(sku: str) -> str:
    """An SKU as text to search: its parts, and all of it in one, so that NW001 finds NW-001."""
    return f"{sku} {''.join(words_of(sku))}"


def pieces(word: str) -> list[str]:
    """The pieces of three letters of a word, with blanks before and after it, in order."""
    padded = f"  {word} "
    return [padded[start : start + 3] for start in range(len(padded) - 2)]


def pieces_of(texts: Iterable[str]) -> list[str]:
    """All pieces of the words of some texts, each once."""
    words = search_text(texts).split()
    return sorted({piece for word in words for piece in pieces(word)})


def mistakes_allowed(word: str) -> int:
    """How many typing errors a word may have and still be meant."""
    if len(word) < 4:
        return 0
    return 1 if len(word) < 7 else 2


def surviving_pieces(word: str) -> tuple[list[str], list[str]]:
    """Pieces from the beginning and from the end of a word, of which one typing error leaves one side whole.

    An error disturbs at most four pieces in a row, two letters that changed places; of the others at least half
    stand on one side of them.
    """
    all_pieces = pieces(word)
    if not mistakes_allowed(word):
        return all_pieces[:-1], all_pieces[:-1]
    kept = max(2, (len(all_pieces) - 3) // 2)
    return all_pieces[:kept], all_pieces[-kept:]


def distance(typed: str, text: str) -> int:
    """How many typing errors lie between what was typed and the words of a text; FAR if too many.

    The beginning of a word counts as the word, since people stop typing when they see what they want.
    """
    total = 0
    candidates = text.split()
    for word in words_of(typed)[:MOST_WORDS]:
        allowed = mistakes_allowed(word)
        nearest = min((_errors(word, one, allowed) for one in candidates), default=FAR)
        if nearest > allowed:
            return FAR
        total += nearest
    return total


def _errors(typed: str, word: str, allowed: int) -> int:
    """The fewest errors between what was typed and the word or a beginning of it; more than allowed if too many."""
    if word.startswith(typed):
        return 0
    # Each letter that the word lacks is an error, and so is each that is missing at the end.
    if not allowed or len(word) < len(typed) - allowed or len(set(typed) - set(word)) > allowed:
        return FAR
    return min(_edits(typed, word[: len(typed) + allowed])[len(typed) - allowed :])


def _edits(one: str, other: str) -> list[int]:
    """Letters that are missing, too many, wrong, or have changed places (optimal string alignment), between the one
    and each beginning of the other: by how many letters that has."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        older, before, row = before, row, [i]
        for j, wanted in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
    return row


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold().translate(_PLAIN)
    parts = unicodedata.normalize("NFKD", folded)
    return "".join(letter for letter in parts if not unicodedata.combining(letter))
