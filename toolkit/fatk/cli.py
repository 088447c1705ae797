"""The command ``fatk``: parse, call the library, print, choose the exit status. Nothing else is done here.

Exit status: 0 done, nothing failed · 1 findings of severity error · 2 wrong usage · 3 input refused or unreadable ·
4 incomplete · 5 output not written · 70 a fault of fatk itself. Of several sources the worst counts: 70, 3, 2, 5, 4, 1.
"""

from __future__ import annotations

import os
import sys
from codecs import lookup
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from fatk import __version__, check, conversion, files, formats, render, resources, serve, usage
from fatk.batch.command import batch
from fatk.beside import ALONE, Beside, Other, checked
from fatk.choices import Language, Unit
from fatk.errors import FatkError, Misuse, NotWritten, Refused
from fatk.findings import explain_error, fill
from fatk.model import Report
from fatk.spec import load
from fatk.values import visible

app = typer.Typer(
    name="fatk",
    help="部门决算公开数据工具：在 Excel、CSV 数据包与 JSON 之间无损转换，检查报表，解释标准。\n\n"
    "Final Accounts Toolkit: converts, checks and explains departmental final accounts (add --lang en for English messages).",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
schema_app = typer.Typer(
    help="由手写的标准数据生成并核对 schemas/generated 与 spec 中的派生文件。",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(schema_app, name="schema")

_WORST = (70, 3, 2, 5, 4, 1, 0)

#: The result of a source, or the document that says why it was refused.
Outcome = check.Result | Mapping[str, Any]


class InputForm(StrEnum):
    """Forms that can be read."""

    xlsx = "xlsx"
    xls = "xls"
    ods = "ods"
    xml_2003 = "xml-2003"
    html = "html"
    mhtml = "mhtml"
    text = "text"
    docx = "docx"
    doc = "doc"
    pdf = "pdf"
    package = "package"
    json = "json"


class OutputForm(StrEnum):
    """Forms that can be written."""

    xlsx = "xlsx"
    package = "package"
    json = "json"
    docx = "docx"
    html = "html"
    md = "md"
    txt = "txt"


class ResultForm(StrEnum):
    """Forms of a validation result."""

    text = "text"
    json = "json"
    sarif = "sarif"
    junit = "junit"
    csv = "csv"
    xlsx = "xlsx"
    github = "github"
    html = "html"


Lang = Annotated[Language, typer.Option("--lang", help="提示信息的语言 · language of messages")]
Source = Annotated[
    Path,
    typer.Argument(
        metavar="SRC",
        help="工作簿（.xlsx .xls .et .ods，存成 .xls 的网页、XML 或文本）、数据包（目录或 .zip）或 JSON 报告",
        show_default=False,
        readable=False,
    ),
]
EditionId = Annotated[
    str | None,
    typer.Option(
        "--edition", metavar="ID", help="改用这一版表样，如 shanghai-2024，见上", show_default=False
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"fatk {__version__} (standard {load().version})")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="显示版本后退出 · show versions"),
    ] = False,
) -> None: ...


