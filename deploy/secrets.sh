#!/bin/sh
# Makes the secrets of compose.yaml that are missing, in deploy/secrets/ or the folder named; keeps those that are there.
# Files are readable by all because containers run as other users; the folder above them is not.
set -eu
umask 022
folder="${1:-$(dirname "$0")/secrets}"
mkdir -p "$folder"
chmod 0700 "$folder"

random() {
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'
}

keep() {
    [ -e "$folder/$1" ] || printf '%s\n' "$2" >"$folder/$1"
}

keep secret_key "$(random)$(random)"
keep postgres_password "$(random)"
keep database_owner_url "postgresql://purser_owner:$(random)@postgres:5432/purser"
keep database_url "postgresql://purser_app:$(random)@postgres:5432/purser"
keep redis_url "redis://:$(random)@redis:6379"
keep registry_http "$(random)"
keep registry_notifications "$(random)"
keep jira_webhook "$(random)"

# These come from others. Jira and mail may stay empty.
for name in oidc_client_secret jira_token smtp_password; do
    [ -e "$folder/$name" ] || : >"$folder/$name"
    [ -s "$folder/$name" ] || echo "Write into $folder/$name what that system gave you." >&2
done
