"""Wordings of every kind: what is stated as a fact is right, always; how much is found, and how good proposals are, is held."""

from __future__ import annotations

import pytest

from fatk.narrative.homes import home
from fatk.reading import LIKELY
from samples import Sample, proposed, samples, taken

#: Families of wordings of which there is at least one sample each.
FAMILIES = {
    "totals", "joining last year", "change", "no change", "reason", "composition", "against budget", "item", "overseas",
    "vehicles", "reception", "operating cost", "procurement", "assets", "performance", "empty funds", "people", "pitfall",
}  # fmt: skip


def test_the_samples_are_of_every_family() -> None:
    assert {sample.family for sample in samples()} == FAMILIES
    assert len({sample.id for sample in samples()}) == len(samples()) >= 40
    assert sum(sample.unseen for sample in samples()) >= 10
    for sample in samples():
        assert all(home(path) for path in sample.says)


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.id)
def test_nothing_wrong_is_ever_stated_as_a_fact(sample: Sample) -> None:
    assert taken(sample).facts <= sample.stated


def test_of_what_the_samples_say_enough_is_stated() -> None:
    tuned = [sample for sample in samples() if not sample.unseen]
    found = sum(len(taken(sample).facts & sample.stated) for sample in tuned)
    assert found >= 0.95 * sum(len(sample.stated) for sample in tuned)


def test_likely_proposals_are_right_and_add_to_what_is_found_in_wordings_never_seen() -> None:
    judged = {sample: [right for _, right in proposed(sample, LIKELY)] for sample in samples()}
    assert all(all(rights) for rights in judged.values())
    unseen = [sample for sample in samples() if sample.unseen]
    assert sum(len(judged[sample]) for sample in unseen) >= 0.3 * sum(len(sample.stated) for sample in unseen)
