"""What is found at the server's door: what it takes and offers, told to programs and to people.

`/api/openapi` is the schema of all routes, `/api/docs` the same as a page that needs nothing
else: no script, and no other host. `/api/collections` names those that the one who asks may read,
`/livez` and `/readyz` tell a machine how the server is.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from markupsafe import Markup

from assistant.answering import Answering
from assistant.errors import StoreError
from assistant.serve.access import NO_ROUTE, error_response
from assistant.serve.visitors import COLLECTIONS

FAILURE = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "message": {"type": "string"}},
            "required": ["kind", "message"],
        }
    },
    "required": ["error"],
}
INTRODUCTION = (
    "Bodies and answers are JSON. A failure is a status of 400 or more with its kind and a line "
    "for people. Every response has an X-Request-ID."
)
OF_COLLECTIONS = (
    " There are several collections: a path leads to the first that you may read, and "
    "/collections/NAME before it to another one."
)
_PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>assistant: the HTTP API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto }}
:root {{ color-scheme: light dark }}
summary {{ cursor: pointer }} code {{ font-family: ui-monospace, monospace }}
td, th {{ text-align: left; padding: 0 1rem .25rem 0; vertical-align: top }}
</style></head>
<body><h1>The HTTP API</h1><p>{}</p><p><a href="openapi">The same as an OpenAPI schema</a></p>
{}
</body></html>
""")
_ROUTE = Markup("<details><summary><code><b>{}</b> {}</code> {}</summary>{}</details>\n")
_TABLE = Markup("<table><tr><th>{}</th><th>type</th><th>default</th></tr>{}</table>")
_ROW = Markup("<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>")


def add_door(app: FastAPI, assistants: Sequence[Answering], parts: Mapping[str, FastAPI]) -> None:
    """Add the routes to the app; `parts` are the apps of the collections by name, or itself."""
    _add_probes(app, assistants)
    has_collections = app not in parts.values()

    @app.get("/api/collections", summary="List the collections that you may read")
    def collections(request: Request) -> JSONResponse:
        return JSONResponse({"collections": list(request.state.collections)})

    @app.get("/api/openapi", summary="The schema of all routes")
    def schema() -> JSONResponse:
        return JSONResponse(make_schema(app, parts))

    @app.get("/api/docs", summary="The schema as a page")
    def docs() -> Response:
        return HTMLResponse(draw_schema(make_schema(app, parts)))

    if has_collections:

        @app.api_route("/", methods=["GET", "HEAD"], include_in_schema=False)
        def page(request: Request) -> Response:
            if not (readable := request.state.collections):
                return error_response(404, "RequestError", NO_ROUTE)
            return RedirectResponse(f"{COLLECTIONS[1:]}{readable[0]}/", 307)


def _add_probes(app: FastAPI, assistants: Sequence[Answering]) -> None:
    probing = ThreadPoolExecutor(1, "probing")  # beside the server's threads: all may wait

    @app.get("/livez", summary="Tell that the process lives")
    async def livez() -> JSONResponse:
        return JSONResponse({"status": "alive"})

    @app.get("/readyz", summary="Tell whether questions can be answered")
    async def readyz() -> JSONResponse:
        if app.state.closing.is_set():
            return error_response(503, "Closing", "the server is being stopped")
        return await asyncio.get_running_loop().run_in_executor(probing, look)

    def look() -> JSONResponse:
        if len(assistants) == 1:
            version = assistants[0].index_version
            return JSONResponse({"status": "ready", "index_version": version})
        if any(map(_is_ready, assistants)):
            return JSONResponse({"status": "ready"})
        return error_response(503, "IndexMissing", "no collection has an index yet")


def _is_ready(assistant: Answering) -> bool:
    try:
        return assistant.index_version >= 0
    except StoreError:
        return False


def make_schema(app: FastAPI, parts: Mapping[str, FastAPI]) -> dict[str, Any]:
    """Return the OpenAPI schema of the app and of what one collection has, with our failures."""
    whole = app.openapi()
    part = next(iter(parts.values())).openapi()
    paths = {**whole["paths"], **part["paths"]}
    schemas = {
        **whole.get("components", {}).get("schemas", {}),
        **part.get("components", {}).get("schemas", {}),
    }
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's, in place of ours
        schemas.pop(name, None)
    failure = {
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
    }
    told = INTRODUCTION + (OF_COLLECTIONS if app not in parts.values() else "")
    return {
        "openapi": whole["openapi"],
        "info": {**whole["info"], "description": told},
        "servers": [{"url": ".."}],
        "paths": {
            path: {
                method: {
                    **operation,
                    "responses": {
                        **{at: one for at, one in operation["responses"].items() if at != "422"},
                        "default": {"description": "A failure", **failure},
                    },
                }
                for method, operation in operations.items()
            }
            for path, operations in sorted(paths.items())
        },
        "components": {
            "schemas": {**schemas, "Failure": FAILURE},
            "securitySchemes": {
                "basic": {"type": "http", "scheme": "basic"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"basic": []}, {"bearer": []}],
    }


def draw_schema(schema: Mapping[str, Any]) -> str:
    """Return the schema as a page of HTML."""
    drawn = Markup("").join(
        _ROUTE.format(method.upper(), path, operation.get("summary", ""), _draw(operation, schema))
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    )
    return str(_PAGE.format(schema["info"]["description"], drawn))


def _draw(operation: Mapping[str, Any], schema: Mapping[str, Any]) -> Markup:
    """Return the tables of what an operation takes."""
    parameters = [
        (f"{one['name']} ({one['in']})", one["schema"]) for one in operation.get("parameters", ())
    ]
    drawn = _draw_table("parameter", parameters)
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        body = _resolve(content.get("schema", {}), schema)
        drawn += _draw_table(
            f"field of the body ({kind})", list(body.get("properties", {}).items())
        )
    return drawn


def _draw_table(head: str, rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Markup:
    if not rows:
        return Markup("")
    drawn = (_ROW.format(name, _name_type(one), _name_default(one)) for name, one in rows)
    return _TABLE.format(head, Markup("").join(drawn))


def _resolve(one: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(one.get("$ref", "")).rpartition("/")[2]
    return schema["components"]["schemas"].get(name, one) if name else one


def _name_default(one: Mapping[str, Any]) -> str:
    return repr(one["default"]) if one.get("default") is not None else ""


def _name_type(one: Mapping[str, Any]) -> str:
    return " or ".join(_list_types(one)) or "any"


def _list_types(one: Mapping[str, Any]) -> Iterator[str]:
    if "$ref" in one:
        yield str(one["$ref"]).rpartition("/")[2]
    elif "enum" in one:
        yield from map(repr, one["enum"])
    elif "anyOf" in one:
        for other in one["anyOf"]:
            yield from _list_types(other)
    elif one.get("type") == "array":
        yield f"list of {_name_type(one.get('items', {}))}"
    elif "type" in one:
        yield str(one["type"])
