"""Django's PostgreSQL engine, which starts the embedded server at its first connection."""

from typing import Any

from django.conf import settings
from django.db.backends.postgresql import base

from povfund.embedded import running_cluster


class DatabaseWrapper(base.DatabaseWrapper):
    """Fills address and password from the embedded cluster and creates the node's database on demand."""

    def get_connection_params(self) -> dict[str, Any]:
        cluster = running_cluster(settings.CLUSTER_HOME)
        name = self.settings_dict["NAME"] or "postgres"
        if name != "postgres":
            cluster.ensure_database(name)
        self.settings_dict.update(
            HOST=cluster.host, PORT=str(cluster.port), PASSWORD=cluster.password(self.settings_dict["USER"])
        )
        return super().get_connection_params()
