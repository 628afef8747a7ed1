#!/usr/bin/env bash
# Renews every lock from the pyproject files. The locks hold names, versions and hashes, and no address.
set -euo pipefail
cd "$(dirname "$0")/.."
uv="${1:?usage: lock.sh PATH_TO_UV}"

own=()
for name in common gateway credit complaints contracts cli; do
    own+=(--no-emit-package "tourtrust-$name")
done

compile() { # OUTPUT INPUT [OPTION...]
    local output="$1"
    shift
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header "${own[@]}" "$@" --output-file "$output"
    # uv closes with a list of what it left out; that list changes with nothing that is installed.
    sed -i '/^# The following packages were excluded/,$d' "$output"
    echo "$output"
}

compile requirements.lock pyproject.toml --group dev
for package in gateway services/credit services/complaints services/contracts cli; do
    compile "$package/requirements.lock" "$package/pyproject.toml" --constraint requirements.lock
done
compile tools/requirements.lock tools/requirements.in
