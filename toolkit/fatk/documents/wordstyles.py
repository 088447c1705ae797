"""Styles and list numbers of a Word document (ECMA-376 part 1, 17.7 and 17.9), as far as they change what its text says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fatk.archive import Member
from fatk.documents.counting import WORD
from fatk.errors import Refused
from fatk.officeparts import Package
from fatk.strictxml import Attributes, Parse, Qualify

MAIN = frozenset(
    {
        "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "http://purl.oclc.org/ooxml/wordprocessingml/main",
    }
)
OFF = frozenset({"0", "false", "off", "none", "baseline"})
#: Levels that the outline of a document has; of lists there are as many.
LEVELS = 9
#: A style is never far from what it inherits from.
_STEPS = 32
_HEADING = re.compile(r"(?:heading|标题) ?([1-9])", re.IGNORECASE)
_TITLE = re.compile(r"title|标题|文档标题", re.IGNORECASE)
_CONTENTS = re.compile(r"(?:toc|目录) ?[1-9]", re.IGNORECASE)
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_PLACE = re.compile(r"%([1-9])")
#: Behind these marks no blank is seen before the text.
_TIGHT = "、．。，：；）】〕》」』"


def whole(text: str | None, default: int = 0) -> int:
    """A whole number as an attribute states it."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else default


@dataclass(slots=True)
class Run:
    """What is stated of the look of a run: ``None`` where it is left to what it inherits from."""

    hidden: bool | None = None
    struck: bool | None = None
    raised: bool | None = None
    style: str | None = None

    def take(self, name: str, value: str | None) -> None:
        """Take one property by its local name."""
        if name == "vanish":
            self.hidden = value not in OFF
        elif name in {"strike", "dstrike"}:
            self.struck = value not in OFF or bool(self.struck)
        elif name == "vertAlign":
            self.raised = value not in OFF
        elif name == "rStyle":
            self.style = value


RUN_PROPERTIES = ("vanish", "strike", "dstrike", "vertAlign", "rStyle")


@dataclass(slots=True)
class Style:
    """A style as it is stated."""

    name: str = ""
    base: str | None = None
    outline: int | None = None
    list: str | None = None  # the list that its paragraphs are in
    list_level: int | None = None
    run: Run = field(default_factory=Run)


class Styles:
    """The styles of a document by their ids."""

    def __init__(self, styles: Mapping[str, Style], default: str | None) -> None:
        self.styles, self.default = styles, default
        self._levels: dict[str | None, int] = {}
        self._runs: dict[tuple[str | None, str], bool | None] = {}

    def _chain(self, style: str | None) -> list[tuple[str, Style]]:
        found: list[tuple[str, Style]] = []
        while style is not None and len(found) < _STEPS:
            stated = self.styles.get(style)
            if stated is None:
                break
            found.append((style, stated))
            style = stated.base
        return found

    def level(self, style: str | None) -> int:
        """The level of headings of a paragraph style: 1 is the highest, 0 is none."""
        if style not in self._levels:
            self._levels[style] = self._level(style)
        return self._levels[style]

    def _level(self, style: str | None) -> int:
        for _, stated in self._chain(style or self.default):
            if stated.outline is not None:
                return stated.outline + 1 if 0 <= stated.outline < LEVELS else 0
            if match := _HEADING.fullmatch(stated.name):
                return int(match[1])
            if _TITLE.fullmatch(stated.name):
                return 1
        return 0

    def is_contents(self, style: str | None) -> bool:
        """Whether a paragraph style is that of entries of the table of contents."""
        stated = self.styles.get(style) if style else None
        return stated is not None and _CONTENTS.fullmatch(stated.name) is not None

    def numbers(self, style: str | None) -> tuple[str, int | None, str] | None:
        """The list of a paragraph style, its level if it states one, and the style that states the list."""
        for name, stated in self._chain(style or self.default):
            if stated.list is not None:
                return stated.list, stated.list_level, name
        return None

    def of_run(self, what: str, run: Run, paragraph: str | None) -> bool:
        """Whether a run is ``hidden``, ``struck`` or ``raised``, by itself or by its styles."""
        direct: bool | None = getattr(run, what)
        if direct is not None:
            return direct
        for style in (run.style, paragraph or self.default):
            key = (style, what)
            if key not in self._runs:
                stated = (getattr(each.run, what) for _, each in self._chain(style))
                self._runs[key] = next((value for value in stated if value is not None), None)
            found = self._runs[key]
            if found is not None:
                return found
        return False


