"""What a document says again: figures that restate a cell or one another, and rates against the amounts behind them.

``agrees``: a claim equals the cell that it restates, a repeated claim its first statement, and stated figures keep the
sums of a table that is missing. ``rate``: a printed percent is a quotient that the intervals of its amounts allow. Which
cell a claim restates and what a rate compares is read from the code lists claims and subjects and from the table changes;
a rule names the claims and the formula. A claim that the report does not have is not checked and not missed.
"""

from fatk.rules.narrative.agreements import agrees
from fatk.rules.narrative.rate_checks import rate

__all__ = ["agrees", "rate"]
