"""Guards in the database have no switch."""

from django.db import connections

_NEVER = """
DO $do$ BEGIN
    IF to_regprocedure('public._pgtrigger_should_ignore(name)') IS NOT NULL THEN
        CREATE OR REPLACE FUNCTION public._pgtrigger_should_ignore(trigger_name name) RETURNS boolean
            LANGUAGE sql IMMUTABLE AS $$ SELECT false $$;
    END IF;
END $do$
"""


def close_switches(*, using: str) -> None:
    """
    Take from the triggers the setting `pgtrigger.ignore`, by which any session could switch one off.

    The library asks for it in every trigger; from now on the answer is a constant, which costs nothing.
    Safe to repeat; migrations that make triggers bring the switch back, so it runs after each of them.
    """
    if connections[using].vendor == "postgresql":
        with connections[using].cursor() as cursor:
            cursor.execute(_NEVER)
