#!/bin/sh
# Writes requirements.lock anew: the newest versions that pyproject.toml allows, with the hashes of every file.
# Needs uv (https://docs.astral.sh/uv); the lock itself is installed with plain pip, by setup.sh.
set -eu
cd "$(dirname "$0")"
exec uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command training/lock.sh \
  --extra pictures --group pyproject.toml:dev pyproject.toml --output-file requirements.lock