def read_styles(package: Package, member: Member | None) -> Styles:
    """The styles of a document."""
    styles: dict[str, Style] = {}
    default: list[str] = []

    def start(path: tuple[str, ...], get: Callable[[str], str | None]) -> None:
        if path == ("style",):
            name = get("styleId") or ""
            styles[name] = Style()
            _few(len(styles), package, member)
            if get("type") == "paragraph" and (get("default") or "0") not in OFF:
                default.append(name)
        elif path[:1] != ("style",) or not styles:
            return
        style = next(reversed(styles.values()))
        value = get("val")
        if path == ("style", "name"):
            style.name = value or ""
        elif path == ("style", "basedOn"):
            style.base = value
        elif path == ("style", "pPr", "outlineLvl"):
            style.outline = whole(value, LEVELS)
        elif path == ("style", "pPr", "numPr", "numId"):
            style.list = value
        elif path == ("style", "pPr", "numPr", "ilvl"):
            style.list_level = whole(value)
        elif path[:2] == ("style", "rPr") and len(path) == 3:
            style.run.take(path[2], value)

    if member is not None:
        _walk(package, member, "styles", start)
    return Styles(styles, default[0] if default else None)


# Lists


@dataclass(slots=True)
class Level:
    """One level of a list: how it counts, and what is shown."""

    start: int = 0
    format: str = "decimal"
    text: str = ""
    suffix: str = "tab"
    restart: int | None = None
    style: str | None = None
    plain: bool = False  # all numbers that it shows are in digits


@dataclass(slots=True)
class _List:
    """A list as it is used: its levels are those of what it is made from, and those that it states itself."""

    base: str = ""
    starts: dict[int, int] = field(default_factory=dict)
    levels: dict[int, Level] = field(default_factory=dict)


class Lists:
    """The lists of a document, and how far each has counted."""

    def __init__(self, bases: Mapping[str, dict[int, Level]], lists: Mapping[str, _List]) -> None:
        self.bases, self.lists = bases, lists
        self.counts: dict[str, dict[int, int]] = {}
        self.begun: set[str] = set()

    def level_of(self, name: str, style: str) -> int:
        """The level of a list that belongs to a paragraph style."""
        used = self.lists.get(name)
        levels = self.bases.get(used.base, {}) if used else {}
        return next((number for number, level in levels.items() if level.style == style), 0)

    def next(self, name: str, at: int) -> str:
        """Count one more paragraph in a list at a level; what is shown before its text, as far as it is a number."""
        used = self.lists.get(name)
        if used is None or not 0 <= at < LEVELS:
            return ""
        levels = {**self.bases.get(used.base, {}), **used.levels}
        level = levels.get(at)
        if level is None:
            return ""
        counts = self.counts.setdefault(used.base, {})
        if name not in self.begun:
            self.begun.add(name)
            for overridden in used.starts:
                counts.pop(overridden, None)

        def first(number: int) -> int:
            return used.starts.get(number, levels[number].start if number in levels else 1)

        counts[at] = counts[at] + 1 if at in counts else first(at)
        for deeper in [number for number in counts if number > at]:
            restart = levels[deeper].restart if deeper in levels else None
            if restart is None or at < restart:
                del counts[deeper]
        for higher in range(at):
            counts.setdefault(higher, first(higher))
        if level.format == "bullet":
            return ""

        def shown(match: re.Match[str]) -> str:
            number = int(match[1]) - 1
            if number > at:
                return ""
            form = "decimal" if level.plain or number not in levels else levels[number].format
            return WORD.get(form, str)(max(counts[number], 0))

        text = _PLACE.sub(shown, level.text)
        if not text.strip():
            return ""
        return text if level.suffix == "nothing" or text[-1] in _TIGHT else f"{text.rstrip()} "


