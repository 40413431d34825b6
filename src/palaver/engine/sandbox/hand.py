"""The hand that carries out Python tools: what it refuses, and how a call finds its thread."""

import ast
import asyncio
import logging
import math
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

from palaver.domain.tool import Outcome, Tool
from palaver.engine.sandbox import seccomp
from palaver.engine.sandbox.bounds import Bounds
from palaver.engine.sandbox.packages import Packages, wanted
from palaver.engine.sandbox.sandbox import Errand, Sandbox
from palaver.engine.sandbox.walls import Bare, Bubblewrap
from palaver.engine.workshop import ToolUse
from palaver.errors import ToolRefused
from palaver.settings import Settings

logger = logging.getLogger(__name__)

AT_ONCE = 16  # calls that one process carries out at the same time; others wait

_REMEDY = (
    "Install bubblewrap 0.8 or newer (`apt install bubblewrap`), let it make namespaces, and start "
    "palaver again; SECURITY.md tells how. PALAVER_UNSAFE_TOOLS=1 runs tools without a sandbox."
)


class PythonTools:
    """A hand for tools that are Python functions.

    `sandbox` is where they run; without one all are refused, and `missing` says why there is none.
    Without `packages` tools that require some are refused.
    """

    def __init__(
        self, sandbox: Sandbox | None, packages: Packages | None, missing: str = ""
    ) -> None:
        self._sandbox = sandbox
        self._packages = packages
        self._missing = missing
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="tool")

    def refusal(self, tool: Tool) -> str | None:
        """Why a tool cannot be carried out and what to do about it; None if it can."""
        if tool.source_type not in (None, "python") or tool.npm_requirements:
            return f"Tool {tool.name} is TypeScript, which this server does not run; use Python."
        if not tool.source_code:
            return f"Tool {tool.name} has no source; give it a `source_code`."
        if _takes_state(tool.name, tool.source_code):
            return (
                f"Tool {tool.name} takes `agent_state`, which tools are not given here; let it "
                "take what it needs as arguments, or as secrets of the agent."
            )
        if self._sandbox is None:
            return f"Tool {tool.name} needs a sandbox to run in. {self._missing} {_REMEDY}"
        if tool.pip_requirements and self._packages is None:
            return (
                f"Tool {tool.name} requires packages, and none are installed here; do without "
                "`pip_requirements`, or let the operator set PALAVER_TOOL_PACKAGES=1."
            )
        return None

    async def use(self, use: ToolUse) -> Outcome:
        """Call the function. When this is cancelled the call has ended before it returns.

        Raises `ToolRefused` where its packages cannot be installed.
        """
        stop = threading.Event()
        job = self._threads.submit(self._carry_out, use, stop)
        try:
            return await asyncio.wrap_future(job)
        except asyncio.CancelledError:
            stop.set()
            if not job.cancelled():
                await asyncio.wait([asyncio.wrap_future(job)])
            raise

    def close(self) -> None:
        """Wait for the calls that are under way."""
        self._threads.shutdown()

    def _carry_out(self, use: ToolUse, stop: threading.Event) -> Outcome:
        if self._sandbox is None:
            raise ToolRefused(self._missing)
        packages = None
        if use.tool.pip_requirements and self._packages is not None:
            packages = self._packages.get(wanted(use.tool.pip_requirements), stop)
        errand = Errand(
            use.tool.name or "",
            use.tool.source_code or "",
            use.arguments,
            use.agent.secrets,
            packages,
        )
        return self._sandbox.carry_out(errand, stop)


def opened(settings: Settings) -> PythonTools:
    """The hand that `settings` ask for. Blocks: whether the sandbox works is tried by a call."""
    wall = settings.tool_timeout.total_seconds()
    bounds = Bounds(wall=wall, cpu=math.ceil(wall), memory=settings.tool_memory)
    folder = settings.home / "tool-packages"
    packages = Packages(folder, settings.environment) if settings.tool_packages else None
    if settings.unsafe_tools and sys.platform == "linux":
        logger.warning(
            "PALAVER_UNSAFE_TOOLS=1: tools run WITHOUT a sandbox. They may read and change all "
            "that this user may, reach the network, and outlive their calls."
        )
        return PythonTools(Sandbox(Bare(), bounds), packages)
    if not seccomp.supported():
        return PythonTools(None, packages, "There is none for this kind of machine.")
    sandbox = Sandbox(Bubblewrap(settings.bubblewrap), bounds)
    fault = sandbox.fault()
    if fault is not None:
        logger.info("no sandbox for Python tools: %s", fault)
        return PythonTools(None, packages, fault)
    return PythonTools(sandbox, packages)


def _takes_state(name: str | None, source: str) -> bool:
    if "agent_state" not in source:
        return False
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False  # the call will say so
    functions = (node for node in body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return any(
        arg.arg == "agent_state"
        for function in functions
        if function.name == name
        for arg in (*function.args.args, *function.args.kwonlyargs)
    )
