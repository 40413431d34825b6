"""A broken file is refused with the line that is wrong, and nothing of it is written."""

from dataclasses import dataclass

import httpx2

from tests.api.here import serving
from tests.api.tables import contents, looking_into
from tests.bundles.files import brought, refused

GOOD = """\
{
 "agents": [
  {
   "id": "agent-0",
   "name": "Ada",
   "model": "palaver/offline",
   "agent_type": "letta_v1_agent",
   "metadata": {"deep": [1, 2.5]},
   "timezone": "UTC",
   "tags": ["a", "b"],
   "block_ids": ["block-0"],
   "tool_ids": ["tool-0"],
   "archive_ids": ["archive-0"],
   "source_ids": ["source-0"],
   "files_agents": [{"file_id": "file-0", "is_open": true}],
   "tool_rules": [
    {"type": "exit_loop", "tool_name": "twice"}
   ],
   "in_context_message_ids": ["message-0", "message-1"],
   "messages": [
    {"id": "message-0", "role": "system", "content": "You count."},
    {
     "id": "message-1",
     "role": "user",
     "created_at": "2026-01-02T03:04:05Z",
     "content": [
      {"type": "text", "text": "Hello"},
      {"type": "image", "source": {"type": "url", "url": "https://x.example/a.png"}}
     ]
    },
    {
     "id": "message-2",
     "role": "assistant",
     "tool_calls": [
      {"id": "call-1", "type": "function", "function": {"name": "twice", "arguments": "{}"}}
     ],
     "parts": [{"type": "text", "text": "Hm", "seal": {"n": 1}}]
    },
    {"id": "message-3", "role": "tool", "tool_returns": [{"status": "success"}]}
   ],
   "conversations": [
    {
     "id": "conv-0",
     "is_default": true,
     "message_ids": ["message-0", "message-1", "message-2", "message-3"],
     "in_context_message_ids": ["message-0", "message-1", "message-2", "message-3"]
    },
    {"id": "conv-1", "message_ids": ["message-1"]}
   ]
  }
 ],
 "blocks": [
  {"id": "block-0", "label": "human", "value": "x", "limit": 10}
 ],
 "tools": [
  {"id": "tool-0", "name": "memory_insert", "tool_type": "letta_core"}
 ],
 "mcp_servers": [
  {"id": "mcp_server-0", "server_type": "sse", "server_name": "s", "server_url": "https://x.example"}
 ],
 "archives": [
  {"id": "archive-0", "name": "Papers", "passages": [
   {"text": "x"}
  ]}
 ],
 "sources": [
  {"id": "source-0", "name": "plans"}
 ],
 "files": [
  {"id": "file-0", "source_id": "source-0", "file_name": "plans/plan.md", "content": "Tea."}
 ],
 "groups": []
}
"""


@dataclass(frozen=True)
class Broken:
    """A line of the file in which something else stands, and what is said of it.

    `line` is the beginning of the line that is complained of, where that is another one.
    """

    text: str
    instead: str
    says: str
    line: str = ""

    @property
    def file(self) -> bytes:
        """The file."""
        assert GOOD.count(self.text) == 1, self.text
        return GOOD.replace(self.text, self.instead).encode("utf-8", "surrogatepass")

    @property
    def number(self) -> int:
        """The number of the line."""
        return GOOD.count("\n", 0, GOOD.index(self.line or self.text)) + 1


