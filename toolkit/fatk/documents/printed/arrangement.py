"""Pages as a document: furniture taken off, tables over page ends joined, all in the order in which people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from fatk.document import Block, Document, Paragraph
from fatk.documents.printed.continued import goes_on, joined
from fatk.documents.printed.furniture import furniture, outermost
from fatk.documents.printed.lines import Line, lines_of
from fatk.documents.printed.page import Page
from fatk.documents.printed.paragraphs import Builder, levels, measures, usual_steps
from fatk.documents.printed.struck import set_struck_apart
from fatk.documents.printed.tables import Table, cell_text, tables_of
from fatk.grid import TEXT, Cell, Sheet

#: No more than this of a page's height is margin at its foot.
_FOOT = 0.12
#: Of things left out, so many are named.
_NAMED = 10
#: What is added to a title that is printed again.
_AGAIN = ("（续）", "(续)", "（续表）", "(续表)", "续表", "续")


@dataclass(slots=True)
class _Spread:
    """One page as it is arranged: its lines outside tables, its tables, and how many grids on it were none."""

    page: Page
    lines: list[Line]
    tables: list[Table]
    broken: int

    def items(self) -> list[Line | Table]:
        """Lines and tables from top to bottom."""
        return sorted([*self.lines, *self.tables], key=lambda item: -item.top)

    @property
    def size(self) -> tuple[int, int]:
        """The format of the page."""
        return round(self.page.width), round(self.page.height)


@dataclass(slots=True)
class _Told:
    """What is noticed while pages are arranged."""

    left_out: list[Line] = field(default_factory=list)
    further: dict[int, list[int]] = field(
        default_factory=dict
    )  # pages that a table goes on to, by its identity
    unread: list[str] = field(default_factory=list)

    def notices(self, continued: list[str]) -> tuple[tuple[str, str], ...]:
        texts = [*dict.fromkeys(line.text for line in self.left_out)]
        named = "; ".join(texts[:_NAMED]) + "; …" * (len(texts) > _NAMED)
        return (
            *([("PAGE_FURNITURE", named)] if texts else ()),
            *(("TABLE_CONTINUED", place) for place in continued),
            *(("TABLE_UNREAD", place) for place in self.unread),
        )


def arrange(pages: Sequence[Page]) -> Document:
    """The paragraphs and tables of printed pages; what was left out, joined or not read as a table is noticed as
    ``PAGE_FURNITURE``, ``TABLE_CONTINUED``, ``TABLE_UNREAD``."""
    told = _Told()
    spreads = [_spread(page) for page in pages]
    told.unread += [f"第{spread.page.number}页" for spread in spreads if spread.broken]
    _take_off(spreads, told)
    _join(spreads, told)
    builder = Builder(
        levels([line for spread in spreads for line in spread.lines]),
        usual_steps([spread.lines for spread in spreads]),
    )
    blocks: list[Block | None] = []
    continued: list[str] = []
    counts: Counter[int] = Counter()
    measured = measures([(spread.lines, spread.page.width) for spread in spreads])
    for spread, measure in zip(spreads, measured, strict=True):
        for item in spread.items():
            if isinstance(item, Line):
                blocks.append(builder.take(item, measure))
                continue
            counts[item.page] += 1
            name = f"第{item.page}页表{counts[item.page]}"
            blocks += [builder.below(item.columns[0], item.columns[-1]), _sheet(item, name)]
            blocks += [Paragraph(line.text, pages=((0, line.page),)) for line in item.astray]
            continued += [f"{name} → 第{page}页" for page in told.further.get(id(item), ())]
            told.unread += [f"{name} “{line.text}”" for line in item.astray]
    blocks.append(builder.end())
    return Document(tuple(block for block in blocks if block is not None), told.notices(continued))


def _spread(page: Page) -> _Spread:
    tables, rest, broken = tables_of(set_struck_apart(page))
    return _Spread(page, lines_of(rest, page.number), tables, broken)


def _sheet(table: Table, name: str) -> Sheet:
    rows: dict[int, dict[int, Cell]] = {}
    for found, lines in sorted(table.texts.items()):
        rows.setdefault(found[0], {})[found[1]] = Cell(cell_text(lines, table.width(found)), TEXT)
    return Sheet(name, rows, tuple(table.merges), plain=True)


def _take_off(spreads: Sequence[_Spread], told: _Told) -> None:
    """Take page numbers and running heads off the pages."""
    heads: dict[int, list[Line]] = {}
    feet: dict[int, list[Line]] = {}
    for index, spread in enumerate(spreads):
        highest = max((table.top for table in spread.tables), default=float("-inf"))
        lowest = min((table.bottom for table in spread.tables), default=float("inf"))
        above = [line for line in spread.lines if line.base >= highest]
        below = [line for line in spread.lines if line.top <= lowest]
        heads[index] = outermost(above, spread.page.edges, above=True)
        feet[index] = outermost(below, spread.page.edges, above=False)
    off = furniture(heads, feet, len(spreads))
    for spread in spreads:
        told.left_out += [line for line in spread.lines if id(line) in off]
        spread.lines = [line for line in spread.lines if id(line) not in off]


@dataclass(slots=True)
class _Open:
    """A table that may go on: the page that it begins on, the whole of it, its last piece and the page of that, and the lines
    above it."""

    owner: _Spread
    whole: Table
    piece: Table
    last: _Spread
    titles: set[str]


def _join(spreads: Sequence[_Spread], told: _Told) -> None:
    """Join tables that go on over the end of a page."""
    floors: dict[tuple[int, int], float] = {}
    for spread in spreads:
        bottoms = [item.bottom - spread.page.edges[1] for item in spread.items()]
        floors[spread.size] = min([floors.get(spread.size, _FOOT * spread.page.height), *bottoms])
    open_table: _Open | None = None
    for spread in spreads:
        items = spread.items()
        if not items:
            continue
        first = next((index for index, item in enumerate(items) if isinstance(item, Table)), len(items))
        above = [item for item in items[:first] if isinstance(item, Line)]
        after = items[first] if first < len(items) else None
        if (
            open_table is not None
            and isinstance(after, Table)
            and spread.page.number == open_table.last.page.number + 1
            and all(_plain(line) in open_table.titles for line in above)
            and goes_on(open_table.whole, open_table.piece, after, _room(open_table, floors))
        ):
            _add(open_table, after, spread, above, told)
            open_table.piece, open_table.last = after, spread
            if items[-1] is after:
                continue
        open_table = _opened(spread, items)


def _room(table: _Open, floors: dict[tuple[int, int], float]) -> float:
    return table.piece.bottom - table.last.page.edges[1] - floors[table.last.size]


def _add(table: _Open, after: Table, spread: _Spread, above: list[Line], told: _Told) -> None:
    """Put the rest of a table to it; the lines above it were printed again."""
    whole = joined(table.whole, after)
    owner = table.owner.tables
    owner[owner.index(table.whole)] = whole
    told.further[id(whole)] = [*told.further.pop(id(table.whole), []), spread.page.number]
    table.whole = whole
    spread.tables.remove(after)
    spread.lines = [line for line in spread.lines if all(line is not other for other in above)]
    told.left_out += above


def _opened(spread: _Spread, items: Sequence[Line | Table]) -> _Open | None:
    """The table at the end of a page, which may go on."""
    last = items[-1]
    if not isinstance(last, Table) or last not in spread.tables:
        return None
    titles: set[str] = {""}
    for item in reversed(items[:-1]):
        if isinstance(item, Table):
            break
        titles.add(_plain(item))
    return _Open(spread, last, last, spread, titles)


def _plain(line: Line) -> str:
    """The text of a line without blanks and without what says that it is printed again."""
    text = "".join(line.text.split())
    for word in _AGAIN:
        text = text.replace(word, "")
    return text
