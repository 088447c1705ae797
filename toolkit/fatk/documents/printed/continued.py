"""Tables that go on over the end of a page become one again: the header that is printed again is left out, and a row that the
page's end cuts is one row."""

from __future__ import annotations

from collections.abc import Sequence

from fatk.documents.printed.lines import Line
from fatk.documents.printed.tables import Table, has_figure, is_full
from fatk.grid import Range

#: In points: how far edges of columns may be from each other; the room that a page may leave below a table that goes on,
#: beyond the height of so many rows where a header is repeated, else of one.
_SAME_EDGE, _ROOM, _ROWS = 3.0, 6.0, 3


def goes_on(whole: Table, piece: Table, after: Table, room: float) -> bool:
    """Whether a table at the top of the next page is the rest of one whose last piece ends a page with so much room below:
    its columns are the same, and the room was too small for its next row; or there is nothing but its header again, as above
    a note that did not fit."""
    if not _same_columns(piece, after):
        return False
    repeated = repeated_rows(whole, after)
    if repeated == len(after.rows) - 1 < len(whole.rows) - 1:
        return True
    following = min(repeated, len(after.rows) - 2)
    rows = 1 if _only_titles(after, repeated) else _ROWS
    return room <= rows * (after.rows[following] - after.rows[following + 1]) + _ROOM


def _only_titles(after: Table, repeated: int) -> bool:
    """Whether all that is repeated are titles over all columns, such as each of several forms has."""
    whole_width = (0, len(after.columns) - 2)
    return all(found[1::2] == whole_width for row in range(repeated) for found in after.row(row))


def _same_columns(table: Table, after: Table) -> bool:
    if len(table.columns) != len(after.columns):
        return False
    moved = after.columns[0] - table.columns[0]
    return all(abs(b - moved - a) <= _SAME_EDGE for a, b in zip(table.columns, after.columns, strict=True))


def repeated_rows(table: Table, after: Table) -> int:
    """How many rows at the top of a table are those of the one before."""
    count = 0
    while count < min(len(table.rows), len(after.rows)) - 1:
        one = {found: _words(lines) for found, lines in table.row(count).items()}
        if not one or one != {found: _words(lines) for found, lines in after.row(count).items()}:
            break
        count += 1
    # Merged cells of the header must end with it.
    while count and any(r1 < count <= r2 for r1, _, r2, _ in after.merges):
        count -= 1
    return count


def _words(lines: Sequence[Line]) -> str:
    return "".join("".join(line.text.split()) for line in lines)


def joined(table: Table, after: Table) -> Table:
    """A table and its rest as one; a row that is cut between them is one row."""
    skipped = repeated_rows(table, after)
    cut = _is_cut(table, after, skipped)
    texts = dict(table.texts)
    merges = list(table.merges)
    shift = len(table.rows) - 1 - skipped - cut
    moved: list[Range] = []
    for found, lines in after.texts.items():
        if found[0] < skipped:
            continue
        if cut and found[0] == skipped:
            above = _above(table, found)
            texts[above] = [*texts.get(above, []), *lines]
        else:
            texts[_shifted(found, shift)] = lines
    for found in after.merges:
        if found[0] >= skipped + cut:
            moved.append(_shifted(found, shift))
        elif cut and found[0] == skipped and found[2] > skipped:
            # What is left of a range that begins in the cut row goes on from the one above.
            above = _above(table, found)
            merges = [m for m in merges if m != above]
            longer = (above[0], above[1], found[2] + shift, above[3])
            if above in texts:
                texts[longer] = texts.pop(above)
            merges.append(longer)
    rows = (*table.rows, *_below(table.rows[-1], after.rows[skipped + cut :]))
    result = Table(
        table.page, table.columns, rows, texts, sorted(merges + moved), table.astray + after.astray
    )
    _go_on(result, len(table.rows) - 1, after, skipped, cut)
    result.texts = dict(sorted(result.texts.items()))
    return result


def _below(last: float, edges: Sequence[float]) -> list[float]:
    """The edges of rows as if they went on below."""
    return [last - (edges[0] - edge) for edge in edges[1:]]


def _shifted(found: Range, rows: int) -> Range:
    r1, c1, r2, c2 = found
    return r1 + rows, c1, r2 + rows, c2


def _above(table: Table, found: Range) -> Range:
    """The range of the last row of a table in the columns of a range of the next one."""
    last = len(table.rows) - 2
    for other in (*table.merges, *table.texts):
        if other[2] == last and other[1] <= found[1] and found[3] <= other[3]:
            return other
    return last, found[1], last, found[3]


def _is_cut(table: Table, after: Table, skipped: int) -> bool:
    """Whether the first row of a table is the rest of the last one before it: it has no figure, only text where the row above
    has text, and its label is not complete above."""
    if skipped >= len(after.rows) - 2 and skipped:
        return False
    first = after.row(skipped)
    if not first or any(has_figure(lines) for lines in first.values()):
        return False
    above = {found: _above(table, found) for found in first}
    if any(above[found] not in table.texts or above[found][1::2] != found[1::2] for found in first):
        return False
    label = min(first, key=lambda found: found[1])
    last = len(table.rows) - 2
    leftmost = min((found for found in table.texts if found[2] == last), key=lambda found: found[1])
    if label[1] > leftmost[1]:
        return True
    lines = table.texts[above[label]]
    return is_full(lines[-1], table.width(above[label]))


def _go_on(result: Table, last: int, after: Table, skipped: int, cut: bool) -> None:
    """Let merged ranges that reach the end of the page go on over it, where nothing is in their columns beyond."""
    for found in [m for m in result.merges if m[2] == last - 1 and m[2] > m[0]]:
        first = skipped + cut
        beyond = [m for m in after.merges if m[0] == first and m[1::2] == found[1::2]]
        bottom = beyond[0][2] if beyond else first
        held = any(r1 == first and c1 <= found[3] and c2 >= found[1] for r1, c1, _, c2 in after.texts)
        if held or (not beyond and found[1] != found[3]) or first > len(after.rows) - 2:
            continue
        shift = last - skipped - cut
        longer = (found[0], found[1], bottom + shift, found[3])
        result.merges = sorted(
            [m for m in result.merges if m != found and m not in {_shifted(b, shift) for b in beyond}]
            + [longer]
        )
        if found in result.texts:
            result.texts[longer] = result.texts.pop(found)
