"""What may be asked of a list: each parameter is known and can be read, or the answer names it and what is allowed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import wraps
from typing import Any, ClassVar
from uuid import UUID

import django_filters
from django.core.exceptions import BadRequest
from django.db.models import CharField
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.request import Request

from povfund.common.errors import Finding, RuleViolation, Text
from povfund.common.form_fields import YES_NO
from povfund.common.money import spoken_in
from povfund.common.tables import PAGING, Column, misplaced
from povfund.common.uid import uuid_of

LISTED = 40
"""Values a remedy names; a longer list stands in `code-lists`."""


def unknown(
    params: QueryDict,
    *,
    known: Collection[str],
    several: Collection[str] = (),
    silent: Collection[str] = (),
    prefix: str = "",
) -> list[Finding]:
    """
    Parameters that are not `known`, and those given more than once although only one of `several` may be.

    The `silent` ones are taken and not offered.
    """
    found = [
        Finding(
            "SHAPE",
            _("There is no parameter “%(name)s” here.") % {"name": name[:40]},
            field=prefix + name[:40],
            remedy=possible(known) or _("This address takes no parameter."),
        )
        for name in params
        if name not in known and name not in silent
    ]
    return found + [
        Finding(
            "SHAPE",
            _("“%(name)s” stands more than once.") % {"name": name},
            field=prefix + name,
            remedy=_("Give it once."),
        )
        for name, values in params.lists()
        if name in known and name not in several and len(values) > 1
    ]


def possible(values: Iterable[Any]) -> str:
    """“Possible: a, b.”, or nothing where there is nothing to name."""
    listed = [str(value) for value in values]
    if not listed:
        return ""
    more = "…" if len(listed) > LISTED else ""
    return _("Possible: %(known)s.") % {"known": ", ".join(listed[:LISTED]) + more}


def faults(filterset: Any, *, prefix: str = "") -> list[Finding]:
    """What cannot be read of the values of a filter set, with what each filter takes."""
    return [
        Finding("SHAPE", message, field=f"{prefix}{name}", remedy=_allowed(filterset.form.fields[name]))
        for name, messages in filterset.errors.items()
        for message in messages
    ]


def _allowed(field: Any) -> Text:
    choices = getattr(field, "choices", None)
    if choices is None:
        return ""
    if hasattr(choices, "queryset"):
        codes = isinstance(choices.queryset.model._meta.pk, CharField)
        return possible(choices.queryset.values_list("pk", flat=True)) if codes else ""
    return possible(value for value, _label in choices if value not in ("", None))


class AskedFilters(DjangoFilterBackend):
    """Filters of an API list; a value that cannot be read is refused by name. One record goes by its address alone."""

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        filterset = self.get_filterset(request, queryset, view) if view.lists else None
        if filterset is None:
            return queryset
        if found := faults(filterset):
            raise RuleViolation(found)
        return filterset.qs

    def get_filterset_kwargs(self, request: Request, queryset: Any, view: Any) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_filterset_kwargs(request, queryset, view)
        return kwargs | view.filterset_options()


class Asked:
    """
    Of every view of the API: a parameter it does not know is refused (400), whatever the method.

    `asks` names parameters by action (by method where a view has no actions), besides the filters and
    the paging of lists; `paged` are further actions that answer in pages.
    """

    asks: ClassVar[Mapping[str, Collection[str]]] = {}
    paged: ClassVar[Collection[str]] = ()

    @property
    def lists(self) -> bool:
        return getattr(self, "action", "") == "list"

    def filterset_options(self) -> dict[str, Any]:
        """What the filter set wants to know besides request and rows."""
        return {}

    def dispatch(self, *args: Any, **kwargs: Any) -> Any:
        """The API takes 元, so its messages name amounts in 元."""
        with spoken_in("yuan"):
            return super().dispatch(*args, **kwargs)  # type: ignore[misc]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        known, several = self._known(request)
        if found := unknown(request.query_params, known=known, several=several):
            raise RuleViolation(found)

    def _known(self, request: Request) -> tuple[list[str], set[str]]:
        view: Any = self
        action = getattr(view, "action", None) or (request.method or "").lower()
        filters = _filters(view, request) if view.lists else {}
        known = [*filters, *self.asks.get(action, ())]
        pages = getattr(view, "paginator", None)
        if pages is not None and (view.lists or action in self.paged):
            known += pages.parameters(view)
        return known, {n for n, one in filters.items() if isinstance(one, django_filters.MultipleChoiceFilter)}


def _filters(view: Any, request: Request) -> dict[str, Any]:
    """As this server has them: a province's lists lack those that tell provinces apart."""
    found = getattr(view, "filterset_class", None)
    if found is None:
        return {}
    filters: dict[str, Any] = found(queryset=view.queryset, request=request, **view.filterset_options()).filters
    return filters


def asked(
    filterset: Any, params: QueryDict, *, columns: Iterable[Column] = (), order: str = "", also: Collection[str] = ()
) -> Any:
    """
    Rows of a page's filter set. Where the address asks what is unknown or cannot be read there are none of
    them, and the form says why: nothing is shown that was not asked for.
    """
    filters = filterset.filters
    known = [*filters, *(["sort"] if columns else []), *also]
    several = {name for name, one in filters.items() if isinstance(one, django_filters.MultipleChoiceFilter)}
    found = unknown(params, known=known, several=several, silent=PAGING)
    found += misplaced(params, columns=columns, order=order)
    for finding in found:
        filterset.form.add_error(None, f"{finding.message} {finding.remedy}")
    return filterset.qs if filterset.is_valid() else filterset.queryset.none()


def shown_with(filterset: Any) -> int:
    """The status of a list page: 422 where its filter holds a fault."""
    return 200 if filterset.is_valid() else 422


def refuse(found: Collection[Finding]) -> None:
    """Answer with the page that says why (400), where anything was found."""
    if found:
        raise BadRequest(" ".join(f"{finding.message} {finding.remedy}" for finding in found))


def one_of(name: str, given: str, values: Iterable[Any]) -> Finding:
    """`given` is none of the values `name` takes."""
    message = _("“%(value)s” is none of the values of “%(name)s”.") % {"value": given[:40], "name": name}
    return Finding("SHAPE", message, field=name, remedy=possible(values))


def uid_asked(params: QueryDict, name: str) -> UUID | None:
    """The uid the address names, None where it names none; anything else is refused (400)."""
    given = params.get(name, "")
    found = uuid_of(given)
    if given and found is None:
        message = _("%(name)s: “%(value)s” is no uid.") % {"name": name, "value": given[:40]}
        refuse([Finding("SHAPE", message, field=name, remedy=_("Take it from the record's address or from a list."))])
    return found


def yes(params: QueryDict, name: str) -> bool:
    """Does the address say yes to `name`? Left out is no; a word that is neither is refused (400)."""
    given = params.get(name, "")
    answer = YES_NO.get(given.strip().lower()) if given else False
    if answer is None:
        message = _("“%(value)s” is neither true nor false.") % {"value": given[:40]}
        refuse([Finding("SHAPE", f"{name}: {message}", field=name, remedy=possible(YES_NO))])
    return bool(answer)


def takes(*names: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """A page without a filter form that takes these parameters; any other is refused (400, a page that says why)."""

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            shown = [name for name in names if name not in PAGING]
            refuse(unknown(request.GET, known=shown, silent=names))
            return view(request, *args, **kwargs)

        return wrapped

    return wrap
