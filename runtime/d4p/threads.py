"""How many threads a library may use in a PE."""

from d4p.host.threads import THREADS, VARIABLES, cores, one_each, threads, threads_of, use_threads

__all__ = ["THREADS", "VARIABLES", "cores", "one_each", "threads", "threads_of", "use_threads"]