@app.command()
def convert(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="SRC... DST",
            help="同一份报告的一个或几个来源，先写的为准：工作簿（.xlsx .xls .et .ods，存成 .xls 的网页、XML 或文本）、情况说明（.docx .doc .pdf .html .md .txt，可以带报表）、CSV、数据包（目录或 .zip）、JSON 报告，或存放它们的目录、.zip；末一个是目标，形式由后缀决定：.xlsx .json .zip，没有后缀为数据包目录；.docx .html .md .txt 写成情况说明",
            show_default=False,
            readable=False,
        ),
    ],
    from_: Annotated[
        InputForm | None,
        typer.Option("--from", help="坚持来源是这种形式，不是则拒绝（平时由内容判断）", show_default=False),
    ] = None,
    to: Annotated[
        OutputForm | None, typer.Option("--to", help="写成这种形式，不看目标的后缀", show_default=False)
    ] = None,
    unit: Annotated[
        Unit | None,
        typer.Option(
            "--unit",
            help="换算金额单位；小数位数不够时增加，至多 6 位；文字中复述的数字照原样 · convert amounts exactly",
            show_default=False,
        ),
    ] = None,
    allow_loss: Annotated[
        bool,
        typer.Option(
            "--allow-loss",
            help="允许损失：换算写不完的数四舍五入，表样没有的格不写；写明有几格 · round or drop what does not fit",
        ),
    ] = False,
    derive_tables: Annotated[
        bool,
        typer.Option(
            "--derive-tables",
            help="来源只有情况说明、没有报表时，由说明推算报表；每一格注明是载明、推算还是未公开 · derive the tables from the text",
        ),
    ] = False,
    findings: Annotated[
        Path | None,
        typer.Option(
            "--findings",
            metavar="FILE",
            help="把发现的问题写成 JSON 文件；来源被拒绝的，写明代码和原因",
            show_default=False,
            readable=False,
        ),
    ] = None,
    edition: EditionId = None,
    force: Annotated[bool, typer.Option("--force", help="目标已存在时覆盖；只覆盖数据包的目录")] = False,
    lang: Lang = Language.zh,
) -> None:
    """转换：读取任何已知形式的报告，写成另一种形式，一个单元格也不丢。几个来源合成一份报告。

    情况说明也读也写：fatk convert 报表.xlsx 说明.docx 报告.json；fatk convert 报告.json 说明.docx

    例：fatk convert 报表.xlsx 报表.json；fatk convert 表1.xlsx 表2.xlsx 数据包目录；fatk convert 九张表的目录 报表.xlsx；fatk convert --unit 元 报表.xlsx 报表.json

    --edition 把报告改用另一版表样：表名、表号、固定行、栏目照这一版印；数字、行的名称、空表说明不变。
    原来印的表名、表号移入“附加内容”，改回原来的版本时放回。新表样没有位置的数字会丢，所以逐一列出并拒绝（退出状态 4），
    除非加 --allow-loss。例：fatk convert 报表.json 报表.xlsx --edition shanghai-2024
    """
    if len(paths) < 2:
        raise Misuse("TARGET_MISSING", source=paths[0])
    *sources, target = paths
    _named(target, findings)
    if edition is not None:
        load().edition(edition)  # before anything is read
    for source in sources:
        _not_itself(source, target)
        if findings is not None:
            _not_itself(source, findings)
    if findings is not None:
        if findings.absolute() == target.absolute():
            raise NotWritten("OUTPUT_TWICE", path=target)
        files.writable(findings, force=force)
    with _progress(sources[0], lang):
        try:
            reading = formats.accounts(formats.read_several(sources, form=from_ and from_.value))
        except FatkError as error:
            if findings is not None and error.exit_status == Refused.exit_status:
                named = str(error.details.get("source", sources[0]))
                refused = render.refusal_document(error, named, __version__, load().version)
                files.write_file(findings, render.as_json([refused]).encode("utf-8"), force=force)
            raise
        converted = conversion.convert(
            reading,
            edition=edition,
            unit=unit and unit.value,
            derive_tables=derive_tables,
            allow_loss=allow_loss,
        )
        result, report, rounded = converted.result, converted.report, converted.rounded
        dropped = formats.write(report, target, form=to and to.value, force=force, allow_loss=allow_loss)
        form = to.value if to else formats.form_of(target)
        unsaid = formats.narrated(report)[1] if form in formats.NARRATIVES else ()
    if findings is not None:
        document = render.to_document(result, __version__, load().version)
        files.write_file(findings, render.as_json([document]).encode("utf-8"), force=force)
    typer.echo(visible(_written(target, result, rounded, dropped, lang), 500), err=True)
    if unsaid:
        typer.echo(_unsaid(unsaid, lang), err=True)
    if result.findings:
        typer.echo(render.text(result, lang.value, colour=_colour(sys.stderr)), err=True, nl=False)
    raise typer.Exit(1 if result.summary["errors"] else 0)


def _named(*targets: Path | None) -> None:
    """Hold that what is to be written has the name of a file."""
    if any(target is not None and str(target) == "-" for target in targets):
        raise Misuse("OUTPUT_DASH")


