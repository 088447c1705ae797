"""The fault behind many failures: the smallest change of a report after which every check that failed would pass.

One wrong figure breaks every sum that holds it, and the person wants the figure, not the sums. What is looked for is a
set of *acts*, each one thing that may have gone wrong (a cell's figure, two figures exchanged, a column slid by a row, a
row lost, a table in another unit), such that all sums that fail come out and none that holds is broken. The best set is
the one that takes least to say: few acts, few cells, and acts that have a name (digits transposed) before bare figures.

The change that a failing sum asks of one of its cells is its residual divided by the cell's weight, up to what rounding
allows; a single cell explains several failures when these intervals meet. So a cell that stands in two sums or more can
be told from its neighbours, and one that stands in only one cannot. Two explanations that are equally small are both
given. Nothing is ever changed: a cause says with which figure the report *would* reconcile.

``network`` makes cells and sums of a report, ``search`` finds the fewest acts, the modules of several cells offer it theirs,
``names`` knows slips of the hand, and ``cause`` tells what was found.
"""

from fatk.causes.cause import Cause, sentence, stands, title
from fatk.causes.explanations import find

__all__ = ["Cause", "find", "sentence", "stands", "title"]
