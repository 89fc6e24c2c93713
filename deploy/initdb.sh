#!/bin/sh
# Runs once in a fresh PostgreSQL container, before it accepts connections from outside.
set -eu
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v database="$POVFUND_DATABASE" \
    -v owner_password="$POVFUND_OWNER_PASSWORD" \
    -v app_password="$POVFUND_APP_PASSWORD" \
    -v sync_password="$POVFUND_SYNC_PASSWORD" \
    -f /opt/povfund/roles.sql
