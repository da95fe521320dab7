"""What can be done: one file for each verb family. A mutation calls a service and writes nothing itself."""
