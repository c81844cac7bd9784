# shellcheck shell=bash
# Sourced by the install scripts: install_commands installs Debian packages for missing commands,
# install_files for missing files. It prints what it installs, starts no service, and does nothing if nothing is missing.

export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() { echo "${0##*/}: $*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo --non-interactive "$@"; fi
}

may_install() {
    command -v apt-get >/dev/null &&
        { [ "$(id -u)" = 0 ] || sudo --non-interactive true 2>/dev/null; }
}

# Debian starts a daemon right after its installation unless this file prevents it. The tests start
# their own servers on loopback, and nothing else may listen because of them.
forbid_services() {
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then return; fi
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
}

allow_services() {
    if [ -n "$(trap -p EXIT)" ]; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
}

install_commands() { # command:package...
    install_missing is_command "$@"
}

install_files() { # pattern:package...
    install_missing is_file "$@"
}

is_command() { command -v "$1" >/dev/null; }

is_file() { compgen -G "$1" >/dev/null; }

install_missing() { # is_there name:package...
    local is_there=$1 pair missing=()
    shift
    for pair in "$@"; do
        "$is_there" "${pair%%:*}" || missing+=("${pair#*:}")
    done
    if [ ${#missing[@]} = 0 ]; then return; fi
    if ! may_install; then
        say "missing: ${missing[*]}; install these packages, or run this as root on Debian."
        exit 1
    fi
    say "installing ${missing[*]}"
    forbid_services
    as_root apt-get update --quiet=2
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes \
        --no-install-recommends -o DPkg::Lock::Timeout=120 "${missing[@]}" >/dev/null
    allow_services
    for pair in "$@"; do
        "$is_there" "${pair%%:*}" || {
            say "package ${pair#*:} is installed, but ${pair%%:*} is missing; install it by hand."
            exit 1
        }
    done
}
