"""What this machine is asked for: threads, memory, places for temporary files, whether a process lives."""
