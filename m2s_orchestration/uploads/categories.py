"""What kinds of files the club keeps, and what a file of each kind may be called.

The folders and the lengths of the tokens are the web application's, so that both agree on a path.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from m2s_orchestration.errors import BadUpload

PICTURES = frozenset({"avif", "gif", "jpeg", "jpg", "png", "webp"})
# A drawing may hold a script, which a browser runs where the store serves it: only the logo is one.
DRAWINGS = frozenset({"svg"})
DOCUMENTS = PICTURES | frozenset(
    {
        *("csv", "doc", "docx", "md", "odp", "ods", "odt", "pdf", "ppt", "pptx", "rtf", "txt"),
        *("xls", "xlsx", "cup", "gpx", "gz", "ics", "igc", "kml", "zip"),
    }
)
# What a browser runs is not among them, but for the pages of a preview, which hold no script.
EXPORTS = frozenset({"csv", "eml", "html", "ics", "json", "pdf", "png", "txt", "zip"})
SLUG = re.compile(r"[^\W_][\w-]{0,49}")


@dataclass(frozen=True)
class Category:
    """A kind of file. `token` is how many random bytes its name gets; none is no token.

    `stem` stands in place of the name that somebody gave the file, where that name is likely to be
    a person's and the path is public.
    """

    folder: str
    extensions: frozenset[str] = PICTURES
    token: int = 6
    stem: str | None = None
    needs_extension: bool = True


_SEVENTEEN = (
    Category("biography", stem="biography"),
    Category("profile_photos", stem="photo"),
    Category("profile_photos/medium", stem="photo"),
    Category("profile_photos/small", stem="photo"),
    Category("badge_images"),
    Category("written_test_media", PICTURES | {"pdf"}),
    Category("quals/icons"),
    Category("homepage/gallery"),
    Category("towplane_photos"),
    Category("towplane_photos/medium"),
    Category("towplane_photos/small"),
    Category("glider_photos"),
    Category("glider_photos/medium"),
    Category("glider_photos/small"),
    Category("airfield_photos"),
    Category("site_logo", PICTURES | DRAWINGS | {"bmp", "ico", "tif", "tiff"}),
    Category("cms/banners"),
)
# The seventeen of the web application, by folder.
CATEGORIES: Mapping[str, Category] = {item.folder: item for item in _SEVENTEEN}


def documents(slug: str | None, *, is_public: bool) -> Category:
    """The documents of a page; those of a page that is not public cannot be guessed.

    A page that is made private keeps its documents under their old names, which are known: ask for
    new ones then, and move them.
    """
    if slug is None:
        return Category("cms/uncategorized", DOCUMENTS, token=0, needs_extension=False)
    if not SLUG.fullmatch(slug):
        raise BadUpload(
            f"{slug!r} is no slug of a page: letters, digits, - and _ make one, up to 50 of them."
        )
    token = 0 if is_public else 8
    return Category(f"cms/{slug}", DOCUMENTS, token=token, needs_extension=False)


def exports(subject: str) -> Category:
    """What runs publish about a subject.

    Whoever knows the path of a file in a public store can read it, and these name people: hence a
    token of 128 bits.
    """
    if not SLUG.fullmatch(subject):
        raise BadUpload(f"{subject!r} is no name for a folder of exports: use snake_case.")
    return Category(f"exports/{subject}", EXPORTS, token=16)
