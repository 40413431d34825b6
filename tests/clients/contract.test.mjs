// The main job by the official TypeScript client. PALAVER_URL says where the server is.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import Letta, { ConflictError, NotFoundError, UnprocessableEntityError } from "@letta-ai/letta-client";

const client = new Letta({ baseURL: process.env.PALAVER_URL, apiKey: "none" });
const OFFLINE = "palaver/offline";
const NOWHERE = "00000000-0000-4000-8000-000000000000";

let agent;
before(async () => {
  agent = await client.agents.create({
    name: "Ada",
    model: OFFLINE,
    memory_blocks: [{ label: "human/name", value: "Charles" }],
    tags: ["typescript"],
  });
});

const converse = () => client.conversations.create({ agent_id: agent.id });
const send = (conversation, text, options = {}) =>
  client.conversations.messages.create(conversation.id, { input: text, ...options });

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

const kinds = (events) =>
  events.map((one) => one.message_type).filter((kind, n, before) => kind !== before[n - 1]);
const spelled = (events) =>
  events
    .filter((one) => one.message_type === "assistant_message")
    .map((one) => one.content)
    .join("");

test("the server is healthy and lists its models", async () => {
  assert.equal((await client.health()).status, "ok");
  const handles = (await client.models.list()).map((model) => model.handle);
  assert.ok(handles.includes(OFFLINE));
});

test("an agent is read, changed and listed", async () => {
  const read = await client.agents.retrieve(agent.id, { include: ["agent.blocks", "agent.tags"] });
  assert.deepEqual(read.tags, ["typescript"]);
  assert.equal(read.blocks[0].value, "Charles");

  const changed = await client.agents.update(agent.id, { description: "Counts." });
  assert.equal(changed.description, "Counts.");
  assert.equal(changed.name, "Ada");

  const listed = await all(client.agents.list({ tags: ["typescript"], limit: 1 }));
  assert.ok(listed.some((one) => one.id === agent.id));
});

test("a block is found by a label with a slash", async () => {
  const blocks = client.agents.blocks;
  const changed = await blocks.update("human/name", { agent_id: agent.id, value: "Grace" });
  assert.equal(changed.value, "Grace");
  const read = await blocks.retrieve("human/name", { agent_id: agent.id });
  assert.deepEqual(read, changed);
});

test("a deleted agent is gone", async () => {
  const other = await client.agents.create({ model: OFFLINE });
  await client.agents.delete(other.id);
  await assert.rejects(client.agents.retrieve(other.id), NotFoundError);
});

test("tokens are streamed, and the history holds what they spell", async () => {
  const conversation = await converse();

  const events = await all(
    await send(conversation, "[[think: well now]] Hello", { stream_tokens: true }),
  );

  assert.deepEqual(kinds(events), [
    "ping",
    "reasoning_message",
    "assistant_message",
    "stop_reason",
    "usage_statistics",
  ]);
  assert.ok(events.filter((one) => one.message_type === "assistant_message").length > 1);
  const stored = await all(client.conversations.messages.list(conversation.id, { order: "asc" }));
  assert.equal(stored.at(-1).content, spelled(events));
  assert.equal(stored.at(-2).reasoning, "well now");
});

test("a stream ends as soon as its last frame is there", async () => {
  const conversation = await converse();
  let last = 0;

  for await (const _ of await send(conversation, "Hello")) last = performance.now();

  assert.ok(performance.now() - last < 1000);
});

test("conversations of one agent stream at the same time", async () => {
  const conversations = await Promise.all([converse(), converse(), converse()]);

  const streams = await Promise.all(
    conversations.map((one, n) => send(one, `I am ${n}`, { stream_tokens: true })),
  );
  const answers = await Promise.all(streams.map(async (one) => spelled(await all(one))));

  answers.forEach((answer, n) => assert.ok(answer.includes(`I am ${n}`)));
});

test("pages of messages tile in both orders", async () => {
  const conversation = await converse();
  await all(await send(conversation, '[[call: memory_insert {"label": "x"}]] one'));
  await all(await send(conversation, "two"));

  for (const order of ["asc", "desc"]) {
    const list = (limit) => all(client.conversations.messages.list(conversation.id, { order, limit }));
    const whole = (await list(100)).map((one) => one.otid);
    assert.equal(new Set(whole).size, 7);
    for (const limit of [1, 2, 3]) {
      assert.deepEqual((await list(limit)).map((one) => one.otid), whole);
    }
  }
});

