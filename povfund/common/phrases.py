"""Sentences worded when they are shown: text and values are kept apart, so that each reader reads the own language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from django.db import models
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext, pgettext


def _say(text: str, values: Mapping[str, Any] | None, context: str) -> str:
    said = pgettext(context, text) if context else gettext(text)
    return said if values is None else said % values


_Said: Any = type(lazy(_say, str)("", None, ""))


class Phrase(_Said):  # type: ignore[misc]
    """
    A text that stays lazy with its values: `phrase("%(n)s rows") % {"n": 2}` is worded in the language of the moment.

    Values may be texts to be translated themselves; `%` holds on to a copy of them.
    """

    def __init__(self, text: str, values: Mapping[str, Any] | None = None, context: str = "") -> None:
        super().__init__((text, values, context), {})

    def __mod__(self, values: Mapping[str, Any]) -> Phrase:
        text, _none, context = self._args
        return Phrase(text, dict(values), context)


def listed(words: Iterable[Any]) -> str:
    """Words one after the other as the language lists them: 甲、乙."""
    return pgettext("list", ", ").join(map(str, words))


def phrase(text: str) -> Phrase:
    """A text to be translated when it is shown; named `_` where findings are made, so that it is collected."""
    return Phrase(text)


def kept(value: Any) -> Any:
    """
    What is stored of a value of JSON: of a text to be translated {"say": text, "with": values, "context": …}.

    Lazy texts of any other make are worded in the language of the moment.
    """
    kind = type(value)
    if kind is Phrase:
        return _parts(*value._args)
    if kind is dict:
        return {name: kept(one) for name, one in value.items()}
    if kind is list or kind is tuple:
        return [kept(one) for one in value]
    return _lazy(value) if isinstance(value, Promise) else value


def _lazy(text: Promise) -> Any:
    made, args, more = text.__reduce__()[1][:3]  # type: ignore[index, misc]
    if made is gettext and not more:
        return _parts(args[0])
    if made is pgettext and not more:
        return _parts(args[1], context=args[0])
    return str(text)


def _parts(text: str, values: Mapping[str, Any] | None = None, context: str = "") -> dict[str, Any]:
    parts: dict[str, Any] = {"say": text}
    if values is not None:
        parts["with"] = {
            n: v if isinstance(v, int) else kept(v) if isinstance(v, Promise) else str(v) for n, v in values.items()
        }
    if context:
        parts["context"] = context
    return parts


def worded(stored: Any) -> Any:
    """A stored value with its texts as lazy ones."""
    if type(stored) is list:
        return [worded(one) for one in stored]
    if type(stored) is not dict:
        return stored
    if "say" not in stored:
        return {name: worded(one) for name, one in stored.items()}
    values = stored.get("with")
    return Phrase(stored["say"], values and {n: worded(v) for n, v in values.items()}, stored.get("context", ""))


def kept_json(value: Any) -> str:
    """A value as it is written to a column of PhraseField by COPY."""
    return msgspec.json.encode(kept(value)).decode()


class PhraseField(models.JSONField):
    """JSON with texts in it: stored apart from their values and read as Phrase, so that each reader reads the own."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return worded(super().from_db_value(value, expression, connection))

    def get_prep_value(self, value: Any) -> Any:
        return super().get_prep_value(kept(value))
