#!/usr/bin/env bash
# Installs the Debian or Ubuntu packages that the tests need, and only those that are missing.
# Where it may not (not root, no apt-get) it names them and exits 1.
set -euo pipefail

missing=()
have() { command -v "$1" >/dev/null 2>&1; }

# LibreOffice Calc and Writer without a desktop: second readers of our workbooks and documents, and the makers of old .xls, .ods
# and .doc files. Asked by their libraries on Debian, where `soffice` may stand without them.
if have dpkg; then
  for part in sc:calc sw:writer; do
    compgen -G "/usr/lib/libreoffice/program/lib${part%:*}lo.so" >/dev/null ||
      compgen -G "/opt/libreoffice*/program/lib${part%:*}lo.so" >/dev/null || missing+=("libreoffice-${part#*:}-nogui")
  done
else
  have soffice || missing+=(libreoffice-calc-nogui libreoffice-writer-nogui)
fi
# Chinese glyphs for what LibreOffice prints.
compgen -G '/usr/share/fonts/*/noto/NotoSansCJK*' >/dev/null || missing+=(fonts-noto-cjk)
have pdftotext || missing+=(poppler-utils) # a second reader of the text of a PDF
have chromium || have chromium-browser || have google-chrome || missing+=(chromium) # shows pages as people see them
# A locale of GBK is made from these sources, to run the command as older Chinese systems do.
if have dpkg; then
  [[ -f /usr/share/i18n/locales/zh_CN ]] || missing+=(locales)
fi
# Node runs the checkers under tests/node. npm is asked too: some packages of nodejs bring it, Debian's does not.
have node || missing+=(nodejs)
have npm || missing+=(npm)

((${#missing[@]})) || exit 0

if [[ $(id -u) -eq 0 ]] && have apt-get; then
  echo "安装测试所需的系统软件包 · installing for the tests: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
else
  {
    echo "测试缺少系统软件包 · the tests lack these system packages: ${missing[*]}"
    echo "请用管理员身份安装 · to install them: sudo apt-get install --no-install-recommends ${missing[*]}"
  } >&2
  exit 1
fi
