"""What a run and a model leave behind for others to read, as typed records.

``summary`` has all of a run, and ``card`` the part of it that is about the model; both consist of
the records in the other files. The node that knows a value fills it in, the runner what it alone
knows: seconds and memory.
"""
