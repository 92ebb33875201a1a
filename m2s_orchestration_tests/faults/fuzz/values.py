"""Values that a club's rows and settings might hold one day, and what is known of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hypothesis import strategies as st

# Texts that have broken some program or other. PostgreSQL keeps neither NUL nor half a surrogate.
TEXTS: Mapping[str, str] = {
    "a header after a line end": "Ann\r\nBcc: evil@x.org",
    "a body after a header": "Ann\nX-Evil: 1\n\n<h1>Pay here</h1>",
    "a header in an encoded word": "=?utf-8?q?x=0d=0aBcc=3a_evil=40x=2eorg?=",
    "an encoded word with an unknown charset": "=?x-none?b?!!!?= =?utf-8?b?4p?=",
    "the end of a message": "one\n.\ntwo\r\n.\r\nMAIL FROM:<evil@x.org>",
    "lines of dots": "." * 80 + "\n.\n..\n...\n.leading",
    "controls": "a\x01b\x07c\x08d\x0be\x0cf\x1bg[31m\x1ch\x1fi\x7fj\x80k\x85l\x9bm",
    "line ends of other worlds": "a\x85b\u2028c\u2029d\x0be\x0cf\x1cg\x1dh\x1ei",
    "bare carriage returns": "a\rb\r\rc\n\rd",
    "overrides": "\u202eevil\u202c \u2066in\u2069 \u200fand\u200e",
    "right to left": "\u05d3\u05d5\u05d3 \u0645\u062d\u0645\u062f",
    "combining marks": "Z\u0351\u036b\u0343a\u0300\u0301l\u0327g\u030ao e\u0301 \u0301",
    "emoji": "\U0001f469\u200d\U0001f680 \U0001f1e9\U0001f1ea \U0001f6e9\ufe0f",
    "unseen letters": "a\u200bb\u00adc\ufeffd\u2060e\u00a0f\u3000g",
    "noncharacters": "a\ufffeb\uffffc\U0010ffffd\ufdd0e\ufffdf",
    "three hundred letters": "x" * 300,
    "three hundred umlauts": "\u00fc" * 300,
    "five thousand letters": "y" * 5000,
    "five thousand words": "flap " * 1000,
    "five thousand astral letters": "\U00020000" * 5000,
    "a script": "<script>alert(1)</script><style>*{display:none}</style>",
    "an attribute": "\"><img src=x onerror=alert(1)> '><a href=javascript:alert(1)>",
    "markup that was escaped": "&lt;b&gt; &amp;amp; &#60; &#x3c; &nbsp; &copy &",
    "the end of the page": "</body></html><!-- --> <![CDATA[ ]]> <?php",
    "a template's expression": "{{7*7}} {{ club.members }} ${7*7} #{7*7} <%= 7*7 %>",
    "a template's statement": "{% include 'layout.html' %}{% raw %} {# note #} {%- endif -%}",
    "formats": "%s %d %(name)s {} {0} {name!r} %n %%",
    "quotes and separators": "a\"b'c`d\\e,f;g:h|i/j\\n\\,\\;\\\\",
    "a calendar's lines": "a\nEND:VEVENT\nBEGIN:VALARM\nTRIGGER:-PT1M\r\nATTENDEE:mailto:e@x.org",
    "statements": "'; DROP TABLE members_member; -- $1 $$ E'\\x00'",
    "paths": "../../etc/passwd C:\\con\\nul .htaccess ~root $(id) `id`",
    "boundaries": "--=_\n----=_x\n--\n-- \nFrom evil\n>From evil",
    "only spaces": " \t\n\u2003",
    "nothing": "",
    "one mark": "\u0301",
    "a hyphen": "-",
    "spaces around": "  Ann  \t Bea  ",
    "capitals that grow": "stra\u00dfe \ufb01n \u0130i\u0131I \u01c5",
    "a formula": '=HYPERLINK("http://x.org","y")',
    "bullets": "- one\n* two\n1. three\n   four",
}

DEV_MODE = "EMAIL_DEV_MODE_REDIRECT_TO"
MADE_TO_COUNT: Mapping[str, Mapping[str, str]] = {
    "SITE_URL": {"canonical_url": ""},
    "MEDIA_URL": {"club_logo": "logo.png"},
    "domain_name": {"canonical_url": ""},
}

Deliverable = Literal["yes", "no", "perhaps"]

# Addresses and whether a mail to them can be sent.
ADDRESSES: Mapping[str, Deliverable] = {
    "jane@example.org": "yes",
    "Jane.O'Neil+club@Example.ORG": "yes",
    " \tspaced@example.org \n": "yes",
    "idn@b\u00fccher.example": "yes",
    "idn@\u4f8b\u3048.example": "yes",
    "label@xn--bcher-kva.example": "yes",
    "sharp@stra\u00dfe.example": "yes",
    "j\u00fcrg@example.org": "yes",
    "\u7528\u6237@\u4f8b\u3048.example": "yes",
    '"jane doe"@example.org': "yes",
    '"a@b"@example.org': "yes",
    '"a,b;c:d"@example.org': "yes",
    '"<script>"@example.org': "yes",
    '"a\\"b"@example.org': "yes",
    '"a\\\\b"@example.org': "yes",
    '".dots..in."@example.org': "yes",
    '"a>b"@example.org': "yes",
    '"a@b.c> NOTIFY=NEVER"@example.org': "yes",
    '"(a)"@example.org': "yes",
    "o/b=x!y#z$%&*?^_`{|}~@example.org": "yes",
    "{{7*7}}@example.org": "yes",
    "%s%n@example.org": "yes",
    "x" * 64 + "@example.org": "yes",
    "deep@" + ".".join(["label"] * 20) + ".example": "yes",
    "x@x" + "y" * 62 + ".example": "yes",
    "": "no",
    " \t\n": "no",
    "jane": "no",
    "jane@b": "no",
    "@example.org": "no",
    "jane@": "no",
    "jane@@example.org": "no",
    "jane@example.org.": "no",
    "jane@.example.org": "no",
    "ja..ne@example.org": "no",
    ".jane@example.org": "no",
    "jane.@example.org": "no",
    "x" * 65 + "@example.org": "no",
    "jane@" + "x" * 64 + ".org": "no",
    "jane@" + ".".join(["label"] * 60): "no",
    "jane@-example.org": "no",
    "jane@example.org, joe@example.org": "no",
    "jane@example.org;joe@example.org": "no",
    "jane@example.org joe@example.org": "no",
    "jane@example.org,": "no",
    "<jane@example.org>": "no",
    "Jane Doe <jane@example.org>": "no",
    "jane@example.org (Jane)": "no",
    "jane(Jane)@example.org": "no",
    "jane@[127.0.0.1]": "no",
    "jane doe@example.org": "no",
    'ja"ne@example.org': "no",
    "jane@exa mple.org": "no",
    "jane@example.org\r\nBcc: evil@x.org": "no",
    "jane@example.org\nRCPT TO:<evil@x.org>": "no",
    "jane@example.org> SIZE=1": "no",
    '"jane\r\nBcc: evil@x.org"@example.org': "no",
    "=?utf-8?q?jane=0d=0aBcc=3a_evil=40x=2eorg?=@example.org": "no",
    "jane\u202e@example.org": "no",
    "jane@exam\u202eple.org": "no",
    "jane\x01@example.org": "no",
    "jane\x7f@example.org": "no",
    "jane\x85@example.org": "no",
    "jane@\u2028example.org": "no",
    "jane@nowhere.invalid": "no",
    "jane@xn--\u00fc.example": "no",
    "jane@example.org/path": "no",
    "mailto:jane@example.org?cc=evil@x.org": "no",
    "jane@exa_mple.org": "perhaps",
    "\u200bjane@example.org": "perhaps",
    "jane@ex\u00adample.org": "perhaps",
    "jane@\u2460.example": "perhaps",
    "jane@example\u3002org": "perhaps",
    "e\u0301@example.org": "perhaps",
    "\U0001f469@example.org": "perhaps",
    "jane@xn--a.example": "perhaps",
    '""@example.org': "perhaps",
    "jane@1.2.3.4": "perhaps",
}

PLAINLY_GOOD = re.compile(r"(?=.{1,64}@)[a-z0-9]+(?:[.+-][a-z0-9]+)*@[a-z0-9]{1,20}\.example")


def is_deliverable(address: str) -> Deliverable:
    """What is known of an address; of one that hypothesis made up, little."""
    known = ADDRESSES.get(address)
    return known or ("yes" if PLAINLY_GOOD.fullmatch(address) else "perhaps")


@dataclass(frozen=True)
class Setting:
    """A setting of the club: a variable of the environment, or a column of the site's row.

    `fate` is what is to become of it: used, refused by name, or either.
    """

    name: str
    value: str
    fate: Literal["used", "refused", "either"] = "either"

    @property
    def is_of_the_site(self) -> bool:
        """Whether it is a column and not a variable."""
        return self.name.islower()

    @property
    def of_the_site(self) -> Mapping[str, str]:
        """What is to be written into the site's row, so that this setting counts."""
        own = {self.name: self.value} if self.is_of_the_site else {}
        return {**MADE_TO_COUNT.get(self.name, {}), **own}

    @property
    def variables(self) -> Mapping[str, str]:
        """What is to be written into the environment, so that this setting counts."""
        if self.is_of_the_site:
            return {"DEFAULT_FROM_EMAIL": ""} if self.name == "domain_name" else {}
        return {self.name: self.value, "EMAIL_DEV_MODE": str(self.name == DEV_MODE)}


