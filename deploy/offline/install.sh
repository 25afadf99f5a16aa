#!/bin/sh
# 离线安装：sh install.sh [目录] [Python]，缺省装到 /opt/admission，用 python3。不连网络。
# 包里有程序、全部依赖和网页；要 python3（版本见 PYTHON 文件）和 python3-venv。
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-/opt/admission}
python=${2:-python3}
cd "$here"

sha256sum --check --quiet SHA256SUMS || { echo "安装包不完整或被改动过，没有安装。" >&2; exit 1; }
wanted=$(cat PYTHON) machine=$(cat MACHINE)
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
if [ "$found" != "$wanted" ]; then
  echo "这个包是给 Python $wanted 的，$python 是 $found，没有安装。" >&2; exit 1
fi
if [ "$(uname -m)" != "$machine" ]; then
  echo "这个包是给 $machine 的，这台机器是 $(uname -m)，没有安装。" >&2; exit 1
fi

"$python" -m venv "$target/.venv"
"$target/.venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  --no-index --find-links "$here/wheels" project-admission
"$target/.venv/bin/admission" --version
# 装好的规则集逐项检查一遍，案例全部通过才算装好。
"$target/.venv/bin/admission" rules check
"$target/.venv/bin/admission" rules test
cp -r "$here/deploy" "$target/"
echo "已装到 $target。接着改 /etc/admission.env，见 deploy 目录和 operations.md。"
