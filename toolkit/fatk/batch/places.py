"""Where the output of each source goes: the names of what was given, mirrored below the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from fatk.batch.orders import SUFFIXES


def outputs(paths: Iterable[str], to: str) -> Mapping[str, str]:
    """The output of each source, below the target: the source's name with the suffix of the form; with its own suffix too where
    another would have the same name, or where it would be a folder that others go into.

    Names are compared as systems do that do not tell large letters from small ones.
    """
    names = list(paths)
    suffix = SUFFIXES[to]
    folders = {str(parent).casefold() for name in names for parent in PurePosixPath(name).parents}
    short = {name: str(PurePosixPath(name).with_suffix("")) + suffix for name in names}
    same = Counter(value.casefold() for value in short.values())
    taken = {value.casefold() for value in short.values() if same[value.casefold()] == 1} - folders
    found = {}
    for name in names:
        if same[short[name].casefold()] == 1 and short[name].casefold() not in folders:
            found[name] = short[name]
            continue
        long = name + suffix
        while long.casefold() in taken or long.casefold() in folders:
            long = f"{long.removesuffix(suffix)}_{suffix}"
        taken.add(long.casefold())
        found[name] = long
    return found
