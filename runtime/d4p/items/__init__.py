"""Items on their way: copied, packed, batched, and as JSON."""

from d4p.items.itemjson import loads_json

__all__ = ["loads_json"]
