#!/bin/sh
# Runs once, when PostgreSQL's data folder is new: Purser's database and its two roles, with the passwords that
# the secrets `database_url` and `database_owner_url` hold.
set -eu
secrets="${SECRETS:-/run/secrets}"

password() {
    sed -n 's#^[a-z]*://[^:/@]*:\([^@]*\)@.*#\1#p' "$secrets/$1"
}

psql --no-psqlrc --set ON_ERROR_STOP=1 --quiet --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set owner="$(password database_owner_url)" --set app="$(password database_url)" <<'SQL'
CREATE ROLE purser_owner LOGIN PASSWORD :'owner';
CREATE ROLE purser_app LOGIN PASSWORD :'app';
CREATE DATABASE purser OWNER purser_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE purser FROM PUBLIC;
GRANT CONNECT ON DATABASE purser TO purser_app;
SQL
