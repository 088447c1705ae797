"""How much the service takes on: every limit declared once, changed by options or the environment, never by a request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace

from fatk.assignments import assigned
from fatk.errors import Misuse
from fatk.limits import SERVER, Limits, ListedLimit, held_positive, limit, listing

_MIB = 1 << 20
_NAMED = r"(?:[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*|\[[0-9a-f:.]+\])"
#: A host as it stands in the head of a request, without its port; an origin as browsers say it.
_HOST, _ORIGIN = re.compile(_NAMED), re.compile(rf"https?://{_NAMED}(?::[1-9][0-9]{{0,4}})?")
#: A limit is set in the environment under its name in capitals behind this.
PREFIX = "FATK_"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLimits:
    """The limits of the service itself; those of reading files are ``fatk.limits.Limits``."""

    upload_size: int = limit(
        20 * _MIB,
        "B",
        "UPLOAD_TOO_LARGE",
        "一次上传的大小，计到字节",
        "size of one upload, counted as it comes",
    )
    upload_files: int = limit(20, "", "UPLOAD_TOO_MANY", "一次上传的文件数", "files of one upload")
    upload_fields: int = limit(
        10, "", "UPLOAD_TOO_MANY", "一次上传中文件以外的字段数", "fields of one upload beside its files"
    )
    upload_seconds: int = limit(60, "s", "UPLOAD_SLOW", "一次上传的时间", "time of one upload")
    silent_seconds: int = limit(
        10,
        "s",
        "UPLOAD_SLOW",
        "上传停顿的时间，也是等待请求首部的时间",
        "time without a byte of an upload; also of waiting for the head of a request",
    )
    uploads_held: int = limit(
        256 * _MIB, "B", "SERVICE_BUSY", "正在接收和处理的上传的总大小", "size of all uploads at work"
    )
    jobs: int = limit(
        2, "", "SERVICE_BUSY", "同时处理的文件数，每个一个进程", "files at work at once, a process each"
    )
    queue: int = limit(16, "", "SERVICE_BUSY", "等待处理的文件数", "files that wait for their turn")
    job_seconds: int = limit(30, "s", "READER_TIMEOUT", "处理一个文件的时间", "time of one file")
    job_memory: int = limit(
        1 << 30, "B", "RESOURCE_LIMIT", "处理一个文件的进程的内存", "memory of the process of one file"
    )
    answer_size: int = limit(
        64 * _MIB, "B", "RESOURCE_LIMIT", "处理结果的大小", "size of what comes of one file"
    )
    requests: int = limit(
        120,
        "/min",
        "TOO_MANY_REQUESTS",
        "一个来访地址每分钟提交的次数",
        "uploads a minute of one address",
    )
    connections: int = limit(200, "", "SERVICE_BUSY", "同时的连接数", "connections at once")
    kept_size: int = limit(
        128 * _MIB,
        "B",
        "RESULT_GONE",
        "网页上的文件在内存中暂存的总大小，超过时先忘掉最早的",
        "memory for files given to the page; beyond it the oldest are forgotten",
    )
    kept_seconds: int = limit(
        900,
        "s",
        "RESULT_GONE",
        "网页上的文件在内存中暂存的时间",
        "time for which a file given to the page is kept in memory",
    )

    def __post_init__(self) -> None:
        held_positive(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A service as it is configured.

    ``hosts`` are the names it answers to beside those of this machine (``*``: any), ``origins`` the sites whose pages may
    call the API from a browser, ``proxied`` whether the addresses of clients come from a proxy in front.
    """

    limits: ServiceLimits = field(default_factory=ServiceLimits)
    reading: Limits = SERVER
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    proxied: bool = False


def settings(
    environment: Mapping[str, str],
    given: Iterable[str] = (),
    *,
    hosts: Iterable[str] = (),
    origins: Iterable[str] = (),
    proxied: bool = False,
) -> Settings:
    """The settings that the environment (``FATK_UPLOAD_SIZE=…``) and options (``upload_size=…``) ask for; options prevail.

    ``Misuse`` where a name is none of a limit, a value is no positive whole number, or a host or origin is none as it is
    said in the head of a request.
    """
    hosts, origins = [host.lower() for host in hosts], list(origins)
    for host in hosts:
        if host != "*" and not _HOST.fullmatch(host):
            raise Misuse("SERVICE_ALLOW_HOST", host=host)
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise Misuse("SERVICE_ORIGIN", origin=origin)
    set_there = {
        name.removeprefix(PREFIX).lower(): text
        for name, text in environment.items()
        if name.startswith(PREFIX)
    }
    values = assigned(given, ServiceLimits, Limits, environment=set_there)
    return Settings(
        limits=replace(ServiceLimits(), **_of(ServiceLimits, values)),
        reading=replace(SERVER, **_of(Limits, values)),
        hosts=frozenset(hosts),
        origins=frozenset(origins),
        proxied=proxied,
    )


def _of(kind: type, values: Mapping[str, int]) -> dict[str, int]:
    return {f.name: values[f.name] for f in fields(kind) if f.name in values}


def listed(settings: Settings, language: str) -> tuple[ListedLimit, ...]:
    """Every limit of the service and of reading, as ``fatk limits`` shows them."""
    return (*listing(settings.limits, language), *listing(settings.reading, language))
