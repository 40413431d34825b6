"""How endpoints are declared: alike everywhere, and found in one walk.

Routes are added to the app themselves instead of as routers within it, which FastAPI would match
twice on every request (0.2 ms). Those of conversations come first, as they are asked for most.
"""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from palaver.api import unplanned
from palaver.api.problems import RESPONSES
from palaver.api.requests import StrictRoute


def router(prefix: str, tag: str, kind: type[StrictRoute] = StrictRoute) -> APIRouter:
    """Endpoints below a path; their operations are named after `tag` and their function."""
    return APIRouter(
        prefix=prefix,
        tags=[tag],
        route_class=kind,
        responses=RESPONSES,
        generate_unique_id_function=_operation_id,
    )


def add(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Add the endpoints of all `routers`, tried in this order, and those that are left out."""
    there = [route for each in routers for route in each.routes]
    app.router.routes.extend(unplanned.around(there))


def _operation_id(route: APIRoute) -> str:
    return f"{route.tags[0]}_{route.name}"
