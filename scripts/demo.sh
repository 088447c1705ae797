#!/usr/bin/env bash
# 演示：把一份真实的部门决算公开表从 Excel 变成数据包、JSON，再变回来，证明数据不变，并校验。
# The demo: a real report goes from Excel to a data package, to JSON and back; the data stay the same; and it is checked.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

source=datapackages/wuerhe-2022/report.xlsx
out=build/demo

step='准备'
finish() {
  local code=$?
  ((code == 0)) || printf '\n演示失败（退出码 %s），停在：%s · the demo failed at this step\n' "$code" "$step" >&2
}
trap finish EXIT
say() { step=$1; printf '\n%s\n' "$1"; }
run() { printf '  $ %s\n' "$*"; "$@"; }

rm -rf "$out"
mkdir -p "$out"

say "① 读取公开的 Excel 决算表，写成数据包（每张表一个 CSV）"
run fatk convert "$source" "$out/package" --to package

say "② 数据包 → JSON"
run fatk convert "$out/package" "$out/report.json"

say "③ JSON → Excel"
run fatk convert "$out/report.json" "$out/report.xlsx"

say "④ Excel → JSON，走完一圈"
run fatk convert "$out/report.xlsx" "$out/again.json"

say "⑤ 两份 JSON 应逐字节相同"
run cmp "$out/report.json" "$out/again.json"
echo "  相同。"

say "⑥ 校验数据包：格式、代码与表内表间勾稽关系"
run fatk validate "$out/package"

tables=("$out"/package/*.csv)
cat <<EOF

演示完成。
  原始表格：$source
  数据包：  $out/package（${#tables[@]} 个 CSV 文件和 datapackage.json）
  JSON：    $out/report.json（$(wc -c <"$out/report.json" | tr -d ' ') 字节）
  Excel：   $out/report.xlsx
  结论：    Excel → 数据包 → JSON → Excel → JSON 一圈之后，数据逐字节不变；校验没有发现错误。
  请打开上面的文件看看；对照您自己的表：.venv/bin/fatk validate 您的决算表.xlsx
EOF
