"""Serves the candidate from a process of its own, as TensorFlow Serving would, and measures it.

``component`` is the node. ``subprocess_check`` starts the process and makes an ``outcome`` of how
it ends. ``probe`` is what runs in it: ``servable`` holds the model, ``grpc_server`` and ``rest``
are the two ways to it, ``client`` asks by both, ``checks`` judges the answers, and ``report``
brings the results back.
"""
