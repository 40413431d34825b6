"""What an MCP server offers, made into tools.

A server may offer anything: names that no model can call, names that are taken, things that are no
schema. Each offer becomes a tool, or there is a reason why not.
"""

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from palaver.domain.mcp import McpServer, Offer
from palaver.domain.tool import Tool

LONGEST_NAME = 64  # characters; what all models' providers take
LONGEST_DESCRIPTION = 16_384
LARGEST_SCHEMA = 65_536  # characters of JSON
_NOT_OF_A_NAME = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to become of a server's tools. `skipped` has the reasons, by the offer's name."""

    added: tuple[Tool, ...]
    updated: tuple[Tool, ...]
    deleted: tuple[Tool, ...]
    skipped: Mapping[str, str]


def plan(
    server: McpServer, offers: Iterable[Offer], kept: Collection[Tool], taken: Collection[str]
) -> Plan:
    """Make a server's tools what it offers. `kept` are those it has; `taken` are others' names.

    A tool keeps its id, its name and all else that its server does not say. New tools have no id.
    """
    old = {offered_as(tool): tool for tool in kept}
    names = {*taken, *(tool.name for tool in kept)}
    added: list[Tool] = []
    updated: list[Tool] = []
    skipped: dict[str, str] = {}
    seen: set[str] = set()
    for offer in offers:
        known = old.get(offer.name)
        reason = _reason_against(offer, seen)
        name = known.name if known else _free_name(offer, server, names)
        if reason is None and name is None:
            reason = "its name is taken, or none that a model can call"
        if reason is not None:
            skipped[_without_nul(offer.name)] = reason
            continue
        seen.add(offer.name)
        names.add(name)
        tool = _told(known or Tool(id="", name=name), offer, server)
        if known is None:
            added.append(tool)
        elif tool != known:
            updated.append(tool)
    deleted = tuple(tool for name, tool in old.items() if name not in seen)
    return Plan(tuple(added), tuple(updated), deleted, skipped)


def names_for(offers: Iterable[Offer], server: McpServer) -> set[str]:
    """The names that the tools of `offers` might get."""
    return {name for offer in offers for name in _names(offer, server)}


def offered_as(tool: Tool) -> str:
    """The name by which its server knows a tool."""
    told = (tool.metadata_ or {}).get("mcp")
    name = told.get("tool_name") if isinstance(told, dict) else None
    return name if isinstance(name, str) else tool.name or ""


def _told(tool: Tool, offer: Offer, server: McpServer) -> Tool:
    """The tool with what its server says of it."""
    description = offer.description[:LONGEST_DESCRIPTION]
    source = {"server_id": server.id, "server_name": server.server_name, "tool_name": offer.name}
    return tool.model_copy(
        update={
            "tool_type": "external_mcp",
            "description": description,
            "json_schema": {
                "name": tool.name,
                "description": description,
                "parameters": _parameters(offer),
            },
            "tags": [f"mcp:{server.server_name}"],
            "metadata_": {**(tool.metadata_ or {}), "mcp": source},
        }
    )


def _parameters(offer: Offer) -> dict[str, Any]:
    return {"properties": {}, **offer.parameters, "type": "object"}


def _reason_against(offer: Offer, seen: Collection[str]) -> str | None:
    if offer.name in seen:
        return "it is offered twice"
    if offer.parameters.get("type", "object") != "object":
        return "its parameters are no object"
    if not isinstance(offer.parameters.get("properties", {}), dict):
        return "the properties of its parameters are no object"
    schema = json.dumps(offer.parameters)
    if len(schema) > LARGEST_SCHEMA:
        return f"its schema is longer than {LARGEST_SCHEMA} characters"
    if "\\u0000" in schema or "\0" in offer.name + offer.description:
        return "it holds NUL characters"
    return None


def _free_name(offer: Offer, server: McpServer, taken: Collection[str | None]) -> str | None:
    return next((name for name in _names(offer, server) if name not in taken), None)


def _names(offer: Offer, server: McpServer) -> list[str]:
    """The names that an offer's tool may have, the best first: its own, else with its server's."""
    own, prefix = _callable(offer.name), _callable(server.server_name)
    return [name for name in (own, _callable(f"{prefix}_{own}")) if name] if own else []


def _callable(name: str) -> str:
    return _NOT_OF_A_NAME.sub("_", name)[:LONGEST_NAME].strip("_") if name else ""


def _without_nul(text: str) -> str:
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
