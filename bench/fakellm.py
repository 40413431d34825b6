"""A model that costs nothing: OpenAI's chat protocol, with an answer of scripted length and pace.

``[[n=200 itl=20]]`` at the end of the last message asks for 200 tokens, 20 ms apart; without it
the answer is one token, at once. The tokens are ``tok0 tok1 …``, so that whoever asked can tell
whether all of them came. Every GET is answered with the list of models.

    python -m bench.fakellm PORT
"""

import asyncio
import json
import re
import sys
from asyncio import StreamReader, StreamWriter

import uvloop

from bench.wire import BUFFER, HOST, Json, framed, pieces, read_head

MODEL = "gpt-4o-mini"
ORDER = re.compile(r"\[\[n=(\d+) itl=(\d+)\]\]")
OK = "HTTP/1.1 200 OK"
STREAM = (f"{OK}\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n").encode()
ENVELOPE = {"id": "chatcmpl-1", "created": 0, "model": MODEL}


def order(tokens: int, apart: int) -> str:
    """The words that make the model answer with `tokens` tokens, `apart` milliseconds apart."""
    return f"[[n={tokens} itl={apart}]]"


def answer(tokens: int) -> str:
    """What the model says when it is asked for `tokens` tokens."""
    return "".join(token(n) for n in range(tokens))


def token(n: int) -> str:
    """The n-th token of an answer."""
    return f"tok{n} "


async def talk(reader: StreamReader, writer: StreamWriter) -> None:
    """Answer the requests of one connection until it is hung up."""
    try:
        while head := await read_head(reader):
            body = b"".join([piece async for piece in pieces(reader, head)])
            if head.first.startswith("GET"):
                models = {"object": "list", "data": [{"id": MODEL, "object": "model"}]}
                writer.write(framed(OK, _encoded(models)))
            else:
                await _complete(writer, json.loads(body))
            await writer.drain()
    except ConnectionError:
        pass  # who hangs up in mid-answer does not want the rest
    finally:
        writer.close()


async def _complete(writer: StreamWriter, body: Json) -> None:
    found = ORDER.search(_text(body["messages"][-1]["content"]))
    tokens, apart = (int(found[1]), int(found[2])) if found else (1, 0)
    usage = {"prompt_tokens": 100, "completion_tokens": tokens, "total_tokens": 100 + tokens}
    if not body.get("stream"):
        await asyncio.sleep(tokens * apart / 1000)
        message = {"role": "assistant", "content": answer(tokens)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {**ENVELOPE, "object": "chat.completion", "choices": [choice], "usage": usage}
        writer.write(framed(OK, _encoded(whole)))
        return
    writer.write(STREAM)
    loop = asyncio.get_running_loop()
    start = loop.time()
    for n in range(tokens):
        # Paced by the clock, not by the last token, so that a busy machine does not slow it down.
        await asyncio.sleep(max(0.0, start + n * apart / 1000 - loop.time()))
        writer.write(_chunk(_choice({"role": "assistant", "content": token(n)})))
        await writer.drain()
    last = [_choice({}, "stop"), {"choices": [], "usage": usage}]
    writer.write(b"".join(map(_chunk, last)) + _sized(b"data: [DONE]\n\n") + b"0\r\n\r\n")


def _choice(delta: Json, finish: str | None = None) -> Json:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def _chunk(said: Json) -> bytes:
    data = _encoded({**ENVELOPE, "object": "chat.completion.chunk", **said})
    return _sized(b"data: " + data + b"\n\n")


def _sized(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _text(content: str | list[Json]) -> str:
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


def _encoded(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.start_server(talk, HOST, port, limit=BUFFER, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
