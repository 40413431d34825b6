"""Contract §5.1: runs and steps."""

from letta_client.types import Step
from letta_client.types.agents import Run

from palaver.conformance.checks import Section
from palaver.conformance.visit import Json, Visit, nowhere

section = Section("runs")


def _ran(it: Visit, conversation_id: str, text: str = "Hello", **more: object) -> tuple[str, Json]:
    """A run that has ended: its id, and the usage that its stream told."""
    events = it.send(conversation_id, text, **more)
    return next(str(event["run_id"]) for event in events if event.get("run_id")), events[-1]


@section.check
def told(it: Visit) -> None:
    """A run tells what became of a send, and is of the client's type."""
    conversation = it.conversation()
    run_id, _ = _ran(it, conversation.id)
    run = it.json("GET", f"/v1/runs/{run_id}")
    it.typed(Run, run)
    it.same("status and reason", (run["status"], run["stop_reason"]), ("completed", "end_turn"))
    it.same("whose it is", run["agent_id"], conversation.agent_id)
    it.same("the conversation", run["conversation_id"], conversation.id)
    it.true("it has ended", run["completed_at"], holds=run["completed_at"] is not None)


@section.check
def of_default(it: Visit) -> None:
    """A run of the default conversation names none."""
    agent = it.agent()
    it.client.agents.messages.create(agent.id, input="Hello")
    (run,) = it.json("GET", "/v1/runs/", agent_id=agent.id)
    it.same("its conversation", run["conversation_id"], None)


@section.check
def messages(it: Visit) -> None:
    """A run's messages begin with its input."""
    conversation = it.conversation()
    _ran(it, conversation.id, "Before")
    run_id, _ = _ran(it, conversation.id, "Hello")
    said = it.json("GET", f"/v1/runs/{run_id}/messages")
    it.same("the first", (said[0]["message_type"], said[0]["content"]), ("user_message", "Hello"))
    it.true("all are of that run", said, holds={one["run_id"] for one in said[1:]} == {run_id})


@section.check
def usage(it: Visit) -> None:
    """A run's steps add up to its usage."""
    conversation = it.conversation()
    run_id, streamed = _ran(it, conversation.id)
    steps = it.json("GET", f"/v1/runs/{run_id}/steps")
    for step in steps:
        it.typed(Step, step)
    summed = it.json("GET", f"/v1/runs/{run_id}/usage")
    it.same("how many steps", len(steps), streamed["step_count"])
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        it.same(name, summed[name], streamed[name])
        it.same(f"{name} of the steps", sum(step[name] for step in steps), streamed[name])


@section.check
def step(it: Visit) -> None:
    """A step is read by itself, with its messages and its metrics."""
    run_id, _ = _ran(it, it.conversation().id)
    (own,) = it.json("GET", f"/v1/runs/{run_id}/steps")
    it.same("what is read", it.json("GET", f"/v1/steps/{own['id']}"), own)
    said = it.json("GET", f"/v1/steps/{own['id']}/messages")
    it.true("what was said in it", said, holds={one["step_id"] for one in said} == {own["id"]})
    metrics = it.json("GET", f"/v1/steps/{own['id']}/metrics")
    it.same("whose metrics", (metrics["id"], metrics["run_id"]), (own["id"], run_id))


@section.check
def listed(it: Visit) -> None:
    """Runs are listed newest first, and found by what became of them."""
    agent = it.agent()
    conversations = [it.conversation(agent.id).id for _ in range(2)]
    runs = [_ran(it, one)[0] for one in conversations]

    def by(**wanted: object) -> list[str]:
        return [one["id"] for one in it.json("GET", "/v1/runs/", agent_id=agent.id, **wanted)]

    it.same("all", by(), runs[::-1])
    it.same("oldest first", by(order="asc"), runs)
    it.same("those of a conversation", by(conversation_id=conversations[0]), runs[:1])
    it.same("the completed", by(statuses="completed"), runs[::-1])
    it.same("the failed", by(statuses="failed"), [])
    it.same("the active", by(active="true"), [])


@section.check
def pages(it: Visit) -> None:
    """Pages of runs and of steps tile."""
    agent = it.agent()
    conversation = it.conversation(agent.id)
    runs = [_ran(it, conversation.id)[0] for _ in range(3)]
    up = [one.id for one in it.client.runs.list(agent_id=agent.id, limit=1, order="asc")]
    steps = [one.run_id for one in it.client.steps.list(agent_id=agent.id, limit=2, order="desc")]
    it.same("runs", up, runs)
    it.same("steps", steps, runs[::-1])


@section.check
def in_background(it: Visit) -> None:
    """A run that nobody waits for is answered at once, and followed later."""
    agent = it.agent()
    run = it.client.agents.messages.create_async(agent.id, input="Hello")
    it.same("whose it is", run.agent_id, agent.id)
    with it.streaming(f"/v1/runs/{run.id}/stream", {"include_pings": False}) as stream:
        events = list(stream)
    it.same("how it ends", events[-2]["stop_reason"], "end_turn")


@section.check
def feedback(it: Visit) -> None:
    """A step gets feedback and tags, and is found by them."""
    agent = it.agent()
    run_id, _ = _ran(it, it.conversation(agent.id).id)
    (own,) = it.json("GET", f"/v1/runs/{run_id}/steps")
    given = {"feedback": "positive", "tags": ["conformance"]}
    after = it.json("PATCH", f"/v1/steps/{own['id']}/feedback", given)
    it.same("what it has", {name: after[name] for name in given}, given)
    found = it.json("GET", "/v1/steps/", agent_id=agent.id, feedback="positive")
    it.same("what is found", [one["id"] for one in found], [own["id"]])
    it.same("what is not", it.json("GET", "/v1/steps/", agent_id=agent.id, feedback="negative"), [])


@section.check
def absent(it: Visit) -> None:
    """Of a run that is not there, nothing is told."""
    run_id, _ = _ran(it, it.conversation().id)
    for path in ("", "/messages", "/steps", "/usage"):
        it.same(
            f"the status of one that is: {path}",
            it.ask("GET", f"/v1/runs/{run_id}{path}").status_code,
            200,
        )
        it.refused(404, "GET", f"/v1/runs/{nowhere('run')}{path}")
