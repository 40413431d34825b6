"""The corpus: what a tool might try, and what it must be answered.

A row is the body of a function ``abuse(at)``; `at` says where things are that it must not reach.
"""

import textwrap
from dataclasses import dataclass, field

_IMPORTS = (
    "import ctypes, errno, gc, gzip, json, mmap, os, resource, signal, socket, stat, subprocess\n"
    "import sys, threading, time\n\n"
    "def system_call(*numbers):\n"
    "    libc = ctypes.CDLL(None, use_errno=True)\n"
    "    found = []\n"
    "    for number in numbers:\n"
    "        if libc.syscall(number, 0x10000000, 0, 0, 0, 0, 0) != -1:\n"
    "            return f'call {number} worked'\n"
    "        found.append(errno.errorcode[ctypes.get_errno()])\n"
    "    return found\n\n"
)


@dataclass(frozen=True, slots=True)
class Abuse:
    """What is tried, in Python; `answer` matches the text that comes of it.

    `wall` is how many seconds it is given before the clock ends it: many, for who goes on for long
    is given only the CPU that nobody else wants. `environment` are the agent's variables, `whole`
    is the source where it is not a body of a function.
    """

    name: str
    body: str
    answer: str
    status: str = "error"
    wall: float = 60.0
    environment: dict[str, str] = field(default_factory=dict)
    whole: str = ""

    @property
    def source(self) -> str:
        """The source of the tool."""
        body = textwrap.indent(textwrap.dedent(self.body).strip(), "    ")
        return self.whole or f"{_IMPORTS}def abuse(at):\n{body}\n"


def _says(name: str, body: str, answer: str) -> Abuse:
    """What comes to nothing, and may say so."""
    return Abuse(name, body, answer, "success")


_NO_FILE = "FileNotFoundError|NotADirectoryError"
_DENIED = "PermissionError|FileNotFoundError"
_NO_WRITE = "Read-only file system|Permission denied|Operation not permitted"
_CLOCK = "TimeoutError: it was ended after 1 seconds"

FILES = [
    Abuse("read a file of the server", "return open(at['file']).read()", _NO_FILE),
    Abuse("list its folder", "return os.listdir(at['folder'])", _NO_FILE),
    Abuse("write beside it", "open(at['folder'] + '/new', 'w').write('was here')", _NO_FILE),
    Abuse("remove it", "os.remove(at['file'])", _NO_FILE),
    Abuse("climb to it", "return open('../' * 40 + at['file']).read()", _NO_FILE),
    Abuse("a link to it", "os.symlink(at['file'], 'l'); return open('l').read()", _NO_FILE),
    Abuse("a hard link to it", "os.link(at['file'], 'l')", _NO_FILE),
    Abuse(
        "a link of links", "os.symlink('/proc/self/root' + at['file'], 'l'); open('l')", _NO_FILE
    ),
    Abuse("through the root of process 1", "open('/proc/1/root' + at['file'])", _DENIED),
    Abuse("through its own root", "open('/proc/self/root/..' + at['file'])", _DENIED),
    Abuse("through its own folder", "open('/proc/self/cwd/../..' + at['file'])", _DENIED),
    Abuse("read the users", "return open('/etc/passwd').read()", _NO_FILE),
    Abuse("read the passwords", "return open('/etc/shadow').read()", _NO_FILE),
    Abuse("ask docker", "socket.socket(1).connect('/var/run/docker.sock')", _NO_FILE),
    Abuse("a cgroup that runs things", "os.listdir('/sys/fs/cgroup')", _NO_FILE),
    Abuse("write to /usr", "open('/usr/lib/new', 'w')", _NO_WRITE),
    Abuse("write to Python", "open(os.path.dirname(os.__file__) + '/new.py', 'w')", _NO_WRITE),
    Abuse("write to the root", "open('/new', 'w')", _NO_WRITE),
    Abuse("write to the devices", "open('/dev/new', 'w')", _NO_WRITE),
    Abuse("change a program", "os.chmod('/usr/bin/env', 0o777)", _NO_WRITE),
    Abuse("change a program's owner", "os.chown('/usr/bin/env', os.getuid(), -1)", _NO_WRITE),
    Abuse("the memory of the machine", "open('/dev/mem', 'rb')", _NO_FILE),
    Abuse(
        "make a disk", "os.mknod('d', stat.S_IFBLK | 0o600, os.makedev(8, 0))", "PermissionError"
    ),
    Abuse("the terminal", "os.open('/dev/tty', os.O_WRONLY)", _NO_FILE),
    _says("all devices", "return sorted(os.listdir('/dev'))", r'^\["null", "shm"\]$'),
    _says(
        "look everywhere",
        """
        name = os.path.basename(at['file'])
        for folder, folders, files in os.walk('/'):
            folders[:] = [one for one in folders if one not in ('usr', 'lib', 'proc', 'versions')]
            if name in files or name in folders:
                return folder
        """,
        "^null$",
    ),
    _says(
        "folders that were left open",
        """
        found = []
        for number in range(3, 200):
            try:
                if stat.S_ISDIR(os.fstat(number).st_mode):
                    found.append(os.listdir(number))
            except OSError:
                pass
        return found
        """,
        r"^\[\]$",
    ),
    _says(
        "files that were left open",
        """
        kinds = set()
        for number in range(200):
            try:
                kinds.add(stat.S_IFMT(os.fstat(number).st_mode))
            except OSError:
                pass
        return sorted(kinds - {stat.S_IFIFO, stat.S_IFCHR})
        """,
        r"^\[\]$",
    ),
]

