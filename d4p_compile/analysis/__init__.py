"""What the compiler knows of a PE by reading its class: does it keep state, does it write, how is it called."""

from d4p_compile.analysis.calls import call_style, may_write, overrides_write, writes_keywords
from d4p_compile.analysis.state import State, state_of

__all__ = ["State", "call_style", "may_write", "overrides_write", "state_of", "writes_keywords"]
