"""Files of this machine and behind URLs, for PEs: `open`, `list`, ..."""

from d4p.filesystems.files import exists, list, open, write

__all__ = ["exists", "list", "open", "write"]
