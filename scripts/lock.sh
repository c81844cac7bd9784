#!/usr/bin/env bash
# Writes requirements/*.txt from pyproject.toml, with hashes and without the address of any index,
# so that the content is pinned and not the place it came from.
#
#   scripts/lock.sh             keep the pins that still fit, solve the rest
#   scripts/lock.sh --upgrade   take the newest versions that fit
#   scripts/lock.sh --check     change nothing; fail when a lock does not match pyproject.toml
set -euo pipefail
cd "$(dirname "$0")/.."

uv=${UV:-.venv/bin/uv}
export UV_NO_CONFIG=1
# A lock that needs a second index or a folder of wheels would install on this machine only.
unset UV_INDEX UV_EXTRA_INDEX_URL UV_FIND_LINKS

compile() { # folder file arguments...
    local folder=$1 file=$2
    shift 2
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header \
        --output-file "$folder/$file" "$@" >/dev/null
}

compile_all() { # folder arguments...
    local folder=$1
    shift
    compile "$folder" bootstrap.txt --group bootstrap "$@"
    compile "$folder" run.txt pyproject.toml "$@"
    compile "$folder" dev.txt --constraints requirements/run.txt --group dev pyproject.toml "$@"
    compile "$folder" bench.txt --group bench "$@"
}

fail() {
    echo "$1" >&2
    exit 1
}

case ${1:-} in
    --check)
        if grep -nE '://|^-|^[^ #]+ @ ' requirements/*.txt; then
            fail "requirements: the lines above name an address; remake the locks with: make lock"
        fi
        fresh=$(mktemp -d)
        trap 'rm -rf "$fresh"' EXIT
        cp requirements/*.txt "$fresh"
        compile_all "$fresh"
        diff -ru requirements "$fresh" ||
            fail "requirements: the locks do not match pyproject.toml; remake them with: make lock"
        ;;
    --upgrade) compile_all requirements --upgrade ;;
    "") compile_all requirements ;;
    *) fail "scripts/lock.sh: unknown argument '$1'; give nothing, --upgrade or --check" ;;
esac
