"""A target of its own, as the README of d4p_compile says what one is: a module, a template, an engine, an entry."""