def _written(target: Path, result: check.Result, rounded: int, dropped: int, lang: Language) -> str:
    """What was written, in a line: how many findings there are, and how many cells were lost."""
    counts = result.summary
    if lang is Language.zh:
        said = f"已写出 {target}：错误 {counts['errors']}，警告 {counts['warnings']}，提示 {counts['infos']}"
        lost = (f"；四舍五入 {rounded} 格" if rounded else "") + (
            f"；没有写入 {dropped} 格" if dropped else ""
        )
    else:
        said = f"wrote {target}: {counts['errors']} errors, {counts['warnings']} warnings, {counts['infos']} infos"
        lost = (f"; {rounded} cells rounded" if rounded else "") + (
            f"; {dropped} cells left out" if dropped else ""
        )
    return said + lost


def _unsaid(paths: Sequence[str], lang: Language) -> str:
    """Which sentences of the narrative could not be written for want of a figure or a text."""
    from fatk.narrative.homes import called

    things = dict.fromkeys(map(called, paths))
    if lang is Language.zh:
        lacking = visible("、".join(f"{name}（{thing}）" for name, thing in things), 1000)
        return f"说明中有 {len(paths)} 处缺少所需的内容，相应的句子没有写：{lacking}。在数据中补填后再写；括号里的可用 fatk explain 查看。"
    lacking = visible(", ".join(dict.fromkeys(thing for _, thing in things)), 1000)
    return f"{len(paths)} sentences of the narrative lack what they need and were left out: {lacking}. Fill these in and write it again; fatk explain tells of each."


def _not_itself(source: Path, target: Path) -> None:
    """Refuse to write upon the input or into it; ``--force`` does not change that."""
    try:
        if (
            Path(source).exists()
            and any(p.exists() and Path(source).samefile(p) for p in (target, target.parent))
            and (source.is_dir() or Path(source).samefile(target))
        ):
            raise NotWritten("OUTPUT_IS_INPUT", path=target)
    except OSError as error:
        raise NotWritten("OUTPUT_FAILED", path=target, reason=error) from None


