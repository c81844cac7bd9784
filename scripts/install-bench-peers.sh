#!/usr/bin/env bash
# Installs the scanners that `make bench` and `make truth` compare with, as Debian packages; sslyze is in
# requirements/bench.txt.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/debian-packages.sh
. scripts/debian-packages.sh

install_commands nmap:nmap sslscan:sslscan testssl:testssl.sh ssh-audit:ssh-audit ike-scan:ike-scan
