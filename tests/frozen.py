"""What is imported last by the process of which test servers are forks.

All objects there are by then are left out of garbage collection, which would write to each of them
and so make every fork copy its memory.
"""

import gc

gc.collect()
gc.freeze()
