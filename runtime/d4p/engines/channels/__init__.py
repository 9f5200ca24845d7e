"""Channels of engines whose instances live side by side: items in parcels, large buffers apart, bounded in bytes."""
