"""What runs in the sandbox: one function of a tool's source, called once.

Nobody imports this: its text is given to a Python that has nothing but its own library. It reads a
request from stdin, gives up what it could do before, calls the function and tells what came of it
through the pipe whose number is its argument: a line of JSON, and then the text in UTF-8. What the
function prints goes to stdout and stderr, and so does a failure's traceback.

What it imports is what each call waits for: `json` and `typing` would be half of the time.
"""

from __future__ import annotations

import marshal
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

LONGEST = 1_000_000  # characters of text: the largest return_char_limit (contract §5.1)
_NICE = 10  # how far behind the server the CPU is given
_FILE = "tool.py"  # what tracebacks call the source


class _Call:
    """The call that was asked for, and the pipe that its outcome goes to."""

    def __init__(self, request: dict[str, Any], pipe: int) -> None:
        self.name: str = request["name"]
        self.source: str = request["source"]
        self.arguments: dict[str, Any] = request["arguments"]
        self._pipe = pipe
        self._process = os.getpid()

    def run(self) -> str:
        """Call the function; what it gave back, as text. Raises what it raises."""
        module = type(sys)("tool")
        sys.modules["tool"] = module
        exec(compile(self.source, _FILE, "exec", dont_inherit=True), module.__dict__)
        value = getattr(module, self.name)(**self.arguments)
        if hasattr(value, "__await__"):
            value = _awaited(value)
        if isinstance(value, str):
            return value
        import json

        return json.dumps(value, ensure_ascii=False, default=str)

    def tell(self, status: str, text: str) -> None:
        """Tell the outcome and end the process, with whatever else still runs in it."""
        if os.getpid() == self._process:
            body = text[:LONGEST].encode("utf-8", "replace")
            head = f'{{"status": "{status}", "bytes": {len(body)}, "characters": {len(text)}}}\n'
            rest = memoryview(head.encode() + body)
            while rest:
                rest = rest[os.write(self._pipe, rest) :]
        os._exit(0)

    def fail(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        """Tell that the function raised; the traceback begins in the source of the tool."""
        import linecache
        import traceback

        lines = self.source.splitlines(keepends=True)
        linecache.cache[_FILE] = len(self.source), None, lines, _FILE
        while trace and trace.tb_frame.f_code.co_filename != _FILE and trace.tb_next:
            trace = trace.tb_next
        traceback.print_exception(kind, error, trace)
        sys.stdout.flush()
        sys.stderr.flush()
        hint = ""
        if isinstance(error, NameError) and error.name == "client":
            hint = " (tools are given no client of this server)"
        said = f"{kind.__name__}: {error}{hint}"
        self.tell("error", f"Error executing function {self.name}: {said}")


def _awaited(value: Any) -> Any:
    import asyncio

    async def wait() -> Any:
        return await value

    return asyncio.run(wait())


def _confine(request: dict[str, Any]) -> None:
    """Give up privileges for good, then take on the limits and a low priority."""
    if request["uid"] is not None:
        os.setgroups([])
        os.setresgid(*[request["uid"]] * 3)
        os.setresuid(*[request["uid"]] * 3)
    for name, most in request["limits"].items():
        last = most + 1 if name == "RLIMIT_CPU" else most  # a second after the signal
        resource.setrlimit(getattr(resource, name), (most, last))
    os.nice(_NICE)


def main() -> None:
    """Carry out the request on stdin."""
    with open(0, "rb") as stdin:
        request = marshal.loads(stdin.read())
    os.open(os.devnull, os.O_RDONLY)  # stdin from here on: the lowest number that is free
    _confine(request)
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.path += request["path"]
    call = _Call(request, int(sys.argv[1]))
    sys.excepthook = call.fail
    try:
        text = call.run()
        sys.stdout.flush()
        sys.stderr.flush()
    except SystemExit as error:  # the only one that a hook is not told of
        call.fail(type(error), error, error.__traceback__)
    else:
        call.tell("success", text)


if __name__ == "__main__":
    main()
