-- Login roles and database of one node on a served PostgreSQL 15 or newer. Run once by a superuser:
--   psql -v ON_ERROR_STOP=1 -v database=povfund \
--        -v owner_password="$OWNER" -v app_password="$APP" -v sync_password="$SYNC" -f deploy/roles.sql
-- What each role may do in the tables is set by `manage.py migrate` from the models themselves.
SELECT format('CREATE ROLE %I LOGIN', name)
FROM unnest(ARRAY['fp_owner', 'fp_app', 'fp_sync']) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) \gexec

ALTER ROLE fp_owner NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE fp_app NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'app_password';
ALTER ROLE fp_sync NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'sync_password';

SELECT format(
    'CREATE DATABASE %I OWNER fp_owner TEMPLATE template0 ENCODING ''UTF8'' LC_COLLATE ''C'' LC_CTYPE ''C.UTF-8''',
    :'database'
) WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \gexec

REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"database" TO fp_owner, fp_app, fp_sync;
