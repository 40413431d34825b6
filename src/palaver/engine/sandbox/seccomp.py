"""System calls that no tool needs, refused by the kernel: a filter in the form bubblewrap reads.

What is refused: mounts and namespaces; the memory of other processes; memory that belongs to no
process and so escapes its limits (memfd, queues and segments of System V and POSIX); new sessions,
which may be given as much of the CPU as the server's; and doors into the kernel that were often
found open (bpf, io_uring, keys, userfaultfd). Sockets are local or of the internet, of which there
is none. Calls that are newer than this list do not exist.
"""

import errno
import platform
import struct
import sys

_OLDEST_UNKNOWN = 449

# By machine: the kernel's number of the architecture, and its numbers of calls (-: has none).
_MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
_REFUSED = """
    ptrace 101 117              process_vm_readv 310 270    process_vm_writev 311 271
    kcmp 312 272                pidfd_getfd 438 438         process_madvise 440 440
    mount 165 40                umount2 166 39              pivot_root 155 41
    chroot 161 51               open_tree 428 428           move_mount 429 429
    fsopen 430 430              fsconfig 431 431            fsmount 432 432
    fspick 433 433              mount_setattr 442 442       unshare 272 97
    setns 308 268               setsid 112 157              personality 135 92
    memfd_create 319 279        memfd_secret 447 447        shmget 29 194
    shmat 30 196                msgget 68 186               semget 64 190
    mq_open 240 180             bpf 321 280                 perf_event_open 298 241
    userfaultfd 323 282         io_uring_setup 425 425      io_uring_enter 426 426
    io_uring_register 427 427   add_key 248 217             request_key 249 218
    keyctl 250 219              init_module 175 105         finit_module 313 273
    delete_module 176 106       kexec_load 246 104          kexec_file_load 320 294
    reboot 169 142              swapon 167 224              swapoff 168 225
    acct 163 89                 quotactl 179 60             quotactl_fd 443 443
    syslog 103 116              name_to_handle_at 303 264   open_by_handle_at 304 265
    fanotify_init 300 262       settimeofday 164 170        clock_settime 227 112
    clock_adjtime 305 266       adjtimex 159 171            sethostname 170 161
    setdomainname 171 162       vhangup 153 58              lookup_dcookie 212 18
    move_pages 279 239          migrate_pages 256 238       iopl 172 -
    ioperm 173 -                modify_ldt 154 -            uselib 134 -
"""
_CLONE, _CLONE3, _SOCKETS = (56, 220), 435, ((41, 53), (198, 199))
_NEW_NAMESPACE = 0x7E020000  # every CLONE_NEW… flag
_FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6

_LOAD, _EQUAL, _ABOVE, _ANY, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # where they stand in what a filter sees
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000


def supported() -> bool:
    """Whether a filter can be made for this machine."""
    return sys.platform == "linux" and platform.machine() in _MACHINES


def program(machine: str = "") -> bytes:
    """The filter for a machine, as `platform.machine` names them; this one by default."""
    architecture, column = _MACHINES[machine or platform.machine()]
    words = _REFUSED.split()
    refused = [int(number) for number in words[1 + column :: 3] if number != "-"]
    lines = [
        _line(_LOAD, _ARCHITECTURE),
        _line(_EQUAL, architecture, 1, 0),
        _line(_RETURN, _KILL),
        _line(_LOAD, _NUMBER),
        *_answered(_ABOVE, _OLDEST_UNKNOWN - 1, errno.ENOSYS),
        *_answered(_EQUAL, _CLONE3, errno.ENOSYS),
    ]
    for number in refused:
        lines += _answered(_EQUAL, number, errno.EPERM)
    lines += [
        _line(_EQUAL, _CLONE[column], 0, 4),
        _line(_LOAD, _FIRST_ARGUMENT),
        *_answered(_ANY, _NEW_NAMESPACE, errno.EPERM),
        _line(_RETURN, _ALLOW),
    ]
    socket, pair = _SOCKETS[column]
    one, two, three = _FAMILIES
    lines += [
        _line(_EQUAL, socket, 1, 0),
        _line(_EQUAL, pair, 0, 4),
        _line(_LOAD, _FIRST_ARGUMENT),
        _line(_EQUAL, one, 2, 0),
        _line(_EQUAL, two, 1, 0),
        _line(_EQUAL, three, 0, 1),
        _line(_RETURN, _ALLOW),
        _line(_RETURN, _ERRNO | errno.EAFNOSUPPORT),
    ]
    return b"".join(lines)


def _answered(test: int, value: int, error: int) -> list[bytes]:
    """Two lines: whoever passes the test is answered with an error."""
    return [_line(test, value, 0, 1), _line(_RETURN, _ERRNO | error)]


def _line(code: int, value: int, if_so: int = 0, if_not: int = 0) -> bytes:
    """An instruction; a jump skips so many of the lines that follow."""
    return struct.pack("=HBBI", code, if_so, if_not, value)
