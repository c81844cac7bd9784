#!/bin/sh
# Creates the secrets of docker-compose.yml, each a random word in a file of its own:
#
#     deploy/compose/create-secrets.sh [FOLDER]     (default: deploy/secrets)
#
# It never changes an existing secret: the database and Grafana keep the password of their first start.
set -eu
folder=${1:-"$(dirname "$0")/../secrets"}

if [ -e "$folder" ]; then
    echo "create-secrets.sh: $folder exists; nothing was changed. For new secrets, remove it, and the volumes with: docker compose down --volumes" >&2
    exit 1
fi
# Only the owner can enter the folder. The files themselves are mounted into containers, whose users read them.
umask 022
mkdir -m 700 "$folder"
for name in postgresql_password admin_token grafana_password; do
    od -An -N 32 -tx1 /dev/urandom | tr -d ' \n' >"$folder/$name"
    echo "created $folder/$name"
done
