"""The embedded server against real processes, real signals and a real disk; nothing is mocked."""
