#!/usr/bin/env bash
# Replaces the vendored copy of htmx with that of the npm package, if its hash is the expected one.
# To update: change the three values, run this script, and commit what it writes. A test compares the copy with the last.
set -euo pipefail
cd "$(dirname "$0")/.."
version=2.0.11
sha512=4e1c7f5ada5e390a92aea042c3f0357301891a0e14ad56b7fac5b41a6accde9e202603bcf5e707e2ab5b9f2cc30d616f053aa39c83028042d336deb7e9db5a98
file_sha256=d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717
home=exporters/pages/assets

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent --ignore-scripts "htmx.org@$version" >/dev/null)
echo "$sha512  $work/htmx.org-$version.tgz" | sha512sum --check --quiet || {
    echo "the package htmx.org@$version has an unexpected hash and is not used." >&2
    exit 1
}
tar -xzf "$work/htmx.org-$version.tgz" -C "$work"
cp "$work/package/dist/htmx.min.js" "$home/htmx.min.js"
echo "$file_sha256  $home/htmx.min.js" | sha256sum --check --quiet
cp "$work/package/LICENSE" "$home/htmx.LICENSE.txt"