test("conversations are listed, changed and removed", async () => {
  const conversation = await client.conversations.create({ agent_id: agent.id, summary: "Sums" });

  const changed = await client.conversations.update(conversation.id, { archived: true });
  assert.equal(changed.archived, true);
  assert.equal(changed.summary, "Sums");
  const cleared = await client.conversations.update(conversation.id, { summary: null });
  assert.equal(cleared.summary, null);

  const archived = await client.conversations.list({
    agent_id: agent.id,
    archive_status: "archived",
    summary_search: "",
  });
  assert.deepEqual(archived.map((one) => one.id), [conversation.id]);
  assert.equal(await client.conversations.delete(conversation.id), null);
  await assert.rejects(client.conversations.retrieve(conversation.id), NotFoundError);
});

test("a fork goes its own way", async () => {
  const conversation = await converse();
  await all(await send(conversation, "one"));

  const fork = await client.conversations.fork(conversation.id);
  await all(await send(fork, "two"));

  const count = async (one) => (await all(client.conversations.messages.list(one.id))).length;
  assert.equal(await count(conversation), 3);
  assert.equal(await count(fork), 5);
});

test("a conversation is compacted, and goes on", async () => {
  const conversation = await converse();
  for (let n = 0; n < 3; n++) await all(await send(conversation, "[[words: 90]]"));

  const done = await client.conversations.messages.compact(conversation.id, {
    compaction_settings: { mode: "all", prompt: "[[words: 5]]" },
  });

  assert.equal(done.summary.split(" ").length, 5);
  assert.deepEqual([done.num_messages_before, done.num_messages_after], [7, 4]);
  const { in_context_message_ids: window } = await client.conversations.retrieve(conversation.id);
  const stored = await all(client.conversations.messages.list(conversation.id, { order: "asc" }));
  assert.equal(stored.length, 8);
  assert.equal(stored.at(-1).message_type, "summary_message");
  assert.equal(stored.at(-1).id, window[1]);
  const events = await all(
    await send(conversation, "Hello", { include_compaction_messages: true }),
  );
  assert.equal(events.at(-2).stop_reason, "end_turn");
});

test("a turn that compacts itself tells it", async () => {
  const small = await client.agents.create({
    model: OFFLINE,
    system: "Be brief.",
    include_base_tools: false,
    context_window_limit: 700,
    compaction_settings: { mode: "all", prompt: "[[words: 5]]" },
  });
  const conversation = await client.conversations.create({ agent_id: small.id });
  let told = [];
  for (let n = 0; n < 8 && !told.includes("event_message"); n++) {
    const options = { include_compaction_messages: true };
    told = kinds(await all(await send(conversation, "[[words: 90]]", options)));
  }

  assert.deepEqual(told.slice(1, 4), ["event_message", "summary_message", "assistant_message"]);
});

test("recompiling gives the text of the prompt", async () => {
  const conversation = await converse();
  const text = await client.conversations.recompile(conversation.id, { dry_run: true });
  assert.equal(typeof text, "string");
  assert.ok(text.includes("<human/name>"));
});

test("a busy conversation is a conflict until it is cancelled", async () => {
  const conversation = await converse();
  const stream = await send(conversation, "[[pace: 20]] [[words: 1000]]", { stream_tokens: true });
  const events = stream[Symbol.asyncIterator]();
  const { value: ping } = await events.next();

  await assert.rejects(send(conversation, "me too"), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.equal(error.error.run_id, ping.run_id);
    return true;
  });
  const cancelled = await client.conversations.cancel(conversation.id);

  assert.deepEqual(cancelled, { [ping.run_id]: "cancelled" });
  const rest = await all({ [Symbol.asyncIterator]: () => events });
  assert.equal(rest.at(-1).stop_reason, "cancelled");
  assert.equal((await client.runs.retrieve(ping.run_id)).status, "cancelled");
  assert.equal(kinds(await all(await send(conversation, "Hello"))).at(-1), "usage_statistics");
});

test("a run is followed from any number, and by what its sender called it", async () => {
  const conversation = await converse();
  const otid = `otid-${conversation.id}`;
  const messages = [{ role: "user", content: "[[words: 20]]", otid }];
  const body = { messages, stream_tokens: true, background: true };
  const first = await all(await client.conversations.messages.create(conversation.id, body));
  const [ping, ...events] = first;
  const after = events[10].seq_id;

  const rest = await client.conversations.messages.stream(conversation.id, {
    otid,
    starting_after: after,
    include_pings: false,
  });
  assert.deepEqual(await all(rest), events.slice(11));
  const whole = await client.runs.messages.stream(ping.run_id, { include_pings: false });
  assert.deepEqual(await all(whole), events);

  const again = await all(await client.conversations.messages.create(conversation.id, body));
  assert.deepEqual(again.slice(1), events);
});