def read_lists(package: Package, member: Member | None, styles: Styles) -> Lists:
    """The lists of a document."""
    bases: dict[str, dict[int, Level]] = {}
    lists: dict[str, _List] = {}
    through: dict[str, str] = {}  # a list's levels are those that a style of lists names
    level = Level()
    overridden = 0

    def start(path: tuple[str, ...], get: Callable[[str], str | None]) -> None:
        nonlocal level, overridden
        value = get("val")
        if path == ("abstractNum",):
            bases[get("abstractNumId") or ""] = {}
        elif path == ("num",):
            lists[get("numId") or ""] = _List()
        elif path == ("abstractNum", "numStyleLink"):
            through[next(reversed(bases))] = value or ""
        elif path == ("num", "abstractNumId"):
            next(reversed(lists.values())).base = value or ""
        elif path == ("num", "lvlOverride"):
            overridden = whole(get("ilvl"))
        elif path == ("num", "lvlOverride", "startOverride"):
            next(reversed(lists.values())).starts[overridden] = whole(value)
        elif path in {("abstractNum", "lvl"), ("num", "lvlOverride", "lvl")}:
            level = Level()
            held = (
                next(reversed(bases.values()))
                if path[0] == "abstractNum"
                else next(reversed(lists.values())).levels
            )
            held[whole(get("ilvl"))] = level
        elif "lvl" in path[:3]:
            _take(level, path[-1], value)
        _few(len(bases) + len(lists), package, member)

    if member is not None:
        _walk(package, member, "numbering", start)
    for name, style in through.items():
        named = styles.styles.get(style)
        used = lists.get(named.list) if named and named.list else None
        if used is not None and used.base != name:
            bases[name] = bases.get(used.base, {})
    return Lists(bases, lists)


def _take(level: Level, name: str, value: str | None) -> None:
    if name == "start":
        level.start = whole(value)
    elif name == "numFmt":
        level.format = value or ""
    elif name == "lvlText":
        level.text = (value or "")[:200]
    elif name == "suff":
        level.suffix = value or "tab"
    elif name == "lvlRestart":
        level.restart = whole(value)
    elif name == "pStyle":
        level.style = value
    elif name == "isLgl":
        level.plain = value not in OFF


def _few(count: int, package: Package, member: Member | None) -> None:
    if count > package.limits.styles:
        part = member.name if member else ""
        raise Refused("XLSX_TOO_MANY_STYLES", part=part, limit=package.limits.styles)


def _walk(
    package: Package,
    member: Member,
    root: str,
    take: Callable[[tuple[str, ...], Callable[[str], str | None]], None],
) -> None:
    """Tell every element of a part below its root by its path of local names; what may stand in several ways is transparent."""

    def begin(parse: Parse, qualify: Qualify) -> None:
        space = qualify("")
        path: list[str] = []
        passed: list[bool] = []

        def start(name: str, attributes: Attributes) -> None:
            parse.elements += 1
            own = name.startswith(space)
            passed.append(own)
            if len(passed) > package.limits.xml_depth:
                raise Refused("XML_TOO_COMPLEX", part=member.name, limit=package.limits.xml_depth)
            if own:
                path.append(name[len(space) :])
                take(tuple(path), lambda wanted: attributes.get(space + wanted))

        def end(_name: str) -> None:
            if passed and passed.pop():  # the root is not among them
                path.pop()

        parse.parser.StartElementHandler = start
        parse.parser.EndElementHandler = end

    package.parse(member, root, MAIN, begin)
