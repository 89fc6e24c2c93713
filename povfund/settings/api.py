"""REST API: authentication, paging, errors, description."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.api.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PAGINATION_CLASS": "povfund.common.pagination.CursorPagination",
    "DEFAULT_FILTER_BACKENDS": ["povfund.common.asking.AskedFilters"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "povfund.common.parsing.JSONBody",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "povfund.common.errors.api_exception_handler",
    "COERCE_DECIMAL_TO_STRING": True,
    "DATETIME_FORMAT": "iso-8601",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "财政扶贫资金管理监测信息系统 API",
    "DESCRIPTION": "Poverty-alleviation fund statistical monitoring: the same scope, rules and services as the pages.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "UnitKindEnum": "accounts.choices.UnitKind",
        "LevelEnum": "accounts.choices.Level",
        "RecordStateEnum": "records.choices.RecordState",
        "ReturnReasonEnum": "records.choices.ReturnReason",
        "ChangeReasonEnum": "records.choices.ChangeReason",
        "ChangeStateEnum": "sync.choices.ChangeState",
    },
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