@app.command()
def validate(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="SRC",
            help="一个或多个工作簿、CSV、数据包或 JSON 报告；目录是一份报告，其中的工作簿和 CSV 合起来检查",
            show_default=False,
            readable=False,
        ),
    ],
    form: Annotated[
        ResultForm,
        typer.Option(
            "--format",
            help="结果的形式：text 给人看；html 是一个网页文件，九张表照表样，点一个数看它由什么组成；xlsx 是原工作簿的副本，标出问题所在的单元格；json sarif junit csv github 给程序",
        ),
    ] = ResultForm.text,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="把结果写入文件而不是打印",
            show_default=False,
            readable=False,
        ),
    ] = None,
    previous: Annotated[
        Path | None,
        typer.Option(
            "--previous",
            metavar="FILE",
            help="同一单位上一年度的报告，用来核对年初数与上年末数",
            show_default=False,
            readable=False,
        ),
    ] = None,
    with_: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            metavar="FILE",
            help="汇总报告所包含的一个单位的报告，可重复，用来核对汇总数",
            show_default=False,
            readable=False,
        ),
    ] = None,
    waivers: Annotated[
        Path | None,
        typer.Option(
            "--waivers",
            metavar="FILE",
            help="豁免文件；不给时用报告旁的 <名称>.waivers.json",
            show_default=False,
            readable=False,
        ),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="按这一天判断豁免是否有效，默认今天",
            show_default=False,
        ),
    ] = None,
    edition: Annotated[
        str | None,
        typer.Option(
            "--edition",
            metavar="ID",
            help="按这一版表样检查，不用文件所写或由内容推定的",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="有内容未能检查时，退出状态为 4")] = False,
    reference: Annotated[
        bool, typer.Option("--reference", help="同时用 frictionless 和 jsonschema 检查，核对结论一致")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="结果文件已存在时覆盖")] = False,
    lang: Lang = Language.zh,
) -> None:
    """检查：报告的结构是否符合标准，问题在自己文件的哪个单元格，怎么改。

    例：fatk validate 报表.xlsx；fatk validate 九张表的目录；fatk validate --format html --output 报告.html 报表.xlsx；
    fatk validate --format json 数据包目录；fatk validate *.xlsx
    """
    sources = _reports(sources, lang)
    _named(output)
    if form is ResultForm.xlsx and (output is None or len(sources) > 1):
        raise Misuse("MARKED_OUTPUT")
    if form is ResultForm.html and output is None and sys.stdout.isatty():
        raise Misuse("PAGE_OUTPUT")
    if output is not None:
        for source in sources:
            _not_itself(source, output)
    outcomes: list[Outcome] = []
    statuses = [0]
    opinions: dict[int, tuple[str, list[dict[str, object]]]] = {}
    beside = ALONE
    for number, source in enumerate(sources, 1):
        try:
            with _progress(source, lang, number, len(sources)):
                result, beside = _checked(source, previous, with_ or [], waivers, as_of, edition)
        except FatkError as error:
            if isinstance(error, Misuse):
                raise
            statuses.append(error.exit_status)
            outcomes.append(render.refusal_document(error, str(source), __version__, load().version))
            if form in (ResultForm.text, ResultForm.xlsx):
                typer.echo(_refusal(error, lang, source), err=True)
            continue
        statuses.append(
            1 if result.summary["errors"] else 4 if strict and result.verdict == check.UNCHECKED else 0
        )
        if reference:
            said, listed, agrees = _opinions(result, lang)
            opinions[len(outcomes)] = (said, listed)
            statuses.append(0 if agrees else 1)
        outcomes.append(result)
    status = next(s for s in _WORST if s in statuses)
    out = _rendered(form, outcomes, opinions, lang, status, output, beside)
    if output is None:
        _say(out.decode("utf-8"), data=form is not ResultForm.text)
    elif out:
        files.write_file(output, out, force=force)
        typer.echo(_holds(output, outcomes, lang), err=True)
    raise typer.Exit(status)


def _holds(output: Path, outcomes: list[Outcome], lang: Language) -> str:
    """What the file that was written holds: the verdict, or how many sources have each, and how many findings there are."""
    words, results = render.WORDS[lang.value], [one for one in outcomes if isinstance(one, check.Result)]
    verdicts = Counter([one.verdict for one in results] + ["refused"] * (len(outcomes) - len(results)))
    sums = {count: sum(one.summary[count] for one in results) for count in ("errors", "warnings", "infos")}
    comma = "，" if lang is Language.zh else ", "
    verdict = comma.join(words[v] + (f" {n}" if len(outcomes) > 1 else "") for v, n in verdicts.items())
    return _told("result_written", lang, path=output, verdict=verdict, **sums)


def _told(name: str, lang: Language, **details: object) -> str:
    """A sentence of the command in the language of the reader."""
    return fill(resources.read_json("notices", "command.json")["told"][name][lang.value], details, 200)


