#!/bin/sh
# Makes training/.venv from requirements.lock, every file checked against its hash. Does nothing where the
# environment is already that of the lock. PYTHON names another interpreter (3.11 or newer; default python3).
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}

if ! "$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "training/setup.sh: $python is not a Python 3.11 or newer with venv and pip." >&2
  echo "Install one (Debian and Ubuntu: apt-get install python3 python3-venv) or name one: PYTHON=python3.12 $0" >&2
  exit 1
fi

digest=$(cat requirements.lock pyproject.toml setup.sh | "$python" -c \
  'import hashlib, sys; print(hashlib.sha256(sys.stdin.buffer.read() + sys.version.encode()).hexdigest())')
stamp=.venv/.lock-sha256
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$digest" ] && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

echo "training: making the Python environment training/.venv (about 2 GB, two minutes at most)"
rm -rf .venv
"$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
  --require-hashes --only-binary :all: --requirement requirements.lock
.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$digest" > "$stamp"
echo "training: ready; try training/.venv/bin/windlass-train --help"