KERNEL = [
    Abuse("another root", "os.chroot('/tmp')", "PermissionError"),
    _says(
        "a mount",
        "return system_call(165, 166, 155, 428, 429, 430, 442)",
        r'^\["EPERM"(, "EPERM")*\]$',
    ),
    _says("a user namespace", "return system_call(272)", r'^\["EPERM"\]$'),
    _says("a namespace by clone", "return system_call(56)", r'^\["EPERM"\]$'),
    _says("a namespace by clone3", "return system_call(435)", r'^\["ENOSYS"\]$'),
    _says("another's namespace", "return system_call(308)", r'^\["EPERM"\]$'),
    _says("ptrace", "return system_call(101)", r'^\["EPERM"\]$'),
    _says(
        "another's memory", "return system_call(310, 311, 438, 440)", r'^\["EPERM"(, "EPERM")*\]$'
    ),
    _says(
        "programs in the kernel", "return system_call(321, 298, 323)", r'^\["EPERM"(, "EPERM")*\]$'
    ),
    _says("io_uring", "return system_call(425, 426, 427)", r'^\["EPERM"(, "EPERM")*\]$'),
    _says("keys", "return system_call(248, 249, 250)", r'^\["EPERM"(, "EPERM")*\]$'),
    _says("modules", "return system_call(175, 313, 176, 246, 169)", r'^\["EPERM"(, "EPERM")*\]$'),
    _says(
        "shared segments", "return system_call(29, 30, 68, 64, 240)", r'^\["EPERM"(, "EPERM")*\]$'
    ),
    _says(
        "calls of tomorrow", "return system_call(449, 460, 1000)", r'^\["ENOSYS"(, "ENOSYS")*\]$'
    ),
    _says("calls of the x32 kind", "return system_call(0x40000000 + 101)", r'^\["ENOSYS"\]$'),
    Abuse("memory in no process", "os.memfd_create('m')", "PermissionError"),
    Abuse("a new session", "os.setsid()", "PermissionError"),
    Abuse("become root", "os.setuid(0)", "PermissionError|Invalid argument"),
    Abuse("another group", "os.setgroups([0])", "PermissionError"),
    _says(
        "no rights at all",
        """
        told = dict(line.split(':', 1) for line in open('/proc/self/status'))
        return int(told['CapEff'], 16), int(told['CapPrm'], 16), int(told['NoNewPrivs'])
        """,
        r"^\[0, 0, 1\]$",
    ),
    _says(
        "a program that makes root",
        """
        found = [f'/usr/bin/{name}' for name in ('su', 'passwd', 'mount')]
        found = [path for path in found if os.path.exists(path)]
        said = [subprocess.run([p, '-c', 'id'], capture_output=True, text=True) for p in found]
        return ['uid=0' in one.stdout for one in said if one.returncode == 0]
        """,
        r"^\[\]$",
    ),
    _says(
        "make a program that makes root",
        """
        import shutil
        shutil.copy('/usr/bin/env', 'mine')
        os.chmod('mine', 0o6755)
        code = 'import os; print(os.geteuid() == os.getuid() != 0)'
        return subprocess.check_output(['./mine', sys.executable, '-c', code], text=True)
        """,
        "^True$",
    ),
    Abuse("the name of the machine", "socket.sethostname('mine')", "PermissionError"),
    Abuse("the time", "time.clock_settime(time.CLOCK_REALTIME, 0)", "PermissionError"),
    Abuse("sysctl", "open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')", _NO_WRITE),
    Abuse("sysrq", "open('/proc/sysrq-trigger', 'w').write('b')", f"{_NO_WRITE}|{_NO_FILE}"),
    Abuse("a larger share of the CPU", "open('/proc/self/autogroup', 'w').write('0')", _NO_WRITE),
    Abuse("be killed last", "open('/proc/self/oom_score_adj', 'w').write('-999')", _NO_WRITE),
    Abuse("the kernel's memory", "open('/proc/kcore', 'rb').read(1)", _DENIED),
    Abuse("the kernel's log", "open('/proc/kmsg').read(1)", _DENIED),
]

