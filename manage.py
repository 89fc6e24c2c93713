"""Commands of a node; the command decides which database role it needs."""

import os
import sys

from povfund.roles import role_of_command


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "povfund.settings")
    os.environ.setdefault("POVFUND_DB_ROLE", role_of_command(sys.argv[1] if len(sys.argv) > 1 else ""))
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
