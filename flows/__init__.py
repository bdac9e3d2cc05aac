"""Prefect over DVC's graph: its stages side by side, on GPU workers, on a schedule, over several hosts.

`dvc.yaml` stays the only graph and DVC the only cache: a flow asks DVC what is out of date, lets DVC run it, and
itself remembers nothing. Nothing here imports TensorFlow.
"""
