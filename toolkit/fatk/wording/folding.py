"""The text of a document as sentences are compared with it: one line, without blanks, widths and look-alike signs folded.

Every folded character knows where it came from, so that what is read keeps its printed text and its place.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from fatk.document import Paragraph

#: Signs that are written for one another. Radicals stand for characters in the text layer of some PDFs.
_ALIKE = {
    **dict.fromkeys("“”„‟«»「」『』", '"'),
    **dict.fromkeys("‘’‚‛", "'"),
    **dict.fromkeys("‐‑‒–—―−﹣─", "-"),
    "∶": ":", "﹕": ":", "︰": ":", "·": "·", "•": "·",
    "⺟": "母", "⺠": "民", "⻁": "虎", "⻄": "西", "⻅": "见", "⻆": "角", "⻉": "贝", "⻋": "车", "⻓": "长", "⻔": "门",
    "⻘": "青", "⻚": "页", "⻛": "风", "⻜": "飞", "⻝": "食", "⻢": "马", "⻣": "骨", "⻥": "鱼", "⻦": "鸟", "⻨": "麦",
    "⻩": "黄", "⻬": "齐", "⻮": "齿", "⻰": "龙", "⺫": "目", "⺬": "示", "⻌": "辶", "⻤": "鬼",
}  # fmt: skip


@cache
def fold_character(character: str) -> str:
    """What a character is compared as: nothing for a blank. ² and ① are no digits and stay as they are."""
    if character in _ALIKE:
        return _ALIKE[character]
    folded = unicodedata.normalize("NFKC", character)
    if folded != character and any(c.isdigit() for c in folded) and not "０" <= character <= "９":
        return character
    return "".join(
        _ALIKE.get(c, c) for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc")
    )


def fold(text: str) -> str:
    """A text as it is compared."""
    return "".join(map(fold_character, text))


@dataclass(frozen=True, slots=True, eq=False)
class Running:
    """The paragraphs of a document as one folded text.

    ``origin`` has for every folded character its paragraph (from 0) and its place in that paragraph's text; ``starts`` where
    each paragraph begins in the folded text. A blank between two figures stays, since without it they would be one.
    """

    paragraphs: tuple[Paragraph, ...]
    text: str
    origin: tuple[tuple[int, int], ...]
    starts: tuple[int, ...]

    @property
    def loose(self) -> bool:
        """Whether it is a guess what is a paragraph; a document is so as a whole."""
        return bool(self.paragraphs) and self.paragraphs[0].loose

    @property
    def breaks(self) -> frozenset[int]:
        """Where a paragraph begins or may begin, where it is a guess what is one: behind a full stop; and the end of the text."""
        ends = enumerate(self.text, 1) if any(p.loose for p in self.paragraphs) else ()
        return frozenset((*self.starts, len(self.text), *(at for at, character in ends if character == "。")))

    def paragraph(self, position: int) -> int:
        """Which paragraph a folded character stands in, from 0."""
        return bisect_right(self.starts, position) - 1

    def printed(self, start: int, end: int) -> str:
        """The text between two folded places as it is printed, without blanks that only lay it out.

        A blank stays between Latin letters or figures; where a paragraph ends within it, a line feed.
        """
        if start >= end:
            return ""
        (first, at), (last, to) = self.origin[start], self.origin[end - 1]
        parts = []
        for number in range(first, last + 1):
            text = self.paragraphs[number].text
            parts.append(text[at if number == first else 0 : to + 1 if number == last else len(text)])
        loose = self.paragraphs[first].loose
        return ("" if loose else "\n").join(filter(None, map(tidy, parts)))


def tidy(text: str) -> str:
    """A text without blanks beside characters that need none."""
    words = text.split()
    kept = words[:1]
    for before, word in pairwise(words):
        apart = before[-1].isascii() and word[0].isascii() and (before[-1].isalnum() or word[0].isalnum())
        kept.append(f" {word}" if apart else word)
    return "".join(kept)


def run(paragraphs: Iterable[Paragraph]) -> Running:
    """The folded text of paragraphs."""
    folded: list[str] = []
    origin: list[tuple[int, int]] = []
    starts: list[int] = []
    kept = tuple(paragraphs)
    for number, paragraph in enumerate(kept):
        starts.append(len(folded))
        gap = -1
        for at, character in enumerate(paragraph.text):
            compared = fold_character(character)
            if not compared:
                gap = at
                continue
            if (
                gap >= 0
                and folded
                and len(folded) > starts[-1]
                and folded[-1].isdigit()
                and compared[0].isdigit()
            ):
                folded.append(" ")
                origin.append((number, gap))
            gap = -1
            for one in compared:
                folded.append(one)
                origin.append((number, at))
    return Running(kept, "".join(folded), tuple(origin), tuple(starts))
