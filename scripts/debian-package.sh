#!/usr/bin/env bash
# Builds the Debian package tlsprobe_VERSION_ARCHITECTURE.deb from this checkout, for the Debian that it runs on:
#
#     scripts/debian-package.sh [FOLDER]     (default: build)
#
# It needs the packages python3 and python3-venv, and no root. The package is for this Python version, because it
# contains compiled packages. DEBFULLNAME and DEBEMAIL name its maintainer, as for Debian's own tools.
set -euo pipefail
cd "$(dirname "$0")/.."

python=/usr/bin/python3
for needed in "$python" dpkg-deb; do
    command -v "$needed" >/dev/null || {
        echo "debian-package.sh: $needed is missing: run this on Debian, with the packages python3 and python3-venv." >&2
        exit 1
    }
done
folder=$(realpath "${1:-build}")
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
own=$tree/usr/lib/tlsprobe
document=$tree/usr/share/doc/tlsprobe
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(stat --format %Y CHANGELOG.md)}
umask 022

version=$(sed -n 's/^TOOL_VERSION: Final = "\(.*\)"/\1/p' model/version.py)
architecture=$(dpkg --print-architecture)
maintainer="${DEBFULLNAME:-Maintainers of tlsprobe} <${DEBEMAIL:-root@localhost.localdomain}>"
read -r major minor < <("$python" -c 'import sys; print(*sys.version_info[:2])')

install_python_packages() {
    "$python" -m venv "$work/tools"
    "$work/tools/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --require-hashes \
        -r requirements/bootstrap.txt
    "$python" -m venv --without-pip "$own"
    local uv=("$work/tools/bin/uv" pip install --quiet --no-cache --python "$own/bin/python")
    "${uv[@]}" --require-hashes -r requirements/workers.txt -r requirements/quic.txt
    # Setuptools writes into the folder that it builds.
    mkdir "$work/source"
    cp -r pyproject.toml README.md LICENSE model pki probe discovery scheduling policy storage exporters service \
        tlsprobe scripts "$work/source"
    "$work/tools/bin/pip" wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation \
        --wheel-dir "$work" "$work/source"
    "${uv[@]}" --no-deps "$work"/tlsprobe-*.whl
}

# What stays of the environment is Python's name and its packages: nothing names the folder where it was built.
keep_only_the_packages() {
    rm -rf "${own:?}"/{bin,lib64,include,.lock,CACHEDIR.TAG,.gitignore}
    mkdir "$own/bin"
    ln -s ../../../bin/python3 "$own/bin/python"
    printf 'home = /usr/bin\ninclude-system-site-packages = false\nversion = %s.%s\n' "$major" "$minor" >"$own/pyvenv.cfg"
    find "$own" -name __pycache__ -prune -exec rm -rf {} +
    # Nothing in it is started by its path.
    find "$own" -type f -exec chmod 644 {} +
}

add_documents() {
    mkdir -p "$document" "$tree/usr/share/man/man1" "$tree/usr/share/lintian/overrides"
    "$python" scripts/sbom.py "$own"/lib/python3*/site-packages >"$document/sbom.cdx.json"
    (cd "$work/source" && "$own/bin/python" -B -m scripts.man_pages "$tree/usr/share/man/man1")
    gzip -9n "$tree"/usr/share/man/man1/*
    cp deploy/debian/copyright "$document/copyright"
    {
        printf 'tlsprobe (%s) unstable; urgency=medium\n\n' "$version"
        printf '  * CHANGELOG.md of the source lists the changes.\n\n'
        printf ' -- %s  %s\n' "$maintainer" "$(date --utc --rfc-email --date "@$SOURCE_DATE_EPOCH")"
    } | gzip -9n >"$document/changelog.gz"
    cp deploy/debian/lintian-overrides "$tree/usr/share/lintian/overrides/tlsprobe"
}

add_files() {
    install -D --mode=755 deploy/debian/tlsprobe "$tree/usr/bin/tlsprobe"
    install -D --mode=644 --target-directory="$tree/etc/tlsprobe" deploy/debian/tlsprobe.yml deploy/debian/targets.yml
    install -D --mode=644 --target-directory="$tree/usr/lib/systemd/system" deploy/systemd/*.service
}

add_control() {
    install -D --mode=755 --target-directory="$tree/DEBIAN" deploy/debian/{postinst,prerm,postrm}
    (cd "$tree" && find etc -type f -printf '/%p\n' | sort) >"$tree/DEBIAN/conffiles"
    (cd "$tree" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort --zero-terminated |
        xargs --null md5sum) >"$tree/DEBIAN/md5sums"
    sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$architecture|; s|@MAINTAINER@|$maintainer|" \
        -e "s|@PYTHON@|$major.$minor|; s|@NEXT_PYTHON@|$major.$((minor + 1))|" \
        -e "s|@SIZE@|$(du --summarize --apparent-size --block-size=1024 "$tree" | cut -f1)|" \
        deploy/debian/control >"$tree/DEBIAN/control"
}

echo "debian-package.sh: installing the pinned Python packages; this takes minutes" >&2
install_python_packages
echo "debian-package.sh: adding documents and units, and packing" >&2
add_documents
keep_only_the_packages
add_files
chmod -R u+w,go-w,a+rX "$tree"
add_control
dpkg-deb --root-owner-group -Zxz -z1 --build "$tree" "$folder" >/dev/null
echo "$folder/tlsprobe_${version}_$architecture.deb"
