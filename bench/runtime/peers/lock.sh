#!/bin/sh
# Writes the peers' locks anew: the newest versions, with the hashes of every file. Needs uv (https://docs.astral.sh/uv);
# the locks themselves are installed with plain pip. MLServer has one of its own, since it holds others back.
set -eu
cd "$(dirname "$0")"
for peer in web mlserver; do
  uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command bench/runtime/peers/lock.sh \
    "$peer.in" --output-file "$peer.lock"
done
