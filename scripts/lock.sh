#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml, with hashes and without the URL of any index: the
# content is pinned, not its origin.
#
#   scripts/lock.sh             keep the pins that still fit, and resolve the rest
#   scripts/lock.sh --upgrade   use the newest versions that fit
#   scripts/lock.sh --check     change nothing; fail if a lock does not match pyproject.toml
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(realpath "${UV:-.venv/bin/uv}")
export UV_NO_CONFIG=1
# A lock that needs a second index or a folder of wheels would work on this machine only.
unset UV_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS

# Resolve in a copy, starting from the current pins; the locks quote its relative paths.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r pyproject.toml requirements "$copy"

compile() { # file arguments...
    local file=$1
    shift
    (cd "$copy" && "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header \
        --output-file "requirements/$file" "$@" >/dev/null)
}

compile_all() { # arguments...
    compile bootstrap.txt --group bootstrap "$@"
    compile run.txt pyproject.toml "$@"
    compile aws.txt --constraints requirements/run.txt --extra aws pyproject.toml "$@"
    compile workers.txt --constraints requirements/aws.txt --extra postgresql --extra workers \
        --extra push pyproject.toml "$@"
    compile quic.txt --constraints requirements/workers.txt --extra quic pyproject.toml "$@"
    compile otel.txt --constraints requirements/quic.txt --extra otel pyproject.toml "$@"
    compile dev.txt --constraints requirements/workers.txt --constraints requirements/quic.txt \
        --constraints requirements/otel.txt --constraints requirements/aws.txt --group dev \
        --extra workers --extra quic --extra push --extra otel --extra aws pyproject.toml "$@"
    compile docs.txt --constraints requirements/dev.txt --group docs "$@"
    compile bench.txt --group bench "$@"
    compile fuzz.txt --group fuzz "$@"
}

# An unchanged lock keeps its modification time, so that make does not reinstall it.
take_over() {
    local fresh
    for fresh in "$copy"/requirements/*.txt; do
        cmp --silent "$fresh" "requirements/${fresh##*/}" || cp "$fresh" requirements/
    done
}

fail() {
    echo "$1" >&2
    exit 1
}

case ${1:-} in
    --check)
        if grep -nE '://|^-|^[^ #]+ @ ' requirements/*.txt; then
            fail "requirements: the lines above contain a URL; regenerate the locks with: make lock"
        fi
        compile_all
        diff -ru requirements "$copy/requirements" ||
            fail "requirements: the locks do not match pyproject.toml; regenerate them with: make lock"
        ;;
    --upgrade)
        compile_all --upgrade
        take_over
        ;;
    "")
        compile_all
        take_over
        ;;
    *) fail "scripts/lock.sh: unknown argument '$1'; use none, --upgrade or --check" ;;
esac