_CLOSING = '],\n   "conversations"'
BROKEN = [
    Broken('"name": "Ada",', '"name": "Ada"', "no JSON: `,` is expected", '"model"'),
    Broken('"name": "Ada",', '"name": Ada,', "no JSON"),
    Broken('"UTC",', '"UTC,', "no JSON: invalid control character"),
    Broken('["a", "b"]', '["a", "b",]', "no JSON: expecting value"),
    Broken('"deep": [1, 2.5]', '"deep": [1, NaN]', "NaN is no number"),
    Broken('"deep": [1, 2.5]', '"deep": [1, 1e999]', "numbers must be finite"),
    Broken('"deep": [1, 2.5]', f'"deep": [1, {"9" * 5000}]', "limit"),
    Broken('{"deep": [1, 2.5]}', "[" * 100_000, "nested too deeply"),
    Broken("[1, 2.5]", "[" * 200 + "]" * 200, "nested too deeply"),
    Broken('"text": "Hello"', r'"text": "Hel\u0000lo"', "neither NUL"),
    Broken('"deep": [1, 2.5]', r'"deep": ["\ud800"]', "half of a surrogate pair"),
    Broken('"text": "Hello"', r'"text": "\udc00"', "half of a surrogate"),
    Broken('"n": 1}', r'"n": "\u0000"}', "neither NUL"),
    Broken('"letta_v1_agent"', '"secret_agent"', "Input should be 'memgpt_agent'"),
    Broken('"UTC"', '"Europe/Atlantis"', "time zone"),
    Broken('"palaver/offline"', '"offline"', "provider/model"),
    Broken('["a", "b"]', '"a"', "valid list"),
    Broken('["a", "b"]', '["a", 7]', "valid string"),
    Broken('"role": "user"', '"role": "nobody"', "Input should be 'system', 'user'"),
    Broken('"created_at": "2026-01-02T03:04:05Z"', '"created_at": "yesterday"', "datetime"),
    Broken('"2026-01-02T03:04:05Z"', '"0001-01-01T00:00:00+01:00"', "outside the years 1 to 9999"),
    Broken('"type": "text", "text": "Hello"', '"type": "smell", "text": "x"', "expected tags"),
    Broken('"type": "text", "text": "Hello"', '"type": "text"', "`text` is missing"),
    Broken('"type": "url", "url"', '"type": "url", "uri"', "`url` is missing"),
    Broken('"name": "twice", "arguments"', '"arguments"', "`name` is missing"),
    Broken('[{"status": "success"}]', '[{"status": "perhaps"}]', "'success' or 'error'"),
    Broken('"exit_loop"', '"leave"', "expected tags"),
    Broken(
        '{"type": "exit_loop", "tool_name": "twice"}',
        '{"type": "exit_loop", "tool_name": "x"}, {"type": "continue_loop", "tool_name": "x"}',
        "cannot both end the turn",
        '"tool_rules"',
    ),
    Broken('"limit": 10', '"limit": -1', "greater than or equal to 0"),
    Broken('"label": "human", ', "", "`label` is missing"),
    Broken('"text": "x"}', '"text": ""}', "at least 1 character"),
    Broken('"server_type": "sse"', '"server_type": "carrier pigeon"', "'stdio', 'sse'"),
    Broken('["block-0"]', '["block-1"]', "`block-1` is named here"),
    Broken('["block-0"]', '["block-0", "block-0"]', "`block-0` is there twice"),
    Broken('["tool-0"]', '["tool-1"]', "`tool-1` is named here"),
    Broken('["source-0"]', '["source-1"]', "`source-1` is named here"),
    Broken('"file_id": "file-0"', '"file_id": "file-1"', "`file-1` is named here"),
    Broken('"source_id": "source-0"', '"source_id": "s"', "`s` is named here"),
    Broken('"id": "source-0", "name"', '"id": "source-0", "title"', "`name` is missing"),
    Broken('["archive-0"]', '["archive-1"]', "`archive-1` is named here"),
    Broken('"id": "message-2"', '"id": "message-1"', "`message-1` is there twice"),
    Broken('"name": "memory_insert"', '"name": "m", "mcp_server_id": "s"', "`s` is named here"),
    Broken('{"id": "conv-1", ', '{"id": "conv-0", ', "`conv-0` is there twice"),
    Broken('"message_ids": ["message-1"]', '"message_ids": ["message-9"]', "`message-9` is named"),
    Broken('"id": "conv-1",', '"id": "conv-1", "is_default": true,', "one", '"conversations"'),
    Broken('"blocks": [', '"blocks": [,', "no JSON", '"blocks"'),
    Broken('"message-2", "message-3"],', '"message-2", "message-3",],', "no JSON"),
    Broken('[{"status": "success"}]}', "[]},", "not followed", _CLOSING),
]  # fmt: skip
OTHERS: list[tuple[bytes, int, str]] = [
    (b"", 1, "no JSON"),
    (b"\x00\xff\xfe\x01" * 50, 1, "no text in UTF-8"),
    ("\ufeff{".encode("utf-16"), 1, "no text in UTF-8"),
    (b'{"agents": [\n{"id": "agent-0", "name": "\xe4"}]}', 2, "no text in UTF-8"),
    (b"[]", 1, "dictionary"),
    (b"{}", 1, "`agents` is missing"),
    (b'{"agents":\n 7}', 2, "list"),
    (b'{"agents": [\n\n {"name": "Ada"}]}', 3, "`id` is missing"),
    (GOOD.encode()[:700], 0, "no JSON"),
    (GOOD.encode().rstrip() + b"}", GOOD.count("\n"), "nothing may follow"),
    (b"PK\x03\x04 a zip", 1, "no JSON"),
]


async def test_each_is_refused_with_its_line_and_nothing_is_written(module_url: str) -> None:
    complaints: dict[str, str] = {}
    async with serving(module_url) as client, looking_into(module_url) as db:
        before = await contents(db)
        for one in BROKEN:
            answer = await refused(client, one.file)
            if not _tells(answer, one.number, one.says):
                complaints[f"{one.instead[:60]} (line {one.number})"] = answer.text[:300]
        for data, line, says in OTHERS:
            answer = await refused(client, data)
            if not _tells(answer, line, says):
                complaints[f"{data[:60]!r} (line {line})"] = answer.text[:300]
        assert complaints == {}
        assert await contents(db) == before

        assert await brought(client, GOOD.encode())
        assert await brought(client, b"\xef\xbb\xbf" + GOOD.encode())


async def test_wishes_that_cannot_be_are_refused(module_url: str) -> None:
    async with serving(module_url, max_import=20_000) as client, looking_into(module_url) as db:
        before = await contents(db)
        for status, changes in (
            (404, {"model": "nobody/nothing"}),
            (400, {"model": "no-slash"}),
            (400, {"secrets": "K=v"}),
            (400, {"secrets": '{"K": 1}'}),
            (400, {"env_vars_json": "[]"}),
            (400, {"secrets": r'{"K": "\ud800"}'}),
            (400, {"secrets": r'{"\u0000": "v"}'}),
            (422, {"name": "A\0da"}),
            (422, {"override_name": "a" * 201}),
            (422, {"strip_messages": "perhaps"}),
        ):
            answer = await refused(client, GOOD.encode(), **changes)
            assert answer.status_code == status, answer.text
        large = await refused(client, GOOD.encode() + b" " * 20_000)
        assert (large.status_code, large.json()["detail"][:9]) == (413, "TOO_LARGE")
        no_file = await client.http.post("/v1/agents/import", data={"name": "Ada"})
        assert no_file.status_code == 422
        legacy = await client.ask("GET", "/v1/agents/x/export", use_legacy_format=True)
        assert legacy.status_code == 422
        assert await contents(db) == before


def _tells(answer: httpx2.Response, line: int, says: str) -> bool:
    detail = answer.json()["detail"]
    here = f"line {line}, " in detail if line else "line " in detail
    return answer.status_code == 422 and here and says in detail and "Nothing was" in detail
