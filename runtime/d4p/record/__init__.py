"""What a driver writes of its run while it is on: a folder of plain files that anything can read (`d4p help runs`)."""