test("what fails inside a stream is thrown", async () => {
  const conversation = await converse();
  await assert.rejects(
    async () => all(await send(conversation, "Half a sentence [[fail: cut]]")),
    (error) => {
      assert.ok(error instanceof Letta.APIError);
      assert.match(JSON.stringify(error.error), /llm_error/);
      return true;
    },
  );
});

test("what is absent or malformed is refused", async () => {
  await assert.rejects(client.conversations.retrieve(`conv-${NOWHERE}`), NotFoundError);
  await assert.rejects(client.conversations.retrieve("conv-1"), UnprocessableEntityError);
  await assert.rejects(client.agents.create({ model: "nobody/knows" }), NotFoundError);
});

test("runs, steps and usage tell of a send", async () => {
  const conversation = await converse();
  const [ping] = await all(await send(conversation, "Hello"));

  const run = await client.runs.retrieve(ping.run_id);
  const steps = await all(client.runs.steps.list(ping.run_id));
  const usage = await client.runs.usage.retrieve(ping.run_id);

  assert.equal(run.conversation_id, conversation.id);
  assert.equal(steps.length, 1);
  assert.equal(usage.total_tokens, steps[0].total_tokens);
});

test("an agent answers all at once on its own route", async () => {
  const answer = await client.agents.messages.create(agent.id, { input: "Hello" });
  assert.equal(answer.stop_reason.stop_reason, "end_turn");
  assert.ok(spelled(answer.messages).includes("Hello"));
});

const ASK = { name: "ask", description: "Asks the client.", parameters: { type: "object" } };
const answer = (conversation, ...approvals) =>
  client.conversations.messages.create(conversation.id, {
    messages: [{ type: "approval", approvals }],
    stream_tokens: true,
  });
const returned = (id) => ({ type: "tool", tool_call_id: id, tool_return: "rain", status: "success" });
const waiting = (events) => [
  ...new Set(
    events
      .filter((one) => one.message_type === "approval_request_message")
      .map((one) => one.tool_call.tool_call_id),
  ),
];

test("the client carries out its tools, and the next send tells what came of them", async () => {
  const conversation = await converse();
  const asked = await all(
    await send(conversation, "[[call: ask]] [[call: ask]]", {
      client_tools: [ASK],
      stream_tokens: true,
    }),
  );
  assert.equal(asked.at(-2).stop_reason, "requires_approval");
  const ids = waiting(asked);
  assert.equal(ids.length, 2);

  await assert.rejects(send(conversation, "Hello"), (error) => {
    assert.ok(error instanceof ConflictError);
    assert.match(error.message, /waiting for approval/);
    return true;
  });
  await assert.rejects(answer(conversation, returned(ids[0])), /Invalid tool call IDs/);
  const told = await all(await answer(conversation, ...ids.reverse().map(returned)));

  assert.equal(told[1].message_type, "tool_return_message");
  assert.equal(told[1].tool_returns.length, 2);
  assert.equal(told.at(-2).stop_reason, "end_turn");
  const again = await all(await answer(conversation, ...ids.map(returned)));
  assert.deepEqual(again.slice(1), told.slice(1));
});

test("a tool of the server waits for a yes where it has to", async () => {
  const conversation = await converse();
  const edit = '[[call: memory_insert {"label": "human/name", "new_string": "B."}]]';
  const approval = (id, approve) => ({ type: "approval", tool_call_id: id, approve, reason: "no" });
  const params = { agent_id: agent.id, body_requires_approval: true };
  await client.agents.tools.updateApproval("memory_insert", params);

  for (const approve of [false, true]) {
    const [id] = waiting(await all(await send(conversation, edit)));
    const [, back] = await all(await answer(conversation, approval(id, approve)));
    assert.equal(back.status, approve ? "success" : "error");
  }
  await client.agents.tools.updateApproval("memory_insert", {
    ...params,
    body_requires_approval: false,
  });
});

test("a cancel clears what waits", async () => {
  const conversation = await converse();
  const asked = await all(await send(conversation, "[[call: ask]]", { client_tools: [ASK] }));

  const cancelled = await client.conversations.cancel(conversation.id);

  assert.deepEqual(cancelled, { [asked[0].run_id]: "cancelled" });
  assert.equal((await all(await send(conversation, "Hello"))).at(-2).stop_reason, "end_turn");
});

