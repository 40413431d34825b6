"""A visit to a server: ways to ask it, what was seen there, and what has to be taken away again."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, get_args
from uuid import uuid4

import httpx2
from letta_client import Letta
from letta_client.types import AgentState, Conversation
from letta_client.types.agents import LettaStreamingResponse
from pydantic import TypeAdapter

Json = dict[str, Any]

SLOW = "[[pace: 20]] [[words: 1000]] Count from one to a thousand, in words."
"""What takes a while to answer: in the orders of palaver's offline model, and in words."""

_ENDS = ("ping", "stop_reason", "usage_statistics", "error_message")
_KINDS = {
    kind.model_fields["message_type"].default: kind
    for kind in get_args(get_args(LettaStreamingResponse)[0])
}


class Mismatch(Exception):
    """What was seen is not what was expected."""


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing that was looked at."""

    what: str
    expected: Any
    seen: Any
    holds: bool


@dataclass(slots=True)
class Visit:
    """One check's visit. `made` are the paths of what it has made, newest last."""

    http: httpx2.Client
    client: Letta
    model: str
    sights: list[Sight] = field(default_factory=list)
    made: list[str] = field(default_factory=list)

    def same(self, what: str, seen: Any, expected: Any) -> None:
        """Expect `what` to be exactly this. Raises `Mismatch`."""
        self._look(Sight(what, expected, seen, bool(seen == expected)))

    def true(self, what: str, seen: Any, *, holds: bool) -> None:
        """Expect the sentence `what` to be true of what is `seen`. Raises `Mismatch`."""
        self._look(Sight(what, "so", seen, holds))

    def typed(self, kind: Any, value: Any) -> None:
        """Expect a JSON value to be of the client's type, down to the last field."""
        _adapter(kind).validate_json(json.dumps(value), strict=True)

    def agent(self, **more: Any) -> AgentState:
        """An agent of the visit's own."""
        name = f"conformance {uuid4().hex[:12]}"
        given = {"name": name, "model": self.model, "include_base_tools": False, **more}
        made = self.client.agents.create(**given)
        self.made += [f"/v1/blocks/{block.id}" for block in made.blocks or ()]
        self.made.append(f"/v1/agents/{made.id}")
        self.same("the name of a new agent", made.name, name)
        return made

    def block(self, **more: Any) -> Json:
        """A block of the visit's own."""
        value = uuid4().hex
        made: Json = self.json("POST", "/v1/blocks/", {"label": "notes", "value": value, **more})
        self.made.append(f"/v1/blocks/{made['id']}")
        self.same("the value of a new block", made["value"], more.get("value", value))
        return made

    def conversation(self, agent_id: str | None = None, **more: Any) -> Conversation:
        """A conversation in which nothing was said yet, with an agent or with a new one."""
        agent_id = agent_id or self.agent().id
        made = self.client.conversations.create(agent_id=agent_id, **more)
        self.same("whose a new conversation is", made.agent_id, agent_id)
        return made

    def send(self, conversation_id: str, text: str = "Hello", **more: Any) -> list[Json]:
        """All events of the answer to a send, pings left out; each is of the client's type."""
        body = {"input": text, **more}
        if "messages" in more:
            del body["input"]
        with self.streaming(f"/v1/conversations/{conversation_id}/messages", body) as events:
            return [event for event in events if event["message_type"] != "ping"]

    @contextmanager
    def streaming(self, path: str, body: Json) -> Iterator[Iterator[Json]]:
        """The events of a stream as they come. Leaving the context hangs up."""
        with self.http.stream("POST", path, json=body) as answer:
            if answer.status_code != 200:
                answer.read()
                raise ValueError(f"POST {path}: {answer.status_code} {answer.text}")
            kind = answer.headers["content-type"].partition(";")[0]
            self.same("the content type of a stream", kind, "text/event-stream")
            yield self._events(answer.iter_lines())

    def said(self, conversation_id: str, **wanted: Any) -> list[Json]:
        """What a conversation's list of messages holds."""
        query = {"order": "asc", **wanted}
        found: list[Json] = self.json(
            "GET", f"/v1/conversations/{conversation_id}/messages", **query
        )
        return found

    def ask(self, method: str, path: str, body: Any = None, **query: Any) -> httpx2.Response:
        """Any request, any answer. A body of None is none at all."""
        return self.http.request(method, path, json=body, params=query)

    def json(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """The JSON of an answer with the status 200. Raises `ValueError` for any other."""
        answer = self.ask(method, path, body, **query)
        if answer.status_code != 200:
            raise ValueError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def refused(self, status: int, method: str, path: str, body: Any = None, **query: Any) -> str:
        """Expect a request to be refused, with a `detail` in words; that is what comes back."""
        answer = self.ask(method, path, body, **query)
        what = f"the status of {method} {path}"
        self.same(what, answer.status_code, status)
        detail = answer.json()["detail"]
        self.true("a refusal says why, in words", detail, holds=bool(detail))
        return detail if isinstance(detail, str) else json.dumps(detail)

    def _look(self, sight: Sight) -> None:
        self.sights.append(sight)
        if not sight.holds:
            raise Mismatch(sight.what)

    def _events(self, lines: Iterable[str]) -> Iterator[Json]:
        for line in lines:
            if line.startswith("data: ") and line != "data: [DONE]":
                event: Json = json.loads(line.removeprefix("data: "))
                kind = _KINDS.get(event["message_type"])
                if kind is not None:
                    self.typed(kind, event)
                yield event


def nowhere(prefix: str) -> str:
    """An id that is well-formed and that nothing has."""
    return f"{prefix}-{uuid4()}"


def kinds(events: Iterable[Json]) -> list[str]:
    """The kinds of messages or events, in their order, repeats left out."""
    found = [str(event["message_type"]) for event in events]
    return [kind for n, kind in enumerate(found) if n == 0 or kind != found[n - 1]]


def spelled(events: Iterable[Json]) -> str:
    """What the assistant said in messages or fragments of them."""
    return "".join(
        str(one["content"]) for one in events if one["message_type"] == "assistant_message"
    )


def messages(events: Iterable[Json]) -> list[Json]:
    """The events that are messages, or fragments of some."""
    return [event for event in events if event["message_type"] not in _ENDS]


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
