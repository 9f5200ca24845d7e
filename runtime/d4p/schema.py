"""What a port's `tuple_type` says about its items."""

from d4p.items.schema import Field, Schema, declared_schema, schema_of, why_none

__all__ = ["Field", "Schema", "declared_schema", "schema_of", "why_none"]
