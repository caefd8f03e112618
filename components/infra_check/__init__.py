"""Serves the candidate from a process of its own, as TensorFlow Serving would, and measures it.

``component`` is the node. ``check`` starts the process and turns its fate into an ``outcome``;
``probe`` is what runs in it: ``servable`` holds the model, ``grpc_server`` and ``rest`` are the two
ways to it, ``client`` asks by both, ``checks`` judges the answers, and ``report`` brings them back.
"""
