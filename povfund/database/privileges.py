"""What the two login roles of the running product may do, table by table, from the models themselves."""

from django.apps import apps
from django.db import connections, models
from psycopg import sql

from povfund.roles import APP, LOGIN_NAMES, SYNC

READ = ("SELECT",)
APPEND = ("SELECT", "INSERT")
CHANGE = ("SELECT", "INSERT", "UPDATE")
EVERYTHING = ("SELECT", "INSERT", "UPDATE", "DELETE")

ACCESS: dict[str, dict[str, tuple[str, ...]]] = {
    "normal": {APP: EVERYTHING, SYNC: EVERYTHING},
    "append_only": {APP: APPEND, SYNC: APPEND},
    "sync_only": {APP: READ, SYNC: CHANGE},
    "sync_append_only": {APP: READ, SYNC: APPEND},
    "sync_scratch": {APP: READ, SYNC: EVERYTHING},
    "owner_only": {APP: READ, SYNC: READ},
}
"""`db_access` of a model → rights of fp_app and fp_sync. TRUNCATE is nobody's."""


def access_of(model: type[models.Model]) -> str:
    """The class attribute `db_access`; absent means normal. Raises ValueError for an unknown word."""
    access = getattr(model, "db_access", "normal")
    if access not in ACCESS:
        raise ValueError(f"{model._meta.label}.db_access is “{access}”; one of {', '.join(ACCESS)}.")
    return access


def table_privileges() -> dict[str, dict[str, tuple[str, ...]]]:
    """Table name → role → privileges, for every managed table including many-to-many ones."""
    chosen = apps.get_models(include_auto_created=True)
    return {
        model._meta.db_table: ACCESS[access_of(model)]
        for model in chosen
        if model._meta.managed and not model._meta.proxy
    }


def grant_privileges(*, using: str) -> None:
    """Set the privileges anew; safe to repeat. A server without the roles is left as it is."""
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", [list(LOGIN_NAMES.values())])
        present = {name for (name,) in cursor.fetchall()}
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {name for (name,) in cursor.fetchall()}
        wanted = table_privileges()
        for role in (APP, SYNC):
            if LOGIN_NAMES[role] in present:
                cursor.execute(_statements(role, tables=tables, wanted=wanted).as_string())


def _statements(role: str, *, tables: set[str], wanted: dict[str, dict[str, tuple[str, ...]]]) -> sql.Composed:
    """Tables no model describes (queues made by migrations, Django's own) are normal."""
    login = sql.Identifier(LOGIN_NAMES[role])
    parts: list[sql.Composable] = [
        sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(login),
        sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(login),
        sql.SQL("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}").format(login),
    ]
    for table in sorted(tables):
        rights = wanted.get(table, ACCESS["normal"])[role]
        rights = READ if table == "django_migrations" else rights
        parts.append(
            sql.SQL("GRANT {} ON TABLE {} TO {}").format(
                sql.SQL(", ").join(map(sql.SQL, rights)), sql.Identifier(table), login
            )
        )
    return sql.SQL("; ").join(parts)
