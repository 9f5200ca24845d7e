"""What both kinds of Spark program share: the driver's side, sessions, tasks, readers, what is broadcast."""