def _all(fate: Literal["used", "refused", "either"], **values: tuple[str, ...]) -> list[Setting]:
    return [Setting(name, value, fate) for name, given in values.items() for value in given]


INJECTED = "office@example.org\r\nBcc: evil@x.org"

SETTINGS = (
    *_all(
        "used",
        DEFAULT_FROM_EMAIL=(
            "office@example.org",
            "High Meadow <office@example.org>",
            "High Meadow, Inc. <office@example.org>",
            '"a\\"b" <office@example.org>',
            "\u00dc <office@b\u00fccher.example>",
            "<office@example.org>",
            "=?utf-8?q?x=0d=0aBcc=3a_evil=40x=2eorg?= <office@example.org>",
            "nowhere",
        ),
        OPERATORS_EMAIL=("operators@b\u00fccher.example", '"the office"@example.org'),
        MEMBERS_MAILING_LIST=("Members <list@example.org>", "list@b\u00fccher.example"),
        SITE_URL=("https://www.example.org", "http://b\u00fccher.example:8080/app/?q#f"),
        canonical_url=(
            "",
            "https://b\u00fccher.example",
            "https://user:secret@www.example.org:8443/path",
            "HTTPS://WWW.EXAMPLE.ORG",
            "www.example.org",
        ),
        club_logo=("logo.png", "a b/\u00fc \"'<>&?#.png", "https://cdn.example/x.png?a=1&b=2"),
        club_timezone=(" America/New_York\n",),
    ),
    *_all(
        "refused",
        DEFAULT_FROM_EMAIL=(
            "office@exa mple.org",
            "office@-example.org",
            "office@example..org",
            "ja..ne@example.org",
            "office@" + "x" * 64 + ".org",
            "office@" + "label." * 39 + "example",
            "<office@example.org\r\nBcc: evil@x.org>",
            "of\u202efice@example.org",
            "b\u00fcro@example.org",
        ),
        OPERATORS_EMAIL=("nobody", INJECTED, "a@example.org, b@example.org", "a@b"),
        SITE_URL=("javascript:alert(1)", "ftp://example.org", "https://", "//"),
        MEDIA_URL=("javascript:alert(1)", "data:text/html,x", "ftp://x.org/", "https://"),
        EMAIL_DEV_MODE_REDIRECT_TO=("nobody", INJECTED, "a@example.org,a@b"),
        club_timezone=(
            *("Mars/Olympus", "../../etc/passwd", "/etc/localtime", "America", ".", "..", "\u00fc"),
            *(
                "America/New_York\r\nBcc: x",
                "<script>",
                "x" * 5000,
                "\U0001f469",
                "-1",
            ),
        ),
    ),
    *_all(
        "either",
        DEFAULT_FROM_EMAIL=(INJECTED, "a@example.org, b@x.org", "(" * 5000, '"' * 999 + "@x.org"),
        MEMBERS_MAILING_LIST=(INJECTED, "a@b", "a@example.org, b@x.org", "(" * 5000),
        SITE_URL=("https://[::1", "https://[::1]", "https://example.org\\@evil.org"),
        MEDIA_URL=("//cdn.example/", "/files/", "https://cdn.example/a b\"'<>", "\r\n\t"),
        domain_name=(
            *("", "b\u00fccher.example", "exa mple.org", "example.org\r\nBcc: evil@x.org", "-"),
            *("<script>alert(1)</script>", "x" * 5000, "a/b@c", "[127.0.0.1]", "\u202eexample.org"),
        ),
        canonical_url=(
            *("javascript:alert(1)", "https://example.org\\@evil.org", "https://a\r\nb.org", "//"),
            *('https://example.org" onclick="alert(1)', "https://[::1", "https://\u2100.example"),
            *("https://localhost:8000", "https://127.0.0.1", "https://x.org:99999", "data:,x"),
        ),
        club_logo=(
            *("javascript:alert(1)", "data:image/svg+xml,<svg onload=alert(1)>", "//evil.org/x"),
            *('https://x.org/" onerror="alert(1)', "http://[::1", "../../../x.png", "x" * 5000),
            *("https://", "\r\n", "http:/\\evil.org"),
        ),
    ),
)

