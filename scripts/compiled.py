"""A wheel of fatk whose reading and checking are compiled to machine code by mypyc: ``make compiled``.

It is the same code: what is compiled are the modules of ``MODULES`` as they are, and each stays beside its compiled form as
source. It takes a C compiler and some minutes. The wheel is for this system and this version of Python; one for any is made by
``pip wheel .`` and does the same more slowly.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: Where an unpacked compiled wheel lies: on ``PYTHONPATH`` it stands before the sources.
UNPACKED = ROOT / "build" / "compiled" / "unpacked"

#: Functions of the compiled modules call each other, and those of Python, without a detour by the table of the linker.
#: Compilers of other systems do not know these words.
DIRECT = ("-fvisibility=hidden", "-fno-semantic-interposition", "-fno-plt") if sys.platform == "linux" else ()

#: What most of the time of reading a file, checking it, and making rows of a store of it is spent in. Modules that spend theirs in libraries, or in a child
#: process, would gain nothing.
MODULES = (
    "archive", "captions", "check", "findings", "gathering", "grid", "lexical", "model", "officeparts", "ooxml", "reading",
    "recognition", "rounding", "rowkeys", "spec", "strictxml", "structure", "values", "vocabulary",
    "rules/__init__", "rules/codes", "rules/context", "rules/exact", "rules/linear", "rules/narrative/agreements",
    "rules/narrative/claims", "rules/narrative/figures", "rules/narrative/lists", "rules/narrative/quotients",
    "rules/narrative/rate_checks", "rules/narrative/rated", "rules/narrative/terms", "rules/report", "rules/terms",
    "rules/words", "transcription/__init__", "transcription/about", "transcription/cells", "transcription/forms",
    "transcription/ledger", "transcription/linecolumns", "transcription/lists", "transcription/plainrows",
    "warehouse/rows",
)  # fmt: skip


def main() -> int:
    """Make the wheel of the sources, compile in what it unpacks to, and pack that."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--level", default="3", help="how hard the C compiler tries, 0 to 3; only a wheel of 3 is packed"
    )
    parser.add_argument("--into", type=Path, default=UNPACKED.parent, help="folder to build in")
    given = parser.parse_args()
    folder = given.into.resolve()
    shutil.rmtree(folder, ignore_errors=True)
    pip, wheel = ([sys.executable, "-m", name] for name in ("pip", "wheel"))
    run([*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(folder), "."], ROOT)
    run([*wheel, "unpack", "--dest", str(folder / "parts"), str(next(folder.glob("*.whl")))], ROOT)
    (unpacked,) = (folder / "parts").iterdir()
    unpacked = unpacked.rename(folder / "unpacked")
    compile_in(unpacked, given.level)
    if given.level == "3":
        pack(unpacked)
    return 0


def pack(folder: Path) -> None:
    """Make a wheel of a folder, for this system and this version of Python."""
    facts = next(folder.glob("*.dist-info")) / "WHEEL"
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    system = re.sub(r"[-.]", "_", sysconfig.get_platform())
    text = facts.read_text(encoding="utf-8").replace("Root-Is-Purelib: true", "Root-Is-Purelib: false")
    facts.write_text(re.sub(r"Tag: .*", f"Tag: {python}-{python}-{system}", text), encoding="utf-8")
    (ROOT / "dist").mkdir(exist_ok=True)
    run([sys.executable, "-m", "wheel", "pack", "--dest-dir", str(ROOT / "dist"), str(folder)], ROOT)


def compile_in(folder: Path, level: str) -> None:
    """Compile the modules of the package in a folder, beside their sources. In a process of its own, as setuptools wants it."""
    options = ["--config-file", str(ROOT / "pyproject.toml")]
    files = [f"fatk/{name}.py" for name in MODULES]
    program = (
        "import sys; from setuptools import setup; from mypyc.build import mypycify; "
        f"setup(name='fatk', packages=[], ext_modules=mypycify({[*options, *files]!r}, opt_level={level!r}, debug_level='0'))"
    )
    run(
        [sys.executable, "-c", program, "build_ext", "--inplace"],
        folder,
        # mypyc finds the package's modules, and mypy the imports of these, where the compiled ones are to stand.
        {**os.environ, "MYPYPATH": str(folder), "CFLAGS": " ".join([*DIRECT, os.environ.get("CFLAGS", "")])},
    )
    shutil.rmtree(folder / "build", ignore_errors=True)


def run(words: list[str], folder: Path, environment: dict[str, str] | None = None) -> None:
    """Run a step, which shows what it says only where it fails."""
    done = subprocess.run(
        words,
        cwd=folder,
        env=environment,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stdout.splitlines() if ": warning: " not in line]
        raise SystemExit("\n".join([" ".join(words[:6]), *lines[-40:]]))


if __name__ == "__main__":
    sys.exit(main())
