"""The commands of `duluan`, one module a subject; importing this package registers them all."""
