"""See `d4p.filesystems`."""

from d4p.filesystems import Local, is_url, locate

__all__ = ["Local", "is_url", "locate"]
