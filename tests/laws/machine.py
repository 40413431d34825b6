"""Everything that can be done to the conversations of an agent, in any order."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.api.here import Json, joined
from tests.api.sending import json_of, number_of
from tests.fakes.provider import FakeProvider
from tests.laws.machine_known import KINDS, Choice, Place, Sent
from tests.laws.machine_talk import Foreign, Listened, Talk, check_absent, ok

_MOST_PLACES = 4  # the default conversation is one of them
_MODEL = "openai/gpt-4o"

_DEEDS = {  # what is done, and how often
    "send": 4,
    "queue": 5,
    "interrupt": 3,
    "cancel": 3,
    "send_again": 3,
    "follow": 4,
    "fork": 3,
    "read": 1,
    "recompile": 1,
    "update": 1,
    "open_another": 1,
    "delete": 1,
    "look_for_what_is_not_there": 1,
}


@dataclass(frozen=True, slots=True)
class How:
    """How something is done; the numbers pick from what there is."""

    number: int
    at: int
    other: bool
    kind: str
    way: str
    key: str


numbers = st.integers(0, 999)
deeds = st.sampled_from([deed for deed, times in _DEEDS.items() for _ in range(times)])
hows = st.builds(
    How,
    numbers,
    numbers,
    st.booleans(),
    st.sampled_from(tuple(KINDS)),
    st.sampled_from(("streamed", "whole", "background", "background")),
    st.sampled_from(("", "header", "otid")),
)


class AnyOrder(RuleBasedStateMachine):
    """Callers of one agent, and the servers they meet."""

    def __init__(
        self, doors: Sequence[httpx2.Client], fake: FakeProvider, foreign: Foreign
    ) -> None:
        super().__init__()
        self.talk = Talk(doors)
        self.fake = fake
        self.foreign = foreign
        self.agent = ""
        self.places: list[Place] = []
        self.gone: list[dict[str, str]] = []
        self.marks = 0

    @initialize(number=numbers)
    def begin(self, number: int) -> None:
        """An agent with its default conversation and another one."""
        self.talk.use(number)
        blocks = [{"label": "human", "value": "tea", "limit": 100_000}]
        body = {"model": "palaver/offline", "memory_blocks": blocks}
        self.agent = self.talk.post("/v1/agents/", body)["id"]
        self.places.append(Place("default", self.agent))
        self.open_another()

    @rule(deed=deeds, how=hows)
    def do(self, deed: str, how: How) -> None:
        """Anything."""
        getattr(self, deed)(how)

    def open_another(self, _: How | None = None) -> None:
        """Another conversation, if there are not many."""
        if len(self.places) < _MOST_PLACES:
            made = self.talk.post("/v1/conversations/", {}, agent_id=self.agent)
            self.places.append(Place(made["id"], self.agent))

    def send(self, how: How) -> None:
        """A send that is refused where something goes on."""
        place = self._place(how)
        sent = self._new(how, "reject", place)
        busy, free = place.is_busy, place.is_free
        going_on = [other.run for other in place.sends if other.status is None]
        heard = self._deliver(place, sent, how.way)
        if heard.status == 409:
            assert not free, (place, heard)
            assert heard.body["run_id"] in going_on, (place, heard)
            assert heard.headers["x-should-retry"] == "false"
        else:
            assert not busy, (place, heard)
            self._accept(place, sent, heard, how)

    def queue(self, how: How) -> None:
        """A send that waits its turn."""
        place = self._place(how)
        sent = self._new(how, "queue", place)
        self._accept(place, sent, self._deliver(place, sent, how.way), how)
        if place.waits(sent):
            position = self.talk.get(f"/v1/runs/{sent.run}")["metadata"]["queue_position"]
            assert 1 <= position < len(place.sends), (place, position)

    def interrupt(self, how: How) -> None:
        """A send that takes the turn of whatever goes on."""
        place = self._place(how)
        sent = self._new(how, "interrupt", place)
        self._accept(place, sent, self._deliver(place, sent, how.way), how)

    def send_again(self, how: How) -> None:
        """An earlier send once more, or something else under its key."""
        keyed = [(place, sent) for place in self.places for sent in place.sends if sent.key]
        if not keyed:
            return
        place, sent = keyed[how.number % len(keyed)]
        body = {**sent.body, **_WAYS[how.way], "streaming": True, "include_pings": True}
        if how.other:
            body["max_steps"] = 7
        enough = None if sent.status else 0
        heard = self.talk.listen(self._path(place), body, sent.headers, enough)
        if how.other:
            assert heard.status == 422, (sent, heard)
        else:
            assert heard.status == 200, (sent, heard)
            assert heard.told.run_id == sent.run
            sent.hear(heard.told, 0)

    def cancel(self, how: How) -> None:
        """The end of whatever goes on."""
        self.talk.cancel(self._place(how))

    def follow(self, how: How) -> None:
        """A run's stream, from any number that was seen of it."""
        sends = [(place, sent) for place in self.places for sent in place.sends]
        if not sends:
            return
        place, sent = sends[-1 - how.number % len(sends)]
        after = how.at % (max(sent.seen, default=0) + 1)
        status = self.talk.look(sent)
        waits = place.waits(sent) or status == "created"
        goes_on = sent.kind == "endless" and sent.status is None
        enough = 0 if waits else sent.pieces if goes_on else None
        self.talk.follow(sent, after, enough)

    def read(self, how: How) -> None:
        """What was said."""
        self.talk.read(self._place(how))

    def fork(self, how: How) -> None:
        """A conversation that begins as another stands."""
        source = self._place(how)
        if len(self.places) >= _MOST_PLACES:
            return
        self.talk.read(source)
        before, cut = source.history, {}
        if before and how.other:
            cut = {"message_id": before[how.at % len(before)]["id"]}
        made = self.talk.post(f"/v1/conversations/{source.name}/fork", **cut, **source.owner)
        fork = Place(made["id"], self.agent)
        said = self.talk.history(fork)
        self.talk.read(source)
        assert said == source.history[: len(said)]
        if cut:
            assert said[-1]["id"] == cut["message_id"]
        else:
            assert len(said) >= len(before)
        fork.history, fork.inherited = said, len(said)
        self.places.append(fork)

    def delete(self, how: How) -> None:
        """The end of a conversation, whatever goes on in it."""
        place = self._place(how)
        if place.is_default or len(self.places) <= 2:
            return
        ok(self.talk.ask("DELETE", f"/v1/conversations/{place.name}"))
        self.places.remove(place)
        runs = [sent.run for sent in place.sends] or ["run-00000000-0000-4000-8000-00000000dead"]
        self.gone += [{"conv": place.name, "run": run, "agent": ""} for run in runs]
        self._look_for_the_gone(how.at)

    def look_for_what_is_not_there(self, how: How) -> None:
        """What is deleted, or another project's, is not there."""
        self._look_for_the_gone(how.at)
        check_absent(self.talk, self.foreign.ids, how.at)

    def update(self, how: How) -> None:
        """Another summary."""
        place = self._place(how)
        if not place.is_default:
            place.summary = f"summary {how.at}"
            body = {"summary": place.summary}
            ok(self.talk.ask("PATCH", f"/v1/conversations/{place.name}", body))

    def recompile(self, how: How) -> None:
        """The system's message anew, and nothing else."""
        place = self._place(how)
        text = self.talk.post(f"/v1/conversations/{place.name}/recompile", place.owner)
        assert "tea" in text
        self.talk.read(place)

    @invariant()
    def one_at_a_time(self) -> None:
        """At most one run of a conversation is carried out."""
        if self.agent:
            running = self.talk.get(
                "/v1/runs/", agent_id=self.agent, statuses=["running"], limit=1000
            )
            held = [run["conversation_id"] for run in running]
            assert len(set(held)) == len(held), running

    def teardown(self) -> None:
        """End everything; then all that was seen must hold together."""
        for place in self.places:
            self.talk.settle(place)
            self.talk.read(place)
            place.check_order()
            self._check_runs(place)
            self._check_place(place)
        for number in range(len(self.gone)):
            self._look_for_the_gone(number)
        for place in self.places:
            self._check_next(place)
        self._check_memory()

    def _check_runs(self, place: Place) -> None:
        """Each run ended once, told what the history holds, and there are no others."""
        found = self.talk.get("/v1/runs/", agent_id=self.agent, limit=1000)
        name = None if place.is_default else place.name
        mine = [run["id"] for run in found if run["conversation_id"] == name]
        assert sorted(mine) == sorted(sent.run for sent in place.sends)
        history = place.history[place.inherited :]
        for sent in place.sends:
            frames = [json_of(sent.seen[number]) for number in sorted(sent.seen)]
            assert [number_of(sent.seen[n]) for n in sorted(sent.seen)] == [
                *range(1, len(frames) + 1)
            ]
            ends = [one for one in frames if one["message_type"] in _ENDS]
            assert frames[len(frames) - len(ends) :] == ends
            assert [one["message_type"] for one in ends].count("stop_reason") == 1
            said = [one for one in history if one["run_id"] == sent.run]
            kept = [one for one in said if one["message_type"] != "user_message"]
            assert kept == joined(frames[: len(frames) - len(ends)]), sent
            assert sent.answer is None or sent.answer == kept
        assert {one["run_id"] for one in history} <= {sent.run for sent in place.sends}

    def _check_place(self, place: Place) -> None:
        """Calls have their returns, in order; the conversation is as it was made to be."""
        history = place.history
        open_calls: set[str] = set()
        for at, one in enumerate(history):
            if at == place.inherited:
                open_calls = set()  # a fork may begin between a call and its return
            if one["message_type"] == "tool_call_message":
                open_calls |= {call["tool_call_id"] for call in one["tool_calls"]}
            elif one["message_type"] == "tool_return_message":
                open_calls -= {each["tool_call_id"] for each in one["tool_returns"]}
            else:
                assert not open_calls or at < place.inherited, history[at - 3 : at + 1]
        assert not open_calls or len(history) == place.inherited
        if not place.is_default:
            read = self.talk.get(f"/v1/conversations/{place.name}")
            assert read["summary"] == place.summary
            ids = list(dict.fromkeys(one["id"] for one in history))
            assert read["in_context_message_ids"][1:] == ids
        listed = self.talk.get("/v1/conversations/", agent_id=self.agent, limit=100)
        names = {one["id"] for one in listed}
        assert names == {each.name for each in self.places if not each.is_default}

    def _check_next(self, place: Place) -> None:
        """The next send is carried out, by a model that takes no call without its return."""
        self.fake.forget()
        body = {"input": "last: Hi", "override_model": _MODEL, "streaming": False, **place.owner}
        answer = self.talk.post(self._path(place), body)
        assert answer["stop_reason"]["stop_reason"] == "end_turn", answer
        (request,) = self.fake.bodies
        said = [one["content"] for one in request["messages"] if one["role"] == "user"]
        words = json.dumps(said)
        for one in place.history:
            if one["message_type"] == "user_message":
                assert words.count(json.dumps(one["content"])[1:-1]) == 1, (one, words)

    def _check_memory(self) -> None:
        """A tool did its work once, or not at all where the run was ended before."""
        block = self.talk.get(f"/v1/agents/{self.agent}/core-memory/blocks/human")
        lines = block["value"].split("\n")
        for place in self.places:
            for sent in place.sends:
                if sent.kind.startswith("calling"):
                    assert lines.count(sent.mark) <= 1, sent
                    assert sent.status != "completed" or sent.mark in lines, sent

    def _place(self, how: How) -> Place:
        return self.places[how.number % len(self.places)]

    def _path(self, place: Place) -> str:
        return f"/v1/conversations/{place.name}/messages"

    def _new(self, how: How, choice: Choice, place: Place) -> Sent:
        self.marks += 1
        mark = f"mark {self.marks}"
        text = f"{mark}: {KINDS[how.kind].replace('%s', mark)}"
        body: Json = {"on_busy": choice, **place.owner}
        if how.key == "otid":
            body["messages"] = [{"role": "user", "content": text, "otid": f"{self.agent} {mark}"}]
        else:
            body["input"] = text
        headers = {"idempotency-key": mark} if how.key == "header" else {}
        return Sent("", mark, how.kind, choice, bool(how.key), body, headers)

    def _deliver(self, place: Place, sent: Sent, way: str) -> Listened:
        """Send it; hear all of the answer, unless that may take for ever."""
        waits = sent.choice == "queue" and place.may_stay_busy
        if way == "whole" and not waits and sent.kind not in ("endless", "failing"):
            headers, body = sent.headers, {**sent.body, "streaming": False}
            return self.talk.listen(self._path(place), body, headers)
        enough = 0 if waits or sent.kind == "endless" or way == "background" else None
        return self.talk.listen(
            self._path(place), {**sent.body, **_WAYS[way]}, sent.headers, enough
        )

    def _accept(self, place: Place, sent: Sent, heard: Listened, how: How) -> None:
        assert heard.status == 200, (place, sent, heard)
        if heard.body:
            (sent.run,) = heard.body["usage"]["run_ids"]
            sent.answer = heard.body["messages"]
        else:
            sent.run = heard.told.run_id
        sent.pieces = 2 if how.way == "streamed" else 0
        place.add(sent)
        sent.hear(heard.told, 0)
        if heard.body or heard.told.done:
            self.talk.look(sent)

    def _look_for_the_gone(self, number: int) -> None:
        if self.gone:
            check_absent(self.talk, self.gone[number % len(self.gone)], number)


_ENDS = ("stop_reason", "usage_statistics", "error_message")
_WAYS: dict[str, Json] = {
    "streamed": {"stream_tokens": True},
    "whole": {},
    "background": {"background": True},
}