def _rendered(
    form: ResultForm, outcomes: list[Outcome], opinions: dict[int, tuple[str, list[dict[str, object]]]], lang: Language,
    status: int, output: Path | None, beside: Beside,
) -> bytes:  # fmt: skip
    """The outcomes of all sources in the form asked for."""
    colour = output is None and _colour(sys.stdout)
    versions = (__version__, load().version)
    results = [(i, o) for i, o in enumerate(outcomes) if isinstance(o, check.Result)]
    if form is ResultForm.text:
        shown = [
            render.text(r, lang.value, colour=colour) + ("\n" + opinions[i][0] if i in opinions else "")
            for i, r in results
        ]
        return "\n".join(shown).encode("utf-8")
    if form is ResultForm.json:
        documents = []
        for i, outcome in enumerate(outcomes):
            document = (
                render.to_document(outcome, *versions) if isinstance(outcome, check.Result) else dict(outcome)
            )
            documents.append({**document, "reference": opinions[i][1]} if i in opinions else document)
        return render.as_json(documents).encode("utf-8")
    if form is ResultForm.html:
        from fatk import page

        return page.write(
            outcomes, *versions, language=lang.value, previous=beside.before, parts=beside.units
        )
    from fatk.outputs import annotations, junit, marked, sarif, table
    from fatk.outputs.places import on_disk

    if form is ResultForm.xlsx:
        if not results:
            return b""
        result = results[0][1]
        try:
            source = Path(result.reading.path).read_bytes() if result.reading.form == "xlsx" else b""
        except OSError as error:
            raise Refused("FILE_UNREADABLE", path=result.reading.path, reason=error) from None
        copy = marked.write(result, source, *versions, language=lang.value)
        if output is not None and output.suffix.lower() != copy.suffix:
            raise Misuse("MARKED_SUFFIX", path=output, suffix=copy.suffix)
        for note in copy.notes:
            typer.echo(note, err=True)
        return copy.data
    if form is ResultForm.sarif:
        return sarif.write(
            outcomes, *versions, language=lang.value, contents=on_disk, exit_status=status
        ).encode("utf-8")
    if form is ResultForm.github:
        return annotations.write(outcomes, *versions, language=lang.value, contents=on_disk).encode("utf-8")
    write = junit.write if form is ResultForm.junit else table.write
    return write(outcomes, *versions, language=lang.value).encode("utf-8")


def _checked(
    source: Path, previous: Path | None, parts: list[Path], waivers: Path | None, as_of: datetime | None,
    edition: str | None,
) -> tuple[check.Result, Beside]:  # fmt: skip
    """The result for one source, as one of an edition if one is given, checked beside last year's report and those of its
    units where they are given, with the waivers that were given or lie beside it; and these other reports."""
    from fatk import waivers as waiving

    reading = formats.accounts(formats.read(source))
    declared = waivers or waiving.beside(source)
    beside = Beside(
        Other(str(previous), _other(previous)) if previous else None,
        tuple(Other(str(part), _other(part)) for part in parts),
        waiving.read(declared) if declared else None,
        declared.name if declared else "",
        as_of.date() if as_of else None,
    )
    return checked(reading, beside, edition), beside


def _reports(sources: list[Path], lang: Language) -> list[Path]:
    """The sources but for files of waivers that lie beside one of them, as ``*.json`` names them too; each is told."""
    from fatk import waivers as waiving

    taken = {found.absolute() for source in sources if (found := waiving.beside(source)) is not None}
    for source in sources:
        if source.absolute() in taken:
            typer.echo(_told("waivers_passed_over", lang, path=source), err=True)
    return [source for source in sources if source.absolute() not in taken]


def _refusal(error: FatkError, lang: Language, source: Path | None = None) -> str:
    """Why something was not done, behind the file's name where the sentence itself does not name it, with the code by which
    programs know it."""
    said, named = explain_error(error, lang.value), str(error.details.get("source", source or ""))
    colon, code = ("：", f"（{error.code}）") if lang is Language.zh else (": ", f" ({error.code})")
    if named in {"", *(str(value) for name, value in error.details.items() if name != "source")}:
        return said + code
    return f"{visible(named, 200)}{colon}{said}{code}"


def _other(source: Path) -> Report:
    """A report to compare with; a refusal names it, not the report that is checked."""
    try:
        return formats.read(source).report
    except FatkError as error:
        error.details.setdefault("source", str(source))
        raise


def _opinions(result: check.Result, lang: Language) -> tuple[str, list[dict[str, object]], bool]:
    """The opinions of frictionless and jsonschema as text and as data, and whether they agree with ours."""
    from fatk import reference

    found = reference.opinions(result.reading.report)
    agrees = all(o.valid for o in found) or bool(result.summary["errors"])
    lines = []
    for opinion in found:
        if lang is Language.zh:
            lines.append(
                f"{opinion.validator}：{'通过' if opinion.valid else f'不通过（{len(opinion.errors)} 处）'}"
            )
        else:
            lines.append(
                f"{opinion.validator}: {'valid' if opinion.valid else f'invalid ({len(opinion.errors)})'}"
            )
        lines += [f"  {visible(e, 300)}" for e in opinion.errors[:20]]
    if not agrees:
        lines.append(
            "结论不一致：上面的检查发现了 fatk 没有发现的问题，请报告给 fatk 的维护者。"
            if lang is Language.zh
            else "They disagree: the validators above found what fatk did not; please report this to fatk's maintainers."
        )
    block: list[dict[str, object]] = [
        {"validator": o.validator, "valid": o.valid, "errors": list(o.errors)} for o in found
    ]
    return "\n".join(lines) + "\n", block, agrees


