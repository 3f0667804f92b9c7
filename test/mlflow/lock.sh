#!/bin/sh
# Writes requirements.lock anew: the MLflow server of this version and the newest versions of what it takes, with the
# hashes of every file. Needs uv (https://docs.astral.sh/uv); the lock itself is installed with plain pip.
set -eu
cd "$(dirname "$0")"
exec uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command test/mlflow/lock.sh \
  requirements.in --output-file requirements.lock
