"""How the machine talks to the servers: plainly, one request after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any

import httpx2

from tests.api.here import Json
from tests.api.sending import Told, told_in
from tests.laws.machine_known import OVER, Place, Sent

_WITHIN = 20  # seconds, for what would otherwise never happen
_NOBODY = "00000000-0000-4000-8000-00000000dead"
_READS = ("", "/messages")  # of a conversation, that need nothing else


@dataclass(frozen=True, slots=True)
class Listened:
    """What came of a request that may stream: its status, what it told, or its body."""

    status: int
    told: Told
    headers: Mapping[str, str]
    body: Json


@dataclass(frozen=True, slots=True)
class Foreign:
    """Things of another project, by the prefix of their ids."""

    ids: Mapping[str, str]


class Talk:
    """A caller who goes from door to door: every door is a server on the same database."""

    def __init__(self, doors: Sequence[httpx2.Client]) -> None:
        self._doors = doors
        self._next = 0

    @property
    def _door(self) -> httpx2.Client:
        self._next += 1
        return self._doors[self._next % len(self._doors)]

    def use(self, door: int) -> None:
        """Go to this door next."""
        self._next = door

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> httpx2.Response:
        """Any request, any answer."""
        return self._door.request(method, path, json=body, params=params)

    def get(self, path: str, **params: Any) -> Any:
        """What is there."""
        return ok(self.ask("GET", path, **params)).json()

    def post(self, path: str, body: Any = None, **params: Any) -> Any:
        """What came of it."""
        return ok(self.ask("POST", path, body, **params)).json()

    def listen(
        self,
        path: str,
        body: Json,
        headers: Mapping[str, str] | None = None,
        enough: int | None = None,
    ) -> Listened:
        """Hear a stream to its end, or until so many events (0: the first ping) have come."""
        with self._door.stream("POST", path, json=body, headers=headers) as response:
            if "event-stream" not in response.headers["content-type"]:
                response.read()
                return Listened(
                    response.status_code, told_in(b""), response.headers, response.json()
                )
            assert response.status_code == 200
            raw, end = b"", monotonic() + _WITHIN
            for piece in response.iter_raw():
                assert monotonic() < end, (path, body, raw[-300:], self.get("/v1/runs/", limit=20))
                raw += piece
                if enough is not None and _has(told_in(raw), enough):
                    break
            told = told_in(raw)
            assert told.done or enough is not None, raw[-300:]
            return Listened(200, told, response.headers, {})

    def follow(self, sent: Sent, after: int = 0, enough: int | None = None) -> None:
        """Hear a run from a number on, and hold it against what is known of it."""
        body = {"starting_after": after, "include_pings": enough is not None}
        heard = self.listen(f"/v1/runs/{sent.run}/stream", body, enough=enough)
        assert heard.status == 200, heard
        if enough is not None:
            assert heard.told.pings[0]["seq_id"] == after
        sent.hear(heard.told, after)

    def look(self, sent: Sent) -> str:
        """How a run stands."""
        run = self.get(f"/v1/runs/{sent.run}")
        sent.see(run)
        return str(run["status"])

    def history(self, place: Place) -> list[Json]:
        """What was said in a conversation, without the system's message."""
        found = self.get(_path(place, "/messages"), order="asc", limit=1000, **place.owner)
        assert found[0]["message_type"] == "system_message"
        said: list[Json] = found[1:]
        return said

    def read(self, place: Place) -> None:
        """Read a conversation, and hold it against what is known of it."""
        place.read(self.history(place))

    def cancel(self, place: Place) -> None:
        """Cancel whatever goes on in a conversation."""
        answer = self.ask("POST", _path(place, "/cancel"), **place.owner)
        if answer.status_code == 409:
            assert not place.is_busy, (place, answer.text)
            assert "No active runs" in answer.json()["detail"]
        else:
            assert not place.is_free, (place, answer.text)
            place.cancel(ok(answer).json())

    def settle(self, place: Place) -> None:
        """End what has no end, and hear everything to its end."""
        if not place.is_free:
            self.cancel(place)
        end = monotonic() + _WITHIN
        for sent in place.sends:
            self.follow(sent)
            assert self.look(sent) in OVER, sent
            assert monotonic() < end
        assert place.is_free


def ok(response: httpx2.Response) -> httpx2.Response:
    """An answer that must be a 200."""
    assert response.status_code == 200, f"{response.status_code}: {response.text}"
    return response


def _has(told: Told, enough: int) -> bool:
    return bool(told.pings) and len(told.events) >= enough


def _path(place: Place, rest: str = "") -> str:
    return f"/v1/conversations/{place.name}{rest}"


def doings_with(ids: Mapping[str, str]) -> list[tuple[str, str, Json | None, Json]]:
    """Requests that name these things: method, path, body and query."""
    conversation, run, agent = ids["conv"], ids["run"], ids["agent"]
    path = f"/v1/conversations/{conversation}"
    doings: list[tuple[str, str, Json | None, Json]] = [
        *(("GET", path + rest, None, {}) for rest in _READS),
        *(("POST", path + rest, None, {}) for rest in ("/stream", "/cancel", "/fork")),
        *(("POST", path + rest, {}, {}) for rest in ("/recompile", "/compact", "/compact/undo")),
        *(
            ("POST", path + "/messages", {"input": "Hi", "on_busy": choice}, {})
            for choice in ("reject", "queue", "interrupt")
        ),
        ("POST", path + "/messages", {"messages": [{"approve": True}]}, {}),
        ("PATCH", path, {"summary": "mine"}, {}),
        ("DELETE", path, None, {}),
        ("POST", path + "/stream", {"run_id": run}, {}),
        *(("GET", f"/v1/runs/{run}{rest}", None, {}) for rest in ("", *_OF_RUN)),
        ("POST", f"/v1/runs/{run}/stream", None, {}),
    ]
    if agent:
        doings += [
            ("POST", f"/v1/agents/{agent}/messages", {"input": "Hi"}, {}),
            ("POST", "/v1/conversations/default/messages", {"input": "Hi", "agent_id": agent}, {}),
            ("POST", "/v1/conversations/default/cancel", None, {"agent_id": agent}),
            ("POST", "/v1/conversations/default/stream", {"agent_id": agent}, {}),
            ("GET", f"/v1/messages/{ids['message']}", None, {}),
            (
                "PATCH",
                f"/v1/agents/{agent}/tools/approval/memory_insert",
                {"requires_approval": True},
                {},
            ),
        ]
    return doings


_OF_RUN = ("/messages", "/steps", "/usage")


def check_absent(talk: Talk, ids: Mapping[str, str], number: int) -> None:
    """What must not be there answers as what has never been there."""
    absent = {name: f"{name}-{_NOBODY}" if real else "" for name, real in ids.items()}
    here, nowhere = (
        doings[number % len(doings)] for doings in (doings_with(ids), doings_with(absent))
    )
    answers = []
    for (method, path, body, params), names in ((here, ids), (nowhere, absent)):
        answer = talk.ask(method, path, body, **params)
        text = answer.text
        for name, real in names.items():
            text = text.replace(real, name) if real else text
        answers.append((answer.status_code, text))
    assert answers[0] == answers[1], (here, answers)
    assert answers[0][0] == 404, (here, answers)
