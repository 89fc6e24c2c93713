"""Settings by topic; each topic module holds upper-case names, gathered here."""

from types import ModuleType

from povfund.settings import (
    api,
    apps,
    database,
    internationalization,
    logs,
    node,
    queue,
    registries,
    security,
    web,
)

TOPICS: tuple[ModuleType, ...] = (
    node,
    apps,
    database,
    security,
    web,
    internationalization,
    api,
    queue,
    registries,
    logs,
)

for _topic in TOPICS:
    globals().update({name: value for name, value in vars(_topic).items() if name.isupper()})
