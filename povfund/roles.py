"""Database roles: a process is exactly one of them, and never changes."""

OWNER, APP, SYNC = "owner", "app", "sync"
LOGIN_NAMES = {OWNER: "fp_owner", APP: "fp_app", SYNC: "fp_sync"}

COMMANDS = {
    SYNC: {
        "tick",
        "seal",
        "transmit",
        "relay",
        "rebase",
        "export_batch",
        "import_batch",
        "rollups",
        "verify_audit",
        "verify_batch",
    },
    APP: {"runserver", "doctor"},
}


def role_of_command(command: str) -> str:
    """Role a management command runs as: those of the transmission as fp_sync, all others as fp_owner."""
    return next((role for role, names in COMMANDS.items() if command in names), OWNER)
