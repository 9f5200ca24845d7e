"""Group-by keys: equal ones meet in one instance, whatever their types, on every engine, interpreter and run."""
