"""How each endpoint of conversations is asked: with curl, from Python, from TypeScript.

A row says what is sent; the three ways to send it are written from it. What is in capitals in curl
is a variable in the others: ``$CONVERSATION_ID`` is ``conversation_id`` and ``conversationId``.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Blank:
    """What the reader puts in, in a query or a body."""

    name: str


Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One request. `client` is the operation's name in the official clients, where it has one."""

    method: str
    path: str
    says: str
    client: str = ""
    query: Values = field(default_factory=dict)
    body: Values | None = None
    streams: bool = False

    @property
    def operation(self) -> str:
        """Method and path."""
        return f"{self.method} {self.path}"

    @property
    def variables(self) -> list[str]:
        """The names of what the reader puts in: first what stands in the path."""
        given = [*self.query.values(), *(self.body or {}).values()]
        return [*self._in_path, *(one.name for one in given if isinstance(one, Blank))]

    @property
    def curl(self) -> str:
        """The request with curl."""
        path = re.sub(r"\{(\w+)\}", lambda name: f"${name[1].upper()}", self.path)
        query = "&".join(f"{name}={_in_shell(value)}" for name, value in self.query.items())
        url = f"$PALAVER{path}{'?' if query else ''}{query}"
        options = ["-N"] * self.streams + [f"-X {self.method}"] * (self.method != "GET")
        lines = [" ".join(["curl", *options, f'"{url}"'])]
        if self.body is not None:
            sent = json.dumps(self.body, default=lambda one: f"@{one.name.upper()}@")
            sent = re.sub('"@(.*?)@"', "\"'$\\1'\"", sent)  # out of the quotes, for the shell
            lines += ["  -H 'content-type: application/json'", f"  -d '{sent}'"]
        return " \\\n".join(lines)

    @property
    def python(self) -> str:
        """The request with `letta-client`."""
        given = {**self.query, **(self.body or {})}
        if not self.client:
            path = f'f"{self.path}"' if self._in_path else f'"{self.path}"'
            sent = f", body={_in_python(dict(self.body))}" if self.body is not None else ""
            return f"path = {path}\nclient.{self.method.lower()}(path, cast_to=object{sent})"
        told = [*self._in_path, *(f"{name}={_in_python(one)}" for name, one in given.items())]
        call = f"client.{self.client}({', '.join(told)})"
        return f"stream = {call}\nfor event in stream:\n    print(event)" if self.streams else call

    @property
    def typescript(self) -> str:
        """The request with `@letta-ai/letta-client`."""
        given = {**self.query, **(self.body or {})}
        if not self.client:
            path = re.sub(r"\{(\w+)\}", lambda name: f"${{{_camel(name[1])}}}", self.path)
            sent = (
                f", {{ body: {_in_typescript(dict(self.body))} }}" if self.body is not None else ""
            )
            return f"await client.{self.method.lower()}(`{path}`{sent});"
        told = [_camel(name) for name in self._in_path]
        told += [_in_typescript(given)] if given else []
        name = ".".join(_camel(part) for part in self.client.split("."))
        call = f"await client.{name}({', '.join(told)})"
        if self.streams:
            return f"for await (const event of {call}) console.log(event);"
        return f"{call};"

    @property
    def _in_path(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


_ONE = "/v1/conversations/{conversation_id}"

EXAMPLES = (
    Example(
        "POST",
        "/v1/conversations/",
        "Open a conversation with an agent.",
        client="conversations.create",
        query={"agent_id": Blank("agent_id")},
        body={"summary": "Tea"},
    ),
    Example(
        "GET",
        "/v1/conversations/",
        "List an agent's conversations, those first in which something was said last.",
        client="conversations.list",
        query={"agent_id": Blank("agent_id"), "order_by": "last_message_at", "limit": 20},
    ),
    Example(
        "GET",
        _ONE,
        "Read one, with the ids of what the model sees of it.",
        client="conversations.retrieve",
    ),
    Example(
        "PATCH",
        _ONE,
        "Change what is said here, and nothing else; null clears.",
        client="conversations.update",
        body={"summary": "Tea and biscuits", "archived": True},
    ),
    Example(
        "POST",
        f"{_ONE}/messages",
        "Say something, and hear the answer as it comes.",
        client="conversations.messages.create",
        body={"input": "Hello!", "stream_tokens": True},
        streams=True,
    ),
    Example(
        "GET",
        f"{_ONE}/messages",
        "Read what was said, oldest first.",
        client="conversations.messages.list",
        query={"order": "asc", "limit": 50},
    ),
    Example(
        "POST",
        f"{_ONE}/stream",
        "Follow a run again, from its first event on.",
        client="conversations.messages.stream",
        body={"run_id": Blank("run_id"), "starting_after": 0},
        streams=True,
    ),
    Example(
        "POST",
        f"{_ONE}/messages/preview-raw-payload",
        "See what the provider would be asked, without asking it.",
        body={"input": "Hello!"},
    ),
    Example(
        "POST",
        f"{_ONE}/fork",
        "Open another conversation that begins as this one stands.",
        client="conversations.fork",
    ),
    Example(
        "POST",
        f"{_ONE}/recompile",
        "Look at the system prompt as it would be if it were compiled now.",
        client="conversations.recompile",
        query={"dry_run": True},
    ),
    Example(
        "GET",
        f"{_ONE}/context",
        "See what fills its window, part by part.",
    ),
    Example(
        "POST",
        f"{_ONE}/compact",
        "Have a summary stand for what was said first.",
        client="conversations.messages.compact",
        body={"compaction_settings": {"mode": "all"}},
    ),
    Example(
        "POST",
        f"{_ONE}/compact/undo",
        "Take the last compaction back.",
        body={},
    ),
    Example(
        "POST",
        f"{_ONE}/cancel",
        "End what goes on in it.",
        client="conversations.cancel",
    ),
    Example(
        "DELETE",
        _ONE,
        "Delete it. Its forks keep what they share with it.",
        client="conversations.delete",
    ),
)
"""In the order in which one would read them."""


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _in_shell(value: Any) -> str:
    if isinstance(value, Blank):
        return f"${value.name.upper()}"
    return value if isinstance(value, str) else json.dumps(value)


def _in_python(value: Any) -> str:
    match value:
        case Blank(name):
            return name
        case dict():
            inner = (f"{_in_python(name)}: {_in_python(one)}" for name, one in value.items())
            return f"{{{', '.join(inner)}}}"
        case str():
            return json.dumps(value)
        case _:
            return repr(value)


def _in_typescript(value: Any) -> str:
    match value:
        case Blank(name):
            return _camel(name)
        case dict() if value:
            inner = (f"{name}: {_in_typescript(one)}" for name, one in value.items())
            return f"{{ {', '.join(inner)} }}"
        case _:
            return json.dumps(value)
