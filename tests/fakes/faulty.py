"""How a stream goes wrong on the wire."""

import asyncio
import socket
import struct

from tests.fakes.reply import Fault

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_DRIP = 0.001  # seconds from byte to byte


async def send(frame: bytes, writer: asyncio.StreamWriter) -> None:
    """Send a frame as a chunk of its own."""
    if frame:
        writer.write(b"%x\r\n%b\r\n" % (len(frame), frame))
        await writer.drain()


async def go_wrong(fault: Fault, frames: list[bytes], failure: bytes, line: Connection) -> None:
    """Send what is left of an answer, `frames`, in the way that `fault` says.

    Raises `ConnectionError` where the connection does not outlive it.
    """
    reader, writer = line
    match fault.kind:
        case "error":
            frames = [failure, *frames[1:]]
        case "nonsense":
            frames = [frames[0][: len(frames[0]) // 2] + b"\n\n", *frames[1:]]
        case "end":
            frames = []
        case "drip":
            return await _drip(b"".join(frames), writer)
        case _:
            return await _fall_silent(fault, frames[0], reader, writer)
    for frame in frames:
        await send(frame, writer)


async def _fall_silent(
    fault: Fault, frame: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    if fault.kind in ("cut", "hang"):
        writer.write(b"%x\r\n%b" % (len(frame), frame[: len(frame) // 2]))
        await writer.drain()
    if fault.kind in ("hang", "stall"):
        await reader.read(1)  # nothing comes but the end of the connection
    if fault.kind == "reset":
        linger = struct.pack("ii", 1, 0)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    raise ConnectionAbortedError


async def _drip(what: bytes, writer: asyncio.StreamWriter) -> None:
    for byte in what:
        await send(bytes([byte]), writer)
        await asyncio.sleep(_DRIP)
