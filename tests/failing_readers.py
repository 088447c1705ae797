"""What a reader may do to the process that it runs in, by the name of the file: put before the reader in a process of a batch
by ``sitecustomize`` (see ``test_batch``)."""

import os
import signal
import sys
import time
from pathlib import Path


def install() -> None:
    """Have files named so end, stop or fill the process that reads them."""
    from fatk import formats

    read = formats.read

    def failing(path, **options):
        name = Path(path).stem
        if name.startswith("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        if name.startswith("once") and not Path(f"{path}.seen").exists():
            Path(f"{path}.seen").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if name.startswith("slow"):
            time.sleep(60)
        if name.startswith("large"):
            bytearray(1 << 40)
        if name.startswith("fault"):
            raise ZeroDivisionError("by the test")
        return read(path, **options)

    formats.read = failing


if any("fatk.batch.child" in word for word in sys.orig_argv):
    install()