PROCESSES = [
    _says(
        "see others",
        "return sorted(int(n) for n in os.listdir('/proc') if n.isdigit())",
        r"^\[1, 2\]$",
    ),
    Abuse(
        "the memory of process 1", "open('/proc/1/mem', 'rb').read(1)", "PermissionError|OSError"
    ),
    _says(
        "all environments",
        """
        found = []
        for one in os.listdir('/proc'):
            try:
                found.append(open(f'/proc/{one}/environ').read())
            except OSError:
                pass
        return found
        """,
        "",
    ),
    _says("its environment", "return dict(os.environ)", r'^\{"DECLARED": "yes"\}$'),
    _says(
        "what its parent was told",
        "return [one for one in open('/proc/1/cmdline').read().split() if at['folder'] in one]",
        r"^\[\]$",
    ),
    Abuse("kill somebody", "os.kill(at['pid'], signal.SIGKILL)", "ProcessLookupError"),
    Abuse("kill everybody", "os.kill(-1, signal.SIGKILL)", "ProcessLookupError"),
    Abuse(
        "kill its parent", "os.kill(1, 9); time.sleep(60)", f"PermissionError|{_CLOCK}", wall=1.0
    ),
    Abuse("kill itself", "os.kill(os.getpid(), signal.SIGKILL)", "ended by SIGKILL"),
    Abuse("stop itself", "os.kill(os.getpid(), signal.SIGSTOP)", _CLOCK, wall=1.0),
    Abuse("sleep", "time.sleep(1000)", _CLOCK, wall=1.0),
    Abuse(
        "sleep through signals",
        """
        for number in range(1, 65):
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        while True:
            time.sleep(1000)
        """,
        _CLOCK,
        wall=1.0,
    ),
    Abuse(
        "spin",
        "while True: pass",
        "TimeoutError: it used more than 1 seconds of CPU|after 10 seconds",
        wall=10.0,
    ),
    Abuse(
        "spin through the signal",
        "signal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass",
        "ended by SIGKILL|after 10 seconds",
        wall=10.0,
    ),
    Abuse("raise a limit", "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))", "ValueError"),
    Abuse(
        "raise its parent's",
        "resource.prlimit(1, resource.RLIMIT_NOFILE, (9, 1 << 40))",
        "PermissionError",
    ),
    Abuse("push forward", "os.nice(-20)", "PermissionError"),
    Abuse(
        "in real time",
        "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(9))",
        "PermissionError",
    ),
    Abuse(
        "a fork bomb", "while True: os.fork()", "BlockingIOError|MemoryError|started 32 processes"
    ),
    Abuse(
        "a fork bomb that does not give up",
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        "started 32 processes|MemoryError",
    ),
    Abuse(
        "a fork bomb in the shell",
        "subprocess.run(['/bin/sh', '-c', 'f() { f | f & }; f'])\ntime.sleep(1000)",
        f"started 32 processes|MemoryError|{_CLOCK}",
        wall=1.0,
    ),
    Abuse(
        "a flood of threads",
        "while True: threading.Thread(target=time.sleep, args=(1000,)).start()",
        "RuntimeError|MemoryError",
    ),
    _says(
        "threads that stay",
        "threading.Thread(target=time.sleep, args=(1000,)).start(); return 'gone'",
        "^gone$",
    ),
    _says(
        "a process that stays",
        """
        if os.fork() == 0:
            if os.fork() == 0:
                os.execv('/bin/sleep', ['sleep', at['token']])
            os._exit(0)
        return 'gone'
        """,
        "^gone$",
    ),
    _says(
        "a process that stays and listens",
        """
        pipe = int(sys.argv[1])
        subprocess.Popen(['/bin/sleep', at['token']], pass_fds=[0, 1, 2, pipe], process_group=0)
        return 'gone'
        """,
        "^gone$",
    ),
    _says("two returns", "return 'child' if os.fork() == 0 else 'parent'", "^parent$"),
    Abuse("end early", "os._exit(0)", "ended with code 0 and without a result"),
    Abuse("leave", "sys.exit('bye')", "SystemExit: bye"),
    _says("work at the exit", "import atexit; atexit.register(time.sleep, 1000); return 1", "^1$"),
    Abuse(
        "fall silent and stay",
        "os.closerange(0, 200)\nwhile True: time.sleep(1000)",
        _CLOCK,
        wall=1.0,
    ),
    Abuse("segfault", "ctypes.string_at(0)", "ended by SIGSEGV"),
    Abuse("abort", "os.abort()", "ended by SIGABRT"),
]

