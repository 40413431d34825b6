"""How much of everything one call of a tool may have."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of one call. Times are in seconds, sizes in bytes.

    `cpu`, `file` and `files` (open ones) hold for each process, `processes` for threads and
    processes together; a call that keeps as many processes is ended. `memory` bounds the
    address space of each and what all hold together. `scratch` is the size of the folder that
    may be written to, `entries` how many files and folders may be in it. `output` is what may
    be written to stdout and stderr before the call is ended; of each, the first `shown` bytes
    are kept. What there is of processes, memory and entries is looked at every `process.TICK`,
    or less often where that takes long. A call that is ended at one of these bounds takes
    `penalty` at least: who breaks them over and over starts few processes.
    """

    wall: float = 60.0
    penalty: float = 1.0
    cpu: int = 30
    memory: int = 512 * MIB
    scratch: int = 64 * MIB
    entries: int = 10_000
    file: int = 64 * MIB
    files: int = 256
    processes: int = 64
    output: int = 2 * MIB
    shown: int = 64 * KIB
