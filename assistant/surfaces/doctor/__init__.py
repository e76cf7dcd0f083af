"""What `assistant doctor` examines, a module each: settings in, findings out, nothing changed.

No module here loads a library that takes seconds, and nothing is asked of a network.
"""