AMOUNTS = [
    Abuse("all memory", "x = []\nwhile True: x.append(bytearray(1 << 20))", "MemoryError"),
    Abuse("a map of all memory", "mmap.mmap(-1, 1 << 40)", "MemoryError|OSError"),
    Abuse(
        "all memory, in many processes",
        """
        for _ in range(16):
            if os.fork() == 0:
                held = bytearray(100 << 20)
                time.sleep(1000)
        time.sleep(1000)
        """,
        "MemoryError: its processes held more than 192 MiB together",
    ),
    Abuse(
        "memory as files",
        "x = open('/dev/shm/x', 'wb')\nwhile True: x.write(bytes(1 << 20))",
        "OSError.*(File too large|No space)",
    ),
    Abuse(
        "all of the disk",
        "for n in range(10000): open(str(n), 'wb').write(bytes(1 << 20))",
        "OSError.*No space",
    ),
    Abuse("a file of a terabyte", "open('x', 'wb').truncate(1 << 40)", "OSError.*File too large"),
    Abuse(
        "millions of files",
        "for n in range(10 ** 8): os.close(os.open(str(n), os.O_CREAT))",
        "it made more than 2000 files",
    ),
    Abuse("all open files", "x = [open('/dev/null') for _ in range(10000)]", "Too many open files"),
    Abuse(
        "a zip bomb",
        "return len(gzip.decompress(gzip.compress(bytes(1 << 20)) * 1000))",
        "MemoryError",
    ),
    Abuse(
        "a zip bomb on the disk",
        """
        import zipfile
        with zipfile.ZipFile('bomb.zip', 'w', zipfile.ZIP_DEFLATED) as bomb:
            for n in range(20):
                bomb.writestr(str(n), bytes(3 << 20))
        zipfile.ZipFile('bomb.zip').extractall()
        """,
        "OSError.*No space",
    ),
    Abuse("recurse", "f = lambda: f()\nf()", "RecursionError"),
    Abuse(
        "recurse for ever",
        "sys.setrecursionlimit(1 << 30)\nf = lambda *a: f(*a)\nf()",
        "ended by SIGSEGV|MemoryError|RecursionError",
    ),
    Abuse(
        "a flood of output", "while True: print('x' * 999)", "OutputError: it wrote more than 1 MiB"
    ),
    Abuse("a flood of errors", "while True: os.write(2, b'x' * 999)", "OutputError"),
    Abuse("a line without end", "while True: os.write(1, b'x' * 99999)", "OutputError"),
    Abuse(
        "a flood of results",
        "while True: os.write(int(sys.argv[1]), b'x' * 99999)",
        "OutputError",
    ),
    _says("a very long text", "return 'x' * 3_000_000", "^x+$"),
    Abuse(
        "nested too deep", "", "MemoryError|SyntaxError|RecursionError", whole="x = " + "(" * 9999
    ),
    Abuse("no text at all", "", "SyntaxError|ValueError", whole="def abuse(at):\n    return '\0'"),
    Abuse("no such function", "", "AttributeError", whole="def other(at): return 1"),
    Abuse("work while imported", "", _CLOCK, wall=1.0, whole="import time\ntime.sleep(1000)"),
]

