#!/bin/sh
# Writes requirements.lock anew: the newest versions that pyproject.toml allows, with the hashes of every file; and
# requirements-image.lock: of these, what the image that retrains takes, which is no TensorFlow and no linter; and
# requirements-pictures.lock: the same with TensorFlow, for an image that retrains models of pictures.
# Needs uv (https://docs.astral.sh/uv); the locks themselves are installed with plain pip, by setup.sh and the Dockerfile.
set -eu
cd "$(dirname "$0")"
compile() {
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command training/lock.sh "$@" pyproject.toml
}
compile --upgrade --extra pictures --group pyproject.toml:dev --output-file requirements.lock
compile --upgrade --constraint requirements.lock --output-file requirements-image.lock
compile --upgrade --extra pictures --constraint requirements.lock --output-file requirements-pictures.lock
