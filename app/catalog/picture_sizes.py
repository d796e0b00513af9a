"""Makes the sizes of one picture, as a program of its own: `picture_sizes.py FOLDER PIXELS SIDE WIDTH… < picture`.

app.catalog.pictures runs it for each upload. What strangers' files do to the library that reads them, and the memory
that it takes, ends with this process; the one that serves pages never loads the library. Nothing of Patron is
imported here.

The picture may have so many PIXELS at most, and so many on each SIDE at least. The files WIDTH.webp are written to
the folder, none larger than the picture, and `WIDTH HEIGHT` of the largest is printed; else one of the words below,
which say what is wrong with the picture.
"""

import sys
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

KINDS = ("JPEG", "PNG", "WEBP")
NO_PICTURE, TOO_MANY_PIXELS, TOO_SMALL, BROKEN = "kind", "pixels", "small", "broken"
# Bytes and seconds of this process: room for the largest picture with all that is made of them.
MOST_MEMORY = 1_500_000_000
MOST_SECONDS = 30
QUALITY = 80


def make_sizes(content: bytes, folder: Path, most_pixels: int, least_side: int, widths: list[int]) -> str:
    """Writes the files; what is printed."""
    Image.MAX_IMAGE_PIXELS = most_pixels
    try:
        picture = Image.open(BytesIO(content), formats=KINDS)
    except UnidentifiedImageError:
        return NO_PICTURE
    except Image.DecompressionBombError:
        return TOO_MANY_PIXELS
    if picture.width * picture.height > most_pixels:
        return TOO_MANY_PIXELS
    if min(picture.size) < least_side:
        return TOO_SMALL
    most = max(widths)
    # JPEG can be read in a fraction of its size, which is as good for what comes out and takes less memory.
    picture.draft(None, (most, most))
    # What cameras write beside the picture, where it was taken and by whom, is left out; how they were held is not.
    upright = ImageOps.exif_transpose(picture)
    profile = upright.info.get("icc_profile") if upright.mode in ("RGB", "RGBA") else None
    plain = upright.convert("RGBA" if upright.has_transparency_data else "RGB")
    plain.thumbnail((most, most), Image.Resampling.LANCZOS)
    for width in sorted({plain.width, *(one for one in widths if one < plain.width)}):
        height = max(1, round(plain.height * width / plain.width))
        size = plain.resize((width, height), Image.Resampling.LANCZOS) if width < plain.width else plain
        size.save(folder / f"{width}.webp", "WEBP", quality=QUALITY, method=4, icc_profile=profile or b"")
    return f"{plain.width} {plain.height}"


def main() -> None:
    """Does it, within limits."""
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    folder, pixels, side, *widths = sys.argv[1:]
    try:
        said = make_sizes(sys.stdin.buffer.read(), Path(folder), int(pixels), int(side), [*map(int, widths)])
    except MemoryError:
        said = TOO_MANY_PIXELS
    except (OSError, SyntaxError, ValueError, ArithmeticError, LookupError):
        # What the library raises for files that are cut off or bent.
        said = BROKEN
    sys.stdout.write(said)


if __name__ == "__main__":
    main()