# Everything that PostgreSQL can hold.
ANY_LETTER = st.characters(exclude_characters="\x00", exclude_categories=["Cs"])
PIECES = (
    *("\r\n", "\n.\n", "\n\n", "\r", "\x85", "\u2028", "\x1b[31m", "\t", "  ", "--", "- ", "."),
    *("<b>", "</p>", "<!--", "&amp;", "&", '"', "'", "\\", "\\n", ",", ";", ":", "{{7*7}}", "{%"),
    *("%s", "=?utf-8?q?=0d=0aBcc=3a?=", "Bcc: e@x.org", "\u202e", "\u0301", "\u200d", "\ufeff"),
    *("\u05d0", "\u0640", "\U0001f469", "\U00020000", "BEGIN:VEVENT", "Ann", "K7", "x" * 997),
)

texts = st.one_of(
    st.text(ANY_LETTER, max_size=40),
    st.lists(st.sampled_from(PIECES) | st.text(ANY_LETTER, max_size=3), max_size=8).map("".join),
    st.sampled_from(sorted(TEXTS.values())),
    st.builds(str.__mul__, st.text(ANY_LETTER, min_size=1, max_size=3), st.integers(100, 1700)),
)
addresses = st.one_of(
    st.from_regex(PLAINLY_GOOD, fullmatch=True),
    st.sampled_from(sorted(ADDRESSES)),
    st.emails(),
    st.builds(lambda local: f"{local}@example.org", st.text(ANY_LETTER, max_size=20)),
    st.builds(lambda domain: f"jane@{domain}.example", st.text(ANY_LETTER, max_size=20)),
    texts,
)
# The environment holds any octets but NUL, and what is not UTF-8 as halves of surrogates.
_octets = st.binary(max_size=30).map(
    lambda octets: octets.replace(b"\0", b"").decode(errors="surrogateescape")
)
settings = st.one_of(
    st.sampled_from(SETTINGS),
    st.builds(
        Setting,
        st.sampled_from(sorted({item.name for item in SETTINGS if not item.is_of_the_site})),
        addresses | texts.filter(lambda text: "\0" not in text) | _octets,
    ),
    st.builds(
        Setting,
        st.sampled_from(sorted({item.name for item in SETTINGS if item.is_of_the_site})),
        texts | addresses,
    ),
)