app.command()(batch)


@app.command()
def template(
    target: Annotated[
        Path,
        typer.Argument(metavar="DST", help="目标工作簿，以 .xlsx 结尾", show_default=False, readable=False),
    ],
    edition: Annotated[
        str | None,
        typer.Option("--edition", metavar="ID", help="表样版本，默认为该年度的全国表样", show_default=False),
    ] = None,
    year: Annotated[
        int | None,
        typer.Option("--year", help="决算年度，默认为上一年，或所给表样最后适用的一年", show_default=False),
    ] = None,
    unit: Annotated[
        str | None,
        typer.Option("--unit", help="金额单位：元、千元、万元、亿元，默认为表样的单位", show_default=False),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option("--entity", metavar="名称", help="部门（单位）名称，可以留待填写", show_default=False),
    ] = None,
    rows: Annotated[int, typer.Option("--rows", help="每张清单表预备的科目行数")] = 30,
    force: Annotated[bool, typer.Option("--force", help="目标已存在时覆盖")] = False,
    lang: Lang = Language.zh,
) -> None:
    """模板：写一份空白的工作簿，在 Excel、WPS 或 LibreOffice 里填，合计自动算，勾稽关系随填随查。

    例：fatk template 决算.xlsx；fatk template --edition xinjiang-2022 --unit 元 --entity 某某局 决算.xlsx
    """
    from fatk import template as templates
    from fatk.template.words import Words

    _named(target)
    if target.suffix.lower() != ".xlsx":
        raise Misuse("TEMPLATE_NOT_XLSX", path=target)
    files.writable(target, force=force)
    last_year = date.today().year - 1  # noqa: DTZ011  the day where the person is
    wanted = templates.order(
        load(), edition=edition, year=year, unit=unit, entity=entity, rows=rows, language=lang.value,
        last_year=last_year,
    )  # fmt: skip
    data, computed = templates.write(load(), wanted)
    files.write_file(target, data, force=force)
    words, chosen = Words(lang.value), wanted.edition
    said = {"path": target, "edition": chosen.id, "year": wanted.year, "unit": wanted.unit, "rules": computed}
    typer.echo(words("said.written", **said), err=True)
    if not chosen.covers(wanted.year):
        last = chosen.last_year or "…"
        typer.echo(
            words("said.other_year", edition=chosen.id, first=chosen.first_year, last=last, year=wanted.year),
            err=True,
        )


@app.command()
def explain(
    wanted: Annotated[
        str,
        typer.Argument(
            metavar="ID", help="表、字段（表.字段）、表样版本、代码或问题编号", show_default=False
        ),
    ],
    lang: Lang = Language.zh,
) -> None:
    """解释：用平常的话说明一张表、一个字段、一种表样、一个代码或一个问题。

    例：fatk explain income；fatk explain income.total；fatk explain national-2020；fatk explain 2010301；fatk explain READ-01
    """
    from fatk import explain as explanations

    _say(explanations.explain(load(), wanted, lang.value))


@app.command()
def limits(lang: Lang = Language.zh) -> None:
    """上限：列出读取文件时的各项上限，以及怎样修改。"""
    from fatk.limits import DEFAULTS, listing

    lines = [
        f"{limit.name:<24}{limit.value:>12} {limit.unit:<5} {limit.code:<24} {limit.meaning}"
        for limit in listing(DEFAULTS, lang.value)
    ]
    advice = (
        "这些上限防止损坏或恶意的文件耗尽机器；正常的报表远达不到。在 Python 中修改：fatk.read(路径, limits=fatk.Limits(file_size=…))"
        if lang is Language.zh
        else "Honest reports stay far below. To change one, in Python: fatk.read(path, limits=fatk.Limits(file_size=…))"
    )
    _say("\n".join((*lines, "", advice, "")))


