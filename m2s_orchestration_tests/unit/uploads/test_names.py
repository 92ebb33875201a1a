"""Paths of uploads: the application's shape, whatever a file was called."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from m2s_orchestration.errors import BadUpload
from m2s_orchestration.uploads.categories import CATEGORIES, Category, documents, exports
from m2s_orchestration.uploads.names import LONGEST_NAME, LONGEST_PATH, upload_path

PRIVATE = documents("board", is_public=False)
TOKENS = {0: "", 6: r"-[\w-]{8}", 8: r"-[\w-]{11}", 16: r"-[\w-]{22}"}
EVERY = [
    *CATEGORIES.values(),
    PRIVATE,
    documents("board", is_public=True),
    documents(None, is_public=True),
    exports("notify_something"),
]
NASTY = [
    "../../etc/passwd.png",
    "..\\..\\boot.png",
    "/etc/shadow.png",
    "a\0b.png",
    "invoice\N{RIGHT-TO-LEFT OVERRIDE}gnp.png",
    "\N{ZERO WIDTH SPACE}.png",
    ".png",
    "...png",
    " .png",
    "shell.php.png",
    "archive.tar.png",
    "x" * 5000 + ".png",
    "\N{LATIN SMALL LETTER E WITH ACUTE}" * 300 + ".png",
    "\N{CJK UNIFIED IDEOGRAPH-98DB}" * 300 + ".PNG",
    "e\N{COMBINING ACUTE ACCENT}" * 300 + ".png",
    "-rf.png",
    "CON.png",
    "a%2f..%2fb.png",
    "line\r\nbreak.png",
    "<svg onload=alert(1)>.png",
]


def without_token(path: str, category: Category) -> str:
    """The path with T for its token, which must be there."""
    pattern = TOKENS[category.token] + r"(?P<ending>\.[A-Za-z0-9]+)?"
    match = re.fullmatch(f"(?P<before>.+?){pattern}", path)
    assert match, path
    mark = "-T" if category.token else ""
    return f"{match['before']}{mark}{match['ending'] or ''}"


def document(filename: str) -> str:
    """The name, without folder and token, of a document whose page is not public."""
    return without_token(upload_path(PRIVATE, filename), PRIVATE).removeprefix("cms/board/")


def test_there_are_the_seventeen_categories_of_the_application() -> None:
    assert set(CATEGORIES) == {
        *("biography", "profile_photos", "profile_photos/medium", "profile_photos/small"),
        *("badge_images", "written_test_media", "quals/icons", "homepage/gallery"),
        *("towplane_photos", "towplane_photos/medium", "towplane_photos/small"),
        *("glider_photos", "glider_photos/medium", "glider_photos/small"),
        *("airfield_photos", "site_logo", "cms/banners"),
    }


@pytest.mark.parametrize("folder", CATEGORIES)
def test_a_name_is_its_folder_a_stem_eight_characters_and_its_extension(folder: str) -> None:
    path = upload_path(CATEGORIES[folder], "Discus.jpg")

    assert re.fullmatch(rf"{folder}/\w+-[\w-]{{8}}\.jpg", path)


def test_a_photo_of_a_person_does_not_tell_the_persons_name() -> None:
    for folder in ("biography", "profile_photos", "profile_photos/medium", "profile_photos/small"):
        assert "lovelace" not in upload_path(CATEGORIES[folder], "Ada Lovelace.jpg").lower()
    assert "Discus_2b" in upload_path(CATEGORIES["glider_photos"], "Discus 2b.jpg")


@pytest.mark.parametrize(
    ("filename", "name"),
    [
        ("../evil/Board Agenda (final).pdf", "Board_Agenda_final-T.pdf"),
        ("Board.Agenda.2025.pdf", "BoardAgenda2025-T.pdf"),
        ("archive.tar.gz", "archivetar-T.gz"),
        ("report.pdf<script>", "file-T"),
        ("!@#$.pdf", "file-T.pdf"),
        ("README", "README-T"),
        ("Board.PDF", "Board-T.PDF"),
        ("C:\\evil\\file.pdf", "Cevilfile-T.pdf"),
        ("mi\0nutes\N{RIGHT-TO-LEFT OVERRIDE}.pdf", "minutes-T.pdf"),
        ("Manuscript.pdf", "Manuscript-T.pdf"),
        ("Protokoll März.pdf", "Protokoll_März-T.pdf"),
        ("飞行手册.pdf", "飞行手册-T.pdf"),
    ],
)
def test_a_document_of_a_private_page_is_called(filename: str, name: str) -> None:
    assert document(filename) == name


def test_a_document_of_a_public_page_keeps_its_name() -> None:
    public = documents("board", is_public=True)

    assert upload_path(public, "Agenda.pdf") == "cms/board/Agenda.pdf"
    assert upload_path(documents(None, is_public=True), "A.pdf") == "cms/uncategorized/A.pdf"


@pytest.mark.parametrize("filename", ["a.html", "a.svg", "a.php", "a.exe", "a", "a.png.js", "a."])
def test_a_gallery_takes_pictures_only(filename: str) -> None:
    with pytest.raises(BadUpload, match="homepage/gallery: its name has to end in one of avif"):
        upload_path(CATEGORIES["homepage/gallery"], filename)


def test_only_the_logo_may_be_a_drawing() -> None:
    taken = [name for name, category in CATEGORIES.items() if "svg" in category.extensions]

    assert taken == ["site_logo"]


@pytest.mark.parametrize("slug", ["", "..", "../board", "a/b", "a b", "-a", "x" * 51, "a\n"])
def test_what_is_no_slug_is_refused(slug: str) -> None:
    with pytest.raises(BadUpload, match="no slug"):
        documents(slug, is_public=False)


def test_two_uploads_of_one_file_are_two_files() -> None:
    assert len({upload_path(PRIVATE, "Agenda.pdf") for _ in range(1000)}) == 1000


def judge(path: str, category: Category) -> None:
    """What holds for every path."""
    name = path.removeprefix(f"{category.folder}/")
    assert path != name
    assert PurePosixPath(path).parts == (*PurePosixPath(category.folder).parts, name)
    assert len(path) <= LONGEST_PATH
    assert len(name.encode()) <= LONGEST_NAME
    assert unicodedata.is_normalized("NFC", path)
    assert re.fullmatch(r"[\w-]+(\.[A-Za-z0-9]+)?", name)
    assert not name.startswith("-")
    # Nothing invisible, no control, nothing that turns the direction of writing.
    assert not {unicodedata.category(letter)[0] for letter in name} & {"C", "Z"}
    without_token(path, category)


@pytest.mark.parametrize("filename", NASTY, ids=ascii)
@pytest.mark.parametrize("category", EVERY, ids=lambda category: category.folder)
def test_a_nasty_name_becomes_a_harmless_one(category: Category, filename: str) -> None:
    judge(upload_path(category, filename), category)


@given(
    st.sampled_from(EVERY),
    st.one_of(st.text(), st.text(alphabet="./\\-_ <>\0\r\n\u202e\u200ba\u00e9\u98db")),
    st.sampled_from(["png", "PNG", "Png", " png ", "p\u202eng"]),
)
@example(documents("x" * 50, is_public=False), "y" * 90, "png")
def test_whatever_a_picture_was_called_its_path_is_harmless(
    category: Category, stem: str, extension: str
) -> None:
    judge(upload_path(category, f"x{stem}.{extension}"), category)


@given(st.sampled_from(EVERY), st.text())
def test_any_text_is_a_harmless_path_or_is_refused_in_words(category: Category, text: str) -> None:
    try:
        path = upload_path(category, text)
    except BadUpload as refused:
        told = str(refused)
        assert told.isascii()
        assert told.isprintable()
    else:
        judge(path, category)
