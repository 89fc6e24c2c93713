"""The JSON body of an API call: what cannot be read is refused in the reader's language, however it is made."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser


class JSONBody(JSONParser):
    """JSON as its standard has it; one nested without end is no JSON a caller needs."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError(_("The body is nested too deeply to be read.")) from None
        except ParseError as error:
            why = str(error.detail).removeprefix("JSON parse error - ")
            raise ParseError(_("The body is no JSON: %(why)s.") % {"why": why}) from None
        if not isinstance(body, dict):
            raise ParseError(_("The body is no JSON object; write {…} with the names of the fields."))
        return body
