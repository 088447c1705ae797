"""How much of narratives is read, how much of that is right, and how long it takes: ``make bench``.

Precision and recall are of the samples of ``tests/data/narrative_samples.json``, those that wordings were tuned to and those
that nothing was tuned to apart. Times are of the narrative of a real report.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fatk import formats  # noqa: E402
from fatk.document import Document, Paragraph  # noqa: E402
from fatk.narrative.reading import read_document, read_narrative  # noqa: E402
from fatk.narrative.tables import taken_out  # noqa: E402
from fatk.narrative.writing import narrative_of  # noqa: E402
from fatk.reading import LIKELY, POSSIBLE  # noqa: E402
from fatk.spec import load  # noqa: E402
from samples import Sample, proposed, samples, taken  # noqa: E402

#: About so many characters are a printed page.
PAGE = 700


def share(part: int, whole: int) -> str:
    return f"{part:4d} / {whole:4d} = {part / whole:6.1%}" if whole else "   – "


def quality(of: Collection[Sample]) -> None:
    """Print precision and recall of facts, and precision of proposals with what they add to recall."""
    stated = sum(len(one.stated) for one in of)
    facts = sum(len(taken(one).facts) for one in of)
    right = sum(len(taken(one).facts & one.stated) for one in of)
    print(f"  facts      precision {share(right, facts)}   recall {share(right, stated)}")
    for certainty in (LIKELY, POSSIBLE):
        judged = [good for one in of for _, good in proposed(one, certainty)]
        print(
            f"  {certainty:10s} precision {share(sum(judged), len(judged))}   more recall {share(sum(judged), stated)}"
        )


def best_of(rounds: int, work: Callable[[], object]) -> float:
    """The least time that a job takes, in milliseconds."""
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times) * 1_000


def main() -> None:
    tuned = [one for one in samples() if not one.unseen]
    unseen = [one for one in samples() if one.unseen]
    print(f"narratives: {len(tuned)} samples that wordings were tuned to")
    quality(tuned)
    print(f"narratives: {len(unseen)} samples that nothing was tuned to")
    quality(unseen)

    report = formats.read(ROOT / "datapackages" / "wuerhe-2022" / "report.json").report
    document = narrative_of(report)[0]
    _, text = taken_out(document)
    size = sum(len(paragraph.text) for paragraph in text.paragraphs)
    spec = load()
    read_document(document, spec)
    print(f"reading the narrative of wuerhe-2022, {size:,} characters beside its tables")
    print(f"  text alone           {best_of(5, lambda: read_narrative(text, spec)):8.1f} ms")
    print(f"  text and tables      {best_of(5, lambda: read_document(document, spec)):8.1f} ms")
    print(f"  report → narrative   {best_of(5, lambda: narrative_of(report)):8.1f} ms")
    pages = 100
    body = [p for p in text.paragraphs if p.level == 0] * (pages * PAGE // size + 1)
    long = Document((*text.paragraphs, *(Paragraph(p.text) for p in body)))
    print(f"  {pages} pages of text    {best_of(3, lambda: read_narrative(long, spec)):8.1f} ms")


if __name__ == "__main__":
    main()
