"""Reads of rollups from a streaming replica, where one is configured."""

from typing import Any


class ReplicaRouter:
    """汇总查询 — models of `rollups` are read from the replica; everything else and all writes stay here."""

    def db_for_read(self, model: Any, **_: Any) -> str | None:
        return "replica" if model._meta.app_label == "rollups" else None

    def db_for_write(self, model: Any, **_: Any) -> str:
        return "default"

    def allow_relation(self, obj1: Any, obj2: Any, **_: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **_: Any) -> bool:
        return db == "default"