app.command()(serve.serve)


@schema_app.command("build")
def schema_build(
    only_check: Annotated[bool, typer.Option("--check", help="只核对，不写；有出入时退出状态为 1")] = False,
    root: Annotated[Path, typer.Option("--root", help="仓库的根目录", readable=False)] = Path(),
    lang: Lang = Language.zh,
) -> None:
    """由 schemas/ 中手写的数据生成 JSON Schema、数据包规格和 spec/ 中的字段表。"""
    from fatk import schema

    if not (root / "schemas" / "standard.json").is_file():
        raise Misuse("SCHEMA_ROOT", path=root)
    stale = schema.drift(root)
    if not only_check:
        schema.write(root)
        typer.echo(
            "\n".join(f"{'已更新' if lang is Language.zh else 'updated'} {p}" for p in stale)
            or ("没有变化" if lang is Language.zh else "nothing changed")
        )
        return
    if stale:
        for path in stale:
            typer.echo(
                f"{'与标准数据不一致' if lang is Language.zh else 'differs from the data'}：{path}", err=True
            )
        typer.echo("请运行 · run: fatk schema build", err=True)
        raise typer.Exit(1)
    typer.echo("派生文件与标准数据一致" if lang is Language.zh else "generated files agree with the data")


def _say(text: str, *, data: bool = False) -> None:
    """Print to standard output; data for programs are UTF-8 whatever the encoding of the console.

    A reader that has gone is no fault (``head`` has seen enough); a disk that is full is ``NotWritten``.
    """
    try:
        # Plain ASCII is what a system says that was never told an encoding: it shows UTF-8 all the same.
        if (data and not sys.stdout.isatty()) or lookup(sys.stdout.encoding or "ascii").name == "ascii":
            sys.stdout.flush()
            sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        else:
            sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            raise NotWritten("OUTPUT_FAILED", path="-", reason=error) from None


@contextmanager
def _progress(source: Path, lang: Language, number: int = 1, total: int = 1) -> Iterator[None]:
    """On a terminal, say what is being worked on; wipe the line afterwards."""
    if not (sys.stderr and sys.stderr.isatty()):
        yield
        return
    word = "正在处理" if lang is Language.zh else "working on"
    count = f"[{number}/{total}] " if total > 1 else ""
    line = f"{count}{word} {visible(source.name, 60)} …"
    sys.stderr.write(line)
    sys.stderr.flush()
    try:
        yield
    finally:
        sys.stderr.write("\r\x1b[2K")
        sys.stderr.flush()


def _colour(stream: object) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)()) and not os.environ.get("NO_COLOR")


def main() -> None:
    """Run the command; what could not be done becomes one sentence and its exit status, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure: Callable[..., None] | None = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    given = sys.argv[1:]
    language = "en" if "--lang=en" in given or ("--lang", "en") in pairwise(given) else "zh"
    try:
        sys.exit(app(prog_name="fatk", standalone_mode=False) or 0)
    except FatkError as error:
        typer.echo(f"fatk: {_refusal(error, Language(language))}", err=True)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, typer.Abort):
        sys.exit(130)
    except Exception as error:
        if said := usage.told(error, language):
            typer.echo(said, err=True)
            sys.exit(2)
        if os.environ.get("FATK_TRACEBACK"):
            raise
        name = type(error).__name__
        typer.echo(
            f"fatk 内部错误（{name}: {visible(str(error), 200)}）。请把文件和这一行报告给维护者；设 FATK_TRACEBACK=1 可看到详情。"
            if language == "zh"
            else f"fatk: internal fault ({name}: {visible(str(error), 200)}). Please report it; FATK_TRACEBACK=1 shows more.",
            err=True,
        )
        sys.exit(70)


if __name__ == "__main__":
    main()
