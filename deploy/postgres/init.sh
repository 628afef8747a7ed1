#!/bin/sh
# Run once by the PostgreSQL image on an empty volume: a database and a role for each service.
set -eu
for service in gateway credit complaints contracts; do
    name=$(echo "$service" | tr '[:lower:]' '[:upper:]')
    secret=$(printenv "${name}_DATABASE_PASSWORD")
    psql -v ON_ERROR_STOP=1 -v role="$service" -v name="tourtrust_$service" -v secret="$secret" \
        --username "$POSTGRES_USER" --dbname postgres <<'SQL'
CREATE ROLE :"role" LOGIN PASSWORD :'secret';
CREATE DATABASE :"name" OWNER :"role" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
REVOKE CONNECT, TEMPORARY ON DATABASE :"name" FROM PUBLIC;
SQL
done
