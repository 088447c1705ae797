"""The command ``fatk serve``: the same conversion and validation as a web page and an HTTP API."""

from __future__ import annotations

import logging
import os
import re
import socket
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from fatk import resources
from fatk.choices import Language
from fatk.errors import Misuse
from fatk.findings import fill

if TYPE_CHECKING:
    from fatk.web.settings import Settings

#: An address or a name to listen at.
_HOST = re.compile(
    r"[0-9A-Za-z](?:[0-9A-Za-z._-]*[0-9A-Za-z])?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[0-9A-Za-z]+)?"
)


def serve(
    host: Annotated[
        str, typer.Option("--host", help="监听的地址；默认只有本机能访问 · address to listen at")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="端口；0 是任意空闲的 · port")] = 8080,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", min=1, help="同时处理几个文件，每个一个进程 · files at work at once", show_default=False
        ),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(
            "--limit",
            metavar="NAME=N",
            help="修改一项上限，可重复；名称见 --limits · change a limit",
            show_default=False,
        ),
    ] = None,
    limits: Annotated[
        bool, typer.Option("--limits", help="列出各项上限后退出 · list the limits in force")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="对外的域名，可重复；* 为任意 · names to answer to",
            show_default=False,
        ),
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--origin",
            metavar="URL",
            help="允许哪些网站的页面调用接口，可重复 · sites that may call the API",
            show_default=False,
        ),
    ] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option(
            "--behind-proxy", help="前面有反向代理：来访地址取自 X-Forwarded-For · a proxy stands in front"
        ),
    ] = False,
    log: Annotated[
        bool, typer.Option("--log", help="每次请求记一行，不含文件内容 · a line for each request")
    ] = False,
    lang: Annotated[
        Language, typer.Option("--lang", help="提示信息的语言 · language of messages")
    ] = Language.zh,
) -> None:
    """网页：在本机或内网开一个网页和接口，校验、转换上传的文件；不存储。

    例：fatk serve；fatk serve --host 0.0.0.0 --allow-host juesuan.example.cn --limit upload_size=10485760
    """
    try:
        from fatk.web import server
        from fatk.web.settings import listed, settings
    except ImportError:
        raise Misuse("SERVICE_NOT_INSTALLED") from None
    if not hasattr(os, "fork"):
        raise Misuse("SERVICE_NO_FORK")
    if not _HOST.fullmatch(host):
        raise Misuse("SERVICE_HOST", host=host)
    given = [*(limit or ()), *([f"jobs={jobs}"] if jobs else ())]
    wanted = settings(
        os.environ,
        given,
        hosts=(*(allow_host or ()), *_name(host)),
        origins=origin or (),
        proxied=behind_proxy,
    )
    if limits:
        for one in listed(wanted, lang.value):
            typer.echo(f"{one.name:<24}{one.value:>12} {one.unit:<5} {one.code:<24} {one.meaning}")
        typer.echo("\n" + _said("serve.change", lang))
        return
    logging.basicConfig(
        level=logging.INFO if log else logging.WARNING, format="%(asctime)s %(message)s", stream=sys.stderr
    )
    _run(server.server(wanted, host, port), wanted, host, port, lang)


def _run(made: object, wanted: Settings, host: str, port: int, lang: Language) -> None:
    import uvicorn

    assert isinstance(made, uvicorn.Server)  # noqa: S101  typed loosely, since uvicorn is an extra
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=wanted.limits.connections)
    except OSError as error:
        if error.errno is None or error.errno < 0:  # of the look-up of a name, whose errors are below zero
            raise Misuse("SERVICE_HOST", host=host) from None
        raise Misuse("SERVICE_PORT", host=host, port=port, reason=error) from None
    with listening:
        at = listening.getsockname()[1]
        shown = f"[{host}]" if ":" in host else host
        typer.echo(_said("serve.at", lang, url=f"http://{shown}:{at}/"), err=True)
        if host not in ("127.0.0.1", "localhost", "::1") and "*" not in wanted.hosts:
            names = ", ".join(sorted({"localhost", "127.0.0.1", *wanted.hosts}))
            typer.echo(_said("serve.names", lang, hosts=names), err=True)
        made.run(sockets=[listening])


def _name(host: str) -> tuple[str, ...]:
    """The name that an address is called by: all interfaces together have none."""
    if host in ("0.0.0.0", "::"):  # noqa: S104  compared, not listened at
        return ()
    return (f"[{host}]" if ":" in host else host,)


def _said(name: str, lang: Language, **details: object) -> str:
    sentences = resources.read_json("notices", "service.json")["sentences"]
    return fill(sentences[name][lang.value], details, 500)
