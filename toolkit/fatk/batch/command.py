"""The command ``fatk batch``: what a person types becomes an order, and its end an exit status."""

from __future__ import annotations

import errno
import os
import sys
from datetime import date, datetime
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from fatk.assignments import assigned
from fatk.choices import Language, Unit
from fatk.limits import Limits


class Target(StrEnum):
    """What a batch makes."""

    store = "store"
    package = "package"
    json = "json"
    xlsx = "xlsx"


class LogForm(StrEnum):
    """Forms of lines for programs."""

    jsonl = "jsonl"


#: What only a target can lack: room, or leave to write.
_NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS, errno.EFBIG})


def batch(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SRC",
            help="目录（连同下级目录），或一份清单（@清单，或 .txt，一行一个路径），或通配符（加引号）",
            show_default=False,
        ),
    ],
    target: Annotated[Path, typer.Argument(metavar="DST", help="目标目录", show_default=False, readable=False)],
    to: Annotated[
        Target, typer.Option("--to", help="写成什么：store 一个库（Parquet 和 DuckDB）；package json xlsx 每份报告一个")
    ] = Target.store,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="工作进程数，默认是处理器的个数 · processes", show_default=False),
    ] = None,
    scheduler: Annotated[
        str | None,
        typer.Option(
            "--scheduler",
            metavar="ADDRESS",
            help="由已有的 Dask 集群处理，如 tcp://主机:8786；来源和目标在各台机器上要是同一个路径 · an existing cluster",
            show_default=False,
        ),
    ] = None,
    folders: Annotated[
        bool,
        typer.Option(
            "--folders",
            help="每个直接放着文件的目录是一份报告（如一个部门一个目录，报表和说明在内）· each folder is one report",
        ),
    ] = False,
    edition: Annotated[
        str | None,
        typer.Option("--edition", metavar="ID", help="改用这一版表样，如 shanghai-2024", show_default=False),
    ] = None,
    unit: Annotated[
        Unit | None,
        typer.Option("--unit", help="换算金额单位；库总是元 · convert amounts exactly", show_default=False),
    ] = None,
    allow_loss: Annotated[
        bool, typer.Option("--allow-loss", help="允许损失：换算写不完的数四舍五入，表样没有的格不写")
    ] = False,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d"], metavar="DAY", help="按这一天判断豁免是否有效，默认今天",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit", metavar="NAME=N", help="改一项上限，可重复；名称见 fatk limits · change a limit", show_default=False
        ),
    ] = None,
    log: Annotated[
        LogForm | None,
        typer.Option("--log", help="在标准输出逐行写出 JSON：本次处理的、内容相同的、已不在的每份报告一行，最后是汇总", show_default=False),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option("--summary", metavar="FILE", help="把汇总写成 JSON 文件，已有的汇总覆盖；不能读的、内容相同的逐个列出", show_default=False, readable=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="覆盖目标里不是本命令写出的文件")] = False,
    lang: Annotated[Language, typer.Option("--lang", help="提示信息的语言 · language of messages")] = Language.zh,
) -> None:  # fmt: skip
    """成批：读取、检查一批报告，写成一个库，或逐份写成数据包、JSON、工作簿。坏的文件列入汇总，不妨碍其余的。

    随时可以中断：再次运行接着做，没有变化的不重做，来源改了或不在了，目标随着改。目标只是这一次的来源的样子：换一个来源，
    原来的就删去；几个目录要合在一起的，给它们共同的上级，或一份清单。

    退出状态：0 没有错误；1 有的报告有错误；3 有的来源不能读；5 目标没有写成；2 用法不对；130 中断。一份坏的来源不妨碍其余的写出。

    例：fatk batch 决算目录 库；fatk batch 决算目录 输出 --to json；fatk batch @清单.txt 库 --log jsonl；fatk batch "省/*/*.xlsx" 库
    """
    from fatk import files
    from fatk.batch import hands, progress
    from fatk.batch.orders import STORE, Order
    from fatk.batch.run import run
    from fatk.batch.summary import is_summary, said
    from fatk.errors import Misuse, NotWritten
    from fatk.render import as_json
    from fatk.spec import load

    if to == STORE and unit is not None:
        raise Misuse("BATCH_UNIT")
    if to == STORE and not (find_spec("pyarrow") and find_spec("duckdb")):
        raise Misuse("WAREHOUSE_NOT_INSTALLED")
    if edition is not None:
        load().edition(edition)
    day = as_of.date() if as_of else date.today()  # noqa: DTZ011  the day where the person is
    order = Order(
        str(target.absolute()), to.value, edition, None if unit is None else unit.value, allow_loss, day.isoformat(),
        assigned(limit or (), Limits),
    )  # fmt: skip
    if summary is not None:
        if os.path.lexists(summary) and not is_summary(summary):
            raise NotWritten("SUMMARY_EXISTS", path=summary)
        files.writable(summary, force=True)
    watch = progress.Log() if log else progress.Bar(lang.value) if sys.stderr.isatty() else progress.Watch()
    done = None
    try:
        try:
            done = run(
                source, order, workers=workers or _processors(), scheduler=scheduler, per_folder=folders, force=force,
                watch=watch, apart=summary,
            )  # fmt: skip
        finally:
            watch.end(done)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None
    except hands.Failed as failed:
        typer.echo(f"fatk: {failed.message if lang is Language.zh else failed.message_en}", err=True)
        raise typer.Exit(failed.exit_status) from None
    except KeyboardInterrupt:
        typer.echo(f"fatk: {said('interrupted', lang.value)}", err=True)
        raise
    typer.echo(done.text(lang.value), err=log is not None, nl=False)
    if summary is not None:
        files.write_file(summary, as_json([done.document()]).encode("utf-8"), force=True)
    raise typer.Exit(done.exit_status)


def _processors() -> int:
    """The processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