test("small things: tags, a reset, a run that nobody waits for, a refusal that names its reason", async () => {
  const own = await client.agents.create({ model: OFFLINE, tags: ["typescript-small"] });
  assert.deepEqual(await client.tags.list({ name: "typescript-small" }), ["typescript-small"]);

  const run = await client.agents.messages.createAsync(own.id, { input: "Hello" });
  await all(await client.runs.messages.stream(run.id));
  assert.equal((await client.runs.retrieve(run.id)).status, "completed");

  const state = await client.agents.messages.reset(own.id, {});
  assert.equal(state.message_ids.length, 1);
  assert.equal((await client.conversations.list({ agent_id: own.id })).length, 1);

  await assert.rejects(client.agents.schedule.list(own.id), (error) => {
    assert.equal(error.status, 501);
    assert.match(error.message, /nothing is sent at a later time/);
    return true;
  });
});

test("an MCP server is made, asked, changed and forgotten", async () => {
  const config = {
    mcp_server_type: "streamable_http",
    server_url: `${process.env.MCP_URL}/mcp`,
    auth_token: "t0ken",
  };
  const made = await client.mcpServers.create({ server_name: `ts-${Date.now()}`, config });
  assert.notEqual(made.auth_token, "t0ken");
  const tools = await client.mcpServers.tools.list(made.id);
  const tool = tools.find((one) => one.metadata_.mcp.tool_name === "add");
  const where = { mcp_server_id: made.id };

  const sum = await client.mcpServers.tools.run(tool.id, { ...where, args: { a: 1, b: 2 } });
  const read = await client.mcpServers.tools.retrieve(tool.id, where);
  const refreshed = await client.mcpServers.refresh(made.id, { agent_id: agent.id });
  const changed = await client.mcpServers.update(made.id, { config: made, server_name: "other" });
  const listed = await client.mcpServers.list();
  await client.mcpServers.delete(made.id);

  assert.deepEqual([sum.status, sum.func_return], ["success", "3"]);
  assert.deepEqual(read, tool);
  assert.deepEqual(refreshed, { added: [], updated: [], deleted: [], skipped: {} });
  assert.deepEqual(changed, { ...made, server_name: "other" });
  assert.deepEqual(listed.filter((one) => one.id === made.id), [changed]);
  await assert.rejects(client.mcpServers.retrieve(made.id), NotFoundError);
});

test("a tool is made from its source, given to an agent, and found again", async () => {
  const name = `count_${Date.now()}`;
  const source_code = `def ${name}(words: list[str]) -> int:\n    """Count words."""\n    return len(words)\n`;
  const made = await client.tools.create({ source_code, tags: ["ts"], default_requires_approval: true });
  assert.equal(made.name, name);
  assert.deepEqual(made.json_schema.parameters.required, ["words"]);
  assert.equal((await client.tools.update(made.id, { return_char_limit: 9 })).return_char_limit, 9);
  assert.equal((await client.tools.upsert({ source_code, description: "Count." })).id, made.id);
  assert.equal((await client.tools.retrieve(made.id)).description, "Count.");
  assert.equal((await client.tools.search({ query: name }))[0].tool.id, made.id);
  const listed = await all(client.tools.list({ names: [name, "memory_insert"], limit: 1 }));
  assert.deepEqual(listed.map((one) => one.name), [name, "memory_insert"]);
  await assert.rejects(client.tools.create({ source_code: "def f(x): 1" }), UnprocessableEntityError);
  await client.tools.delete(made.id);
  await assert.rejects(client.tools.retrieve(made.id), NotFoundError);

  const { id } = await client.agents.create({ model: OFFLINE, include_base_tools: false });
  const tools = client.agents.tools;
  const own = listed[1].id;
  assert.equal(await tools.attach(own, { agent_id: id }), null);
  assert.deepEqual((await all(tools.list(id))).map((one) => one.id), [own]);
  const args = { label: "none", new_string: "x" };
  assert.equal((await tools.run("memory_insert", { agent_id: id, args })).status, "error");
  assert.equal(await tools.detach(own, { agent_id: id }), null);
  assert.deepEqual(await all(tools.list(id)), []);
});

test("a Python tool is run by the server, where it has a sandbox", async (t) => {
  const name = `t_${crypto.randomUUID().replaceAll("-", "")}`;
  const source_code = `def ${name}(n: int) -> int:\n    """Double."""\n    return 2 * n\n`;
  const tool = await client.tools.create({ source_code });
  const conversation = await converse();
  try {
    await client.agents.tools.attach(tool.id, { agent_id: agent.id });
  } catch (error) {
    assert.match(error.message, /needs a sandbox/);
    return t.skip("no sandbox on this machine");
  }
  const events = await all(await send(conversation, `[[call: ${name} {"n": 21}]]`));
  const back = events.find((one) => one.message_type === "tool_return_message");
  assert.deepEqual([back.status, back.tool_return], ["success", "42"]);
  await client.agents.tools.detach(tool.id, { agent_id: agent.id });
});
