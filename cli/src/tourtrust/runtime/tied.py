"""Importing this ties the importing process to its parent: when the parent dies, it ends too.

The process from which the applications are forked imports it first. They are tied to that process in the same
way, so all of them end with the supervisor.
"""

import signal

from tourtrust.runtime.processes import tie_to_parent

tie_to_parent(signal.SIGTERM, name="tt-nursery")
