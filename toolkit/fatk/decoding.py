"""Bytes as text, decided strictly and by rule: a byte order mark, a declaration, UTF-8, GB18030, in this order.

Whole files are tried and never samples. A guess by frequency is none: what fits no encoding, or two of them, is refused.
"""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from fatk.errors import Refused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
#: Names that files declare, letter case aside. GBK and GB2312 are parts of GB18030, and what is declared as one of them often
#: holds characters that only the whole has.
_DECLARED = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("gb2312", "gbk", "gb18030", "cp936", "ms936", "windows-936", "x-gbk"), "gb18030"),
}
#: Below this many bytes a text of a few characters of GBK may well be UTF-8 too.
_SHORT = 64
#: Letters that are met where GBK is taken for UTF-8, and hardly ever in a file of Chinese tables.
_FOREIGN = re.compile("[\u0080-\u00a6\u00a8-\u00af\u00b2-\u00b6\u00b8-\u00d6\u00d8-\u00f6\u00f8-\u07ff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BUT_FEED = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f]")


class Decoded(NamedTuple):
    """A text without its mark, the encoding it was in, and whether the file itself said so, by a mark or a declaration."""

    text: str
    encoding: str
    stated: bool


def marked(data: bytes) -> str | None:
    """The encoding that a byte order mark at the beginning tells; ``None`` where there is none."""
    return next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)


def known(declared: str) -> str | None:
    """The encoding that is meant by a declared name, or ``None`` where it is none that is read here."""
    return _DECLARED.get(declared.strip().lower())


def decode(data: bytes, name: str = "", declared: str | None = None, *, paged: bool = False) -> Decoded:
    """The text of a file. A declaration that its bytes contradict does not count. ``paged``: form feeds part its pages.

    ``Refused`` as ``TEXT_ENCODING`` where no encoding fits, ``ENCODING_AMBIGUOUS`` where a short text fits two, and
    ``CONTROL_CHAR`` where it holds what no text holds, as UTF-16 without its mark does.
    """
    decoded = _decoded(data, name, declared)
    if found := (_CONTROL_BUT_FEED if paged else _CONTROL).search(decoded.text):
        line = decoded.text.count("\n", 0, found.start()) + 1
        raise Refused("CONTROL_CHAR", path=name, line=line, character=f"U+{ord(found[0]):04X}")
    return decoded


def _decoded(data: bytes, name: str, declared: str | None) -> Decoded:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            text = _strict(data[len(mark) :], encoding)
            if text is None:
                raise Refused(
                    "TEXT_ENCODING", path=name, byte=_fault(data[len(mark) :], encoding) + len(mark)
                )
            return Decoded(text, encoding, True)
    if declared is not None and (wanted := known(declared)) and (text := _strict(data, wanted)) is not None:
        return Decoded(text, wanted, True)
    text, other = _strict(data, "utf-8"), None
    if text is None or (len(data) < _SHORT and _FOREIGN.search(text)):
        other = _strict(data, "gb18030")
    if text is not None and other is not None and text != other:
        raise Refused("ENCODING_AMBIGUOUS", path=name, first=text.strip()[:20], second=other.strip()[:20])
    if text is not None:
        return Decoded(text, "utf-8", False)
    if other is None:
        raise Refused("TEXT_ENCODING", path=name, byte=_fault(data, "utf-8"))
    return Decoded(other, "gb18030", False)


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _fault(data: bytes, encoding: str) -> int:
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return 0
