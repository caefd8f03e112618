"""Who calls ``pipeline.node.run_node``, and when: a file for each scheduler.

``local`` calls it for all nodes in one process. A runner does the same four things: it has
``pipeline.preflight`` check, compiles the pipeline (``pipeline.compiled``), runs the nodes in the
order that ``CompiledNode.upstream`` asks for, and merges the records of the nodes
(``pipeline.state.node_records``) into the summary.
"""