NETWORK = [
    Abuse(
        "the server's loopback", "socket.create_connection(('127.0.0.1', at['port']))", "refused"
    ),
    Abuse("the same by IPv6", "socket.create_connection(('::1', at['port']))", "OSError|refused"),
    Abuse(
        "an address of the internet", "socket.create_connection(('192.0.2.1', 80))", "unreachable"
    ),
    Abuse(
        "the metadata of a cloud",
        "socket.create_connection(('169.254.169.254', 80))",
        "unreachable",
    ),
    Abuse("a name", "socket.getaddrinfo('example.com', 80)", "gaierror"),
    Abuse("UDP", "socket.socket(2, 2).sendto(b'x', ('192.0.2.1', 53))", "unreachable"),
    Abuse("a socket file", "socket.socket(1).connect(at['socket'])", _NO_FILE),
    Abuse("a socket without a file", "socket.socket(1).connect('\\0' + at['abstract'])", "refused"),
    Abuse("packets", "socket.socket(17, 3)", "not supported"),
    Abuse("routes", "socket.socket(16, 3)", "not supported"),
    Abuse("the machine below", "socket.socket(40, 1)", "not supported"),
    Abuse("the kernel's ciphers", "socket.socket(38, 5)", "not supported"),
    Abuse("raw sockets", "socket.socket(2, 3, 1)", "PermissionError"),
]

TRICKS = [
    Abuse("import the server", "import palaver", "ModuleNotFoundError"),
    Abuse("import its libraries", "import pydantic", "ModuleNotFoundError"),
    Abuse("ask for a client", "return client.agents.list()", "no client of this server"),
    _says(
        "search the memory",
        "return any('PALAVER_' + 'CANARY' in one for one in gc.get_objects() if type(one) is dict)",
        "^false$",
    ),
    Abuse(
        "a forged result",
        """
        said = b'{"status": "success", "bytes": 6, "characters": 6}\\nforged'
        for number in range(3, 64):
            try:
                os.write(number, said)
            except OSError:
                pass
        return 'mine'
        """,
        "without a result",
    ),
    Abuse(
        "a result that is never whole",
        """
        for number in range(3, 64):
            try:
                os.write(number, b'{"status": "success", "bytes": 9999, "characters": 1}\\nx')
            except OSError:
                pass
        os._exit(0)
        """,
        "without a result",
    ),
    Abuse(
        "a result that is no result",
        """
        for number in range(3, 64):
            try:
                os.write(number, b'[' * 5000)
            except OSError:
                pass
        os._exit(0)
        """,
        "without a result",
    ),
    _says(
        "a result on stdout",
        'print(\'{"status": "error", "bytes": 0}\'); return \'mine\'',
        "^mine$",
    ),
    _says(
        "bytes that are no text",
        "os.write(1, b'\\xff\\x00\\xfe'); return '\\0 \\udc80'",
        "^\ufffd \\?$",
    ),
    _says(
        "a pickle in disguise",
        """
        class Evil:
            def __reduce__(self):
                return os.system, ('touch ' + at['folder'] + '/pickled',)
            def __str__(self):
                return 'cos\\nsystem\\n'
        return Evil()
        """,
        "cos",
    ),
    Abuse(
        "a result that cannot be told",
        """
        class Evil:
            def __str__(self):
                raise RuntimeError('no')
        return Evil()
        """,
        "RuntimeError: no",
    ),
    Abuse(
        "an error that cannot be told",
        """
        class Evil(Exception):
            def __str__(self):
                raise RuntimeError('no')
        raise Evil
        """,
        "Evil|without a result",
    ),
    Abuse("no hook", "sys.excepthook = None\nraise KeyError(1)", "without a result"),
    Abuse(
        "another way out",
        "json.dumps = os._exit = sys.stdout = None\nreturn {'a': 1}",
        "TypeError|AttributeError|without a result",
    ),
    Abuse(
        "libraries before all others",
        "return 1",
        "^1$",
        "success",
        environment={"LD_PRELOAD": "/tmp/x.so", "LD_LIBRARY_PATH": "/tmp", "GLIBC_TUNABLES": "x"},
    ),
    Abuse(
        "a Python of its own",
        "return sys.flags.isolated",
        "^1$",
        "success",
        environment={"PYTHONPATH": "/tmp", "PYTHONSTARTUP": "/tmp/x", "PYTHONHOME": "/tmp"},
    ),
    Abuse("a variable that is none", "return 1", "ValueError|without", environment={"A=B\0": "x"}),
]

ROWS = [*FILES, *KERNEL, *PROCESSES, *AMOUNTS, *NETWORK, *TRICKS]
