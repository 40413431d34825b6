"""Python tools that callers have brought: each call is a process of its own, behind walls.

`hand` carries a tool out; `sandbox` sends an errand behind the walls that `walls` builds, with the
filter of `seccomp`; `process` starts what is to run, listens to it and ends it; `inside` is what
runs there; `packages` keeps what tools import; `bounds` says how much of everything a call may
have.
"""
